#!/usr/bin/env python3
"""Write the workflow for any number of followers.

Usage: generate.py FOLLOWERS FILE
"""

import sys
from pathlib import Path


def job(number: int, name: str, words: list[str], uses: list[str]) -> list[str]:
    """Return the lines of one job; uses are `lfn type` with `out` for what is delivered."""
    lines = [f"  - type: job\n    id: ID{number:07d}\n    name: {name}"]
    lines.append(f"    arguments: [{', '.join(words)}]\n    uses:")
    for use in uses:
        lfn, kind = use.split()
        more = f", stageOut: {str(kind == 'out').lower()}" if kind != "input" else ""
        lines.append(
            f"      - {{ lfn: {lfn}, type: {'input' if kind == 'input' else 'output'}{more} }}"
        )
    return lines


def main() -> None:
    """Write one leader, and followers that read its list."""
    count = int(sys.argv[1])
    digits = max(2, len(str(count - 1)))
    lines = ['pegasus: "5.0.4"\nname: leader-follower\njobs:']
    lines += job(1, "lead", [f'"{count}"', "work.txt"], ["work.txt output"])
    for number in range(count):
        target = f"done.{number:0{digits}d}"
        uses = ["work.txt input", f"{target} out"]
        lines += job(number + 2, "follow", ["work.txt", target], uses)
    # Who reads what whom wrote comes after it: there is no need to say so again.
    Path(sys.argv[2]).write_text("\n".join(lines) + "\n")


main()

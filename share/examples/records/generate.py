#!/usr/bin/env python3
"""Write a workflow of three stages over records that are divided among children.

Usage: generate.py IDS CHILDREN FILE

Child i of a stage needs only child i of the stage before: make -> mix -> sum.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="records">
"""


def job(id: str, name: str, words: list[str], source: str, target: str, kept: bool) -> str:
    """Return one job element."""
    uses = f'    <uses name="{source}" link="input"/>\n' if source else ""
    transfer = str(kept).lower()
    return (
        f'  <job id="{id}" name="{name}">\n'
        f"    <argument>{' '.join(words)}</argument>\n{uses}"
        f'    <uses name="{target}" link="output" transfer="{transfer}"/>\n  </job>\n'
    )


def jobs(ids: int, children: int) -> Iterator[str]:
    """Yield the jobs, stage after stage."""
    firsts = [ids * child // children for child in range(children + 1)]
    for child in range(children):
        first, count = firsts[child], firsts[child + 1] - firsts[child]
        words = ["make", str(first), str(count), f"made.{child}"]
        yield job(f"make{child}", "make", words, "", f"made.{child}", False)
    for child in range(children):
        words = ["mix", f"made.{child}", f"mixed.{child}"]
        yield job(f"mix{child}", "mix", words, f"made.{child}", f"mixed.{child}", False)
    for child in range(children):
        words = ["sum", f"mixed.{child}", f"sum.{child}"]
        yield job(f"sum{child}", "sum", words, f"mixed.{child}", f"sum.{child}", True)


def main() -> None:
    """Write the workflow; edges follow from who reads what whom wrote."""
    ids, children = int(sys.argv[1]), int(sys.argv[2])
    if not 1 <= children <= ids:
        sys.exit("CHILDREN must be at least 1, and IDS at least as many")
    with Path(sys.argv[3]).open("w", encoding="utf-8") as file:
        file.write(HEAD)
        file.writelines(jobs(ids, children))
        file.write("</adag>\n")


main()

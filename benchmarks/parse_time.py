"""Measure the two workflow parsers, as multiples of the bare readers on the same file.

Usage: parse_time.py [--tasks N] [--repeat N]

Prints one JSON object a format. Each measurement is a process of its own; medians are taken of
the seconds, the largest of the memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TIMED = """
import resource, sys, time
{imports}
start = time.perf_counter()
with open(sys.argv[1], "rb") as stream:
    {action}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - start, peak)
"""
ACTIONS = {
    ".dax": (
        ("from lxml import etree", "for _ in etree.iterparse(stream): pass"),
        ("from pegbatch.parse.dax_xml import parse_dax", "parse_dax(stream, 'f', {})"),
    ),
    ".yml": (
        ("import yaml", "for _ in yaml.parse(stream, Loader=yaml.CLoader): pass"),
        (
            "from pegbatch.parse.workflow_yaml import parse_workflow",
            "parse_workflow(stream, 'f', {})",
        ),
    ),
}


def timed(imports: str, action: str, workflow: Path) -> tuple[float, float]:
    """Return seconds and MiB of one action on the file, in a process of its own."""
    program = TIMED.format(imports=imports, action=action)
    command = [sys.executable, "-c", program, str(workflow)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, mebibytes = output.split()
    return float(seconds), float(mebibytes)


def measure(suffix: str, tasks: int, repeat: int, folder: Path) -> dict[str, float | str]:
    """Time reader and parser in turn on a generated file."""
    workflow = folder / f"two-level{suffix}"
    generate = [sys.executable, str(HERE / "generate_workflow.py"), "--tasks", str(tasks)]
    subprocess.run([*generate, str(workflow)], check=True)
    bare, parsed = ACTIONS[suffix]
    pairs = [(timed(*bare, workflow), timed(*parsed, workflow)) for _ in range(repeat)]
    bare_seconds = statistics.median(pair[0][0] for pair in pairs)
    parse_seconds = statistics.median(pair[1][0] for pair in pairs)
    return {
        "format": suffix,
        "tasks": tasks,
        "file_mib": round(workflow.stat().st_size / 2**20, 1),
        "bare_seconds": round(bare_seconds, 2),
        "parse_seconds": round(parse_seconds, 2),
        "multiple": round(parse_seconds / bare_seconds, 2),
        "peak_rss_mib": round(max(pair[1][1] for pair in pairs)),
    }


def main() -> None:
    """Measure both formats and print."""
    parser = argparse.ArgumentParser(description="Measure the workflow parsers.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ACTIONS:
            print(json.dumps(measure(suffix, options.tasks, options.repeat, Path(folder))))


if __name__ == "__main__":
    main()

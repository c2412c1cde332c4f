"""Measure planning, as a multiple of a bare XML reader on the same file in the same run.

Usage: plan_time.py [--tasks N] [--repeat N] [--workflow FILE]

Prints one JSON object, and a row for the table in README.md. Both times are medians; planning is
timed from the start of its process to its end, the reader inside its process, so that what Python
takes to start counts against us alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
READER = """
import sys, time
from lxml import etree
start = time.perf_counter()
for _ in etree.iterparse(sys.argv[1]):
    pass
print(time.perf_counter() - start)
"""


@dataclass(frozen=True, slots=True)
class Planning:
    """What one `pegbatch plan` took."""

    seconds: float
    peak_rss_mib: float


def read_bare(workflow: Path) -> float:
    """Return the seconds that a bare iterparse of the file takes, in a process of its own."""
    command = [sys.executable, "-c", READER, str(workflow)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(result.stdout)


def plan(workflow: Path, base: Path) -> Planning:
    """Plan the file in a process of its own."""
    command = [sys.executable, "-m", "pegbatch", "plan", "--no-catalogs", "--json"]
    command += ["--dir", str(base), str(workflow)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=base)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"pegbatch plan ended with exit code {process.returncode}")
    return Planning(seconds, usage.ru_maxrss / 1024)


def generate(tasks: int, folder: Path) -> Path:
    """Write a workflow of two levels."""
    workflow = folder / f"two-level-{tasks}.dax"
    command = [sys.executable, str(HERE / "generate_workflow.py")]
    subprocess.run([*command, "--tasks", str(tasks), str(workflow)], check=True)
    return workflow


def measure(workflow: Path, tasks: int, repeat: int, base: Path) -> dict[str, float]:
    """Time both in turn, so that a busy machine burdens them alike, and take medians."""
    readings, plannings = [], []
    for _ in range(repeat):
        readings.append(read_bare(workflow))
        plannings.append(plan(workflow, base))
    reading = statistics.median(readings)
    planning = statistics.median(one.seconds for one in plannings)
    return {
        "tasks": tasks,
        "file_mib": round(workflow.stat().st_size / 2**20, 1),
        "repeat": repeat,
        "iterparse_seconds": round(reading, 3),
        "plan_seconds": round(planning, 3),
        "multiple": round(planning / reading, 2),
        "peak_rss_mib": round(max(one.peak_rss_mib for one in plannings)),
    }


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description="Measure planning against a bare XML reader.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workflow", type=Path, help="plan this DAX file instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        workflow = options.workflow or generate(options.tasks, base)
        row = measure(workflow.resolve(), options.tasks, options.repeat, base)
    print(json.dumps(row))
    print("| tasks | file, MiB | iterparse, s | plan, s | multiple | peak RSS, MiB |")
    keys = ("tasks", "file_mib", "iterparse_seconds", "plan_seconds", "multiple", "peak_rss_mib")
    print("| " + " | ".join(str(row[key]) for key in keys) + " |")


if __name__ == "__main__":
    main()

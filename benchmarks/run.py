"""Run the benchmarks: `python -m benchmarks.run [--quick] [--list] [NAME ...]`.

Prints each row as it is known, writes results.json, and puts the table into README.md. Where only
some are run, the rows of the others stay as they were; `--table` only writes the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.children_time import children_rows
from benchmarks.plan_time import plan_rows
from benchmarks.rows import Benchmark, Row
from benchmarks.submission import submission_rows
from benchmarks.worker_bag import bag_rows
from benchmarks.worker_large_files import large_rows
from benchmarks.worker_start import start_rows

BENCHMARKS: dict[str, Benchmark] = {
    "plan": plan_rows,
    "submission": submission_rows,
    "bag": bag_rows,
    "large-files": large_rows,
    "start": start_rows,
    "children": children_rows,
}
"""By name. A benchmark is a function that takes `quick` and yields rows; add yours here."""

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
README = HERE / "README.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
HEAD = ("benchmark", "size", "value", "floor", "unit", "ratio", "bound", "kept")


def main() -> None:
    """Run what the command line names, or everything."""
    parser = argparse.ArgumentParser(description="Run the benchmarks.")
    parser.add_argument("--quick", action="store_true", help="small sizes; the tables stay")
    parser.add_argument("--list", action="store_true", help="name the benchmarks, run none")
    parser.add_argument("--table", action="store_true", help="write the table anew, run none")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}")
    if options.list:
        print("\n".join(BENCHMARKS))
        return
    if options.table:
        _keep({})
        return
    measured = {name: _run(name, options.quick) for name in options.names or BENCHMARKS}
    if not options.quick:
        _keep(measured)


def _run(name: str, quick: bool) -> list[dict[str, Any]]:
    rows = []
    for row in BENCHMARKS[name](quick):
        print("  ".join(_cells(name, row.to_json())), flush=True)
        rows.append(row.to_json())
    return rows


def _keep(measured: Mapping[str, list[dict[str, Any]]]) -> None:
    """Write JSON and table; what was not measured this time stays."""
    before = json.loads(RESULTS.read_text())["benchmarks"] if RESULTS.exists() else {}
    merged = {**before, **measured}
    ordered = {name: merged[name] for name in BENCHMARKS if name in merged}
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    RESULTS.write_text(json.dumps({"machine": machine, "benchmarks": ordered}, indent=1) + "\n")
    before_table, _, rest = README.read_text().partition(BEGIN)
    after_table = rest.partition(END)[2]
    README.write_text(f"{before_table}{BEGIN}{_table(ordered)}{END}{after_table}")


def _table(benchmarks: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    for name, rows in benchmarks.items():
        lines += [f"| {' | '.join(_cells(name, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cells(name: str, row: Mapping[str, Any]) -> list[str]:
    fields = {key: row[key] for key in ("name", "size", "value", "unit", "floor", "bound")}
    kept = {True: "yes", False: "no", None: ""}[Row(**fields).is_kept]
    numbers = {key: _number(row[key]) for key in ("size", "value", "floor", "ratio", "bound")}
    return [
        f"{name}: {row['name']}",
        numbers["size"],
        numbers["value"],
        numbers["floor"],
        row["unit"],
        numbers["ratio"],
        numbers["bound"],
        kept,
    ]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


if __name__ == "__main__":
    main()

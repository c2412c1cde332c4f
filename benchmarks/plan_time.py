"""Measure planning, as a multiple of a bare reader of the same file in the same run.

Usage: python -m benchmarks.plan_time [--tasks N] [--shape SHAPE] [--yaml] [--repeat N] [FILE]

Planning is a process of its own, timed from its start to its end; the reader is timed inside its
process, so that what Python takes to start counts against us alone. Both take turns, so that a
busy machine burdens them alike, and the least of each counts: of seconds (another process may
have had the processor meanwhile) and of processor seconds (nobody else's work is in them).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.generate_workflow import SHAPES, write_workflow
from benchmarks.rows import Row
from benchmarks.taken import ROOT, Taken, least, memory_row, rows_of, run, run_printing

READERS = {
    ".dax": """
from lxml import etree
for _, element in etree.iterparse(sys.argv[1], events=("end",), tag=("{*}job", "{*}child")):
    element.clear()
""",
    ".yml": """
import yaml
with open(sys.argv[1], "rb") as stream:
    for _ in yaml.parse(stream, Loader=yaml.CSafeLoader):
        pass
""",
}
TIMED = """
import sys, time
import lxml.etree, yaml
start, used = time.perf_counter(), time.process_time()
{reader}
print(time.perf_counter() - start, time.process_time() - used)
"""
OPTIONS = {"chain": ("--cluster", "chain"), "runtimes": ("-Dpegbatch.array.by=auto",)}
"""What a shape is planned with."""

OTHERS = [shape for shape in SHAPES if shape != "two-level"]
REPEAT = 3

MEMORY_BOUNDS = {100_000: 400, 1_000_000: 3072}
BYTES_BOUND = 150
TIME_BOUNDS = {(".dax", 100_000): 7.0, (".dax", 1_000_000): 8.0, (".yml", 100_000): 4.0}
OTHER_SHAPES_BOUND = 10.0
GROWTH_BOUND = 11.0


class Planned(NamedTuple):
    """What planning took, and what it left."""

    taken: Taken
    bytes_on_disk: int


def read_bare(workflow: Path) -> Taken:
    """Read the file with nothing around, in a process of its own."""
    program = TIMED.format(reader=READERS[workflow.suffix])
    command = [sys.executable, "-c", program, str(workflow)]
    seconds, cpu_seconds = run_printing(command, os.environ, ROOT)[1].split()
    return Taken(float(seconds), float(cpu_seconds))


def plan(workflow: Path, options: Sequence[str]) -> Planned:
    """Plan the file in a process of its own; what that starts counts, too."""
    with tempfile.TemporaryDirectory(dir=workflow.parent) as folder:
        command = [sys.executable, "-m", "pegbatch", "plan", "--no-catalogs", "--json", *options]
        command += ["--dir", folder, str(workflow)]
        return Planned(run(command, os.environ, ROOT), _disk(Path(folder)))


def _disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(workflow: Path, options: Sequence[str], repeat: int) -> tuple[Taken, Planned]:
    """Return what the bare reader and planning took, in turn, at least."""
    pairs = [(read_bare(workflow), plan(workflow, options)) for _ in range(repeat)]
    planned = Planned(least(pair[1].taken for pair in pairs), pairs[0][1].bytes_on_disk)
    return least(pair[0] for pair in pairs), planned


def measure_shape(
    shape: str, tasks: int, suffix: str, repeat: int, folder: Path
) -> tuple[Taken, Planned]:
    """Write a workflow and measure it."""
    workflow = folder / f"{shape}-{tasks}{suffix}"
    write_workflow(workflow, tasks, shape)
    try:
        return measure(workflow, OPTIONS.get(shape, ()), repeat)
    finally:
        workflow.unlink()


def shape_rows(shape: str, tasks: int, suffix: str, bare: Taken, planned: Planned) -> Iterator[Row]:
    """Yield the rows of one workflow."""
    name = f"{shape}{' YAML' if suffix == '.yml' else ''}"
    is_main = shape == "two-level"
    bound = TIME_BOUNDS.get((suffix, tasks)) if is_main else OTHER_SHAPES_BOUND
    yield from rows_of(name, tasks, planned.taken, bare, bound)
    yield memory_row(name, tasks, planned.taken, MEMORY_BOUNDS.get(tasks) if is_main else None)
    bound = BYTES_BOUND if is_main else None
    each = planned.bytes_on_disk / tasks
    yield Row(name=f"{name}, on disk", size=tasks, value=each, unit="bytes/task", bound=bound)


def plan_rows(quick: bool) -> Iterator[Row]:
    """Measure the shapes, and how two levels grow tenfold."""
    tasks, repeat = (2_000, 1) if quick else (100_000, REPEAT)
    shapes = [("two-level", ".dax"), ("two-level", ".yml"), *((one, ".dax") for one in OTHERS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {}
        for shape, suffix in shapes:
            measured[shape, suffix] = measure_shape(shape, tasks, suffix, repeat, folder)
            yield from shape_rows(shape, tasks, suffix, *measured[shape, suffix])
        large = measure_shape("two-level", 10 * tasks, ".dax", 1, folder)
        yield from shape_rows("two-level", 10 * tasks, ".dax", *large)
        yield Row(
            name="two-level, growth",
            size=10 * tasks,
            value=large[1].taken.cpu_seconds,
            unit="CPU s",
            floor=measured["two-level", ".dax"][1].taken.cpu_seconds,
            bound=GROWTH_BOUND,
        )


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description="Measure planning against a bare reader.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, default="two-level")
    parser.add_argument("--yaml", action="store_true", help="write YAML instead of XML")
    parser.add_argument("--repeat", type=int, default=REPEAT)
    parser.add_argument("workflow", type=Path, nargs="?", help="plan this file instead")
    options = parser.parse_args()
    suffix = ".yml" if options.yaml else ".dax"
    with tempfile.TemporaryDirectory() as folder:
        if options.workflow:
            suffix = options.workflow.suffix
            taken = measure(options.workflow.resolve(), (), options.repeat)
        else:
            taken = measure_shape(
                options.shape, options.tasks, suffix, options.repeat, Path(folder)
            )
    for row in shape_rows(options.shape, options.tasks, suffix, *taken):
        print(json.dumps(row.to_json()))


if __name__ == "__main__":
    main()

"""Write a workflow of two levels, as DAX XML or as Pegasus 5 YAML, for measuring.

Usage: generate_workflow.py [--tasks N] FILE        (YAML where FILE ends in .yml or .yaml)

The first half of the tasks reads one file each, the second half two: one of its own and the
output of its partner in the first half. Every task writes one file, and every edge is explicit.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

XML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="two-level-{tasks}">
"""
YAML_HEAD = """pegasus: "5.0"
name: two-level-{tasks}
jobs:
"""


def as_xml(tasks: int) -> Iterator[str]:
    """Write the DAX piece by piece."""
    half = tasks // 2
    yield XML_HEAD.format(tasks=tasks)
    for task in range(tasks):
        yield _xml_job(task, half)
    for child in range(half, 2 * half):
        yield f'  <child ref="ID{child:07}">\n    <parent ref="ID{child - half:07}"/>\n  </child>\n'
    yield "</adag>\n"


def as_yaml(tasks: int) -> Iterator[str]:
    """Write the YAML as PyYAML lays it out, piece by piece."""
    half = tasks // 2
    yield YAML_HEAD.format(tasks=tasks)
    for task in range(tasks):
        yield _yaml_job(task, half)
    if half:
        yield "jobDependencies:\n"
    for parent in range(half):
        yield f"- id: ID{parent:07}\n  children:\n  - ID{parent + half:07}\n"


def _inputs(task: int, half: int) -> list[str]:
    own = f"in.{task:07}"
    return [own] if task < half or task >= 2 * half else [own, f"out.{task - half:07}"]


def _name(task: int, half: int) -> str:
    return "split" if task < half else "join"


def _xml_job(task: int, half: int) -> str:
    inputs = _inputs(task, half)
    named = " ".join(f'<file name="{lfn}"/>' for lfn in inputs)
    uses = "".join(f'    <uses name="{lfn}" link="input"/>\n' for lfn in inputs)
    return (
        f'  <job id="ID{task:07}" namespace="bench" name="{_name(task, half)}" version="1.0">\n'
        f'    <argument>-i {named} -o <file name="out.{task:07}"/></argument>\n'
        f"{uses}"
        f'    <uses name="out.{task:07}" link="output" register="false" transfer="true"/>\n'
        "  </job>\n"
    )


def _yaml_job(task: int, half: int) -> str:
    inputs = _inputs(task, half)
    arguments = "".join(f"  - {word}\n" for word in ("-i", *inputs, "-o", f"out.{task:07}"))
    uses = "".join(f"  - lfn: {lfn}\n    type: input\n" for lfn in inputs)
    return (
        f"- type: job\n  namespace: bench\n  version: '1.0'\n  name: {_name(task, half)}\n"
        f"  id: ID{task:07}\n  arguments:\n{arguments}  uses:\n{uses}"
        f"  - lfn: out.{task:07}\n    type: output\n    stageOut: true\n"
        "    registerReplica: false\n"
    )


def main() -> None:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(description="Write a workflow of two levels.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    write = as_yaml if options.file.suffix in (".yml", ".yaml") else as_xml
    with options.file.open("w", encoding="utf-8") as stream:
        stream.writelines(write(options.tasks))


if __name__ == "__main__":
    main()

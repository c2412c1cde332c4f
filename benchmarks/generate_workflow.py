"""Write a workflow of one of several shapes, as DAX XML or as Pegasus 5 YAML, for measuring.

Usage: generate_workflow.py [--tasks N] [--shape SHAPE] FILE   (YAML where FILE ends in .yml)

Every task has one output, and every edge is explicit. The shapes:

two-level        half of the tasks read one file, half two: one more from a task of the first half
chain            chains of 1,000 tasks, each reading the file of the one before
fan-in           one task reads what all others write
random           each task reads what five earlier ones write, drawn at random (always the same)
transformations  two levels of 10,000 transformations
shared           all tasks read the same 20 files
runtimes         two levels; each task has a `runtime` and an `env` profile of its own
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

CHAIN_LENGTH = 1_000
TRANSFORMATIONS = 10_000
SHARED_FILES = 20
RANDOM_EDGES = 5

XML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="{name}">
"""
YAML_HEAD = """pegasus: "5.0"
name: {name}
jobs:
"""


class Job(NamedTuple):
    """One task: the files from outside that it reads, and the tasks whose outputs it reads."""

    name: str
    outside: tuple[str, ...]
    parents: tuple[int, ...] = ()
    runtime: float | None = None


def two_level(tasks: int) -> Iterator[Job]:
    """Yield as many readers of one file as of two."""
    half = tasks // 2
    for task in range(tasks):
        reads = (task - half,) if half <= task < 2 * half else ()
        yield Job("join" if reads else "split", (f"in.{task:07}",), reads)


def chain(tasks: int) -> Iterator[Job]:
    """Yield chain after chain."""
    for task in range(tasks):
        first = task % CHAIN_LENGTH == 0
        yield Job("step", (f"in.{task:07}",) if first else (), () if first else (task - 1,))


def fan_in(tasks: int) -> Iterator[Job]:
    """Yield the makers, then the reader."""
    for task in range(tasks - 1):
        yield Job("make", (f"in.{task:07}",))
    yield Job("gather", (), tuple(range(tasks - 1)))


def random_dag(tasks: int) -> Iterator[Job]:
    """Yield tasks with edges from anywhere before them."""
    draw = random.Random(5)
    for task in range(tasks):
        drawn = {draw.randrange(task) for _ in range(RANDOM_EDGES)} if task else set[int]()
        yield Job("mix", () if drawn else ("in",), tuple(sorted(drawn)))


def transformations(tasks: int) -> Iterator[Job]:
    """Yield two levels in which each task in turn has another name."""
    for task, job in enumerate(two_level(tasks)):
        yield job._replace(name=f"{job.name}{task % TRANSFORMATIONS}")


def shared(tasks: int) -> Iterator[Job]:
    """Yield tasks that differ in nothing but their output."""
    files = tuple(f"reference.{number}" for number in range(SHARED_FILES))
    return (Job("compare", files) for _ in range(tasks))


def runtimes(tasks: int) -> Iterator[Job]:
    """Yield two levels in which no two tasks have the same profiles."""
    for task, job in enumerate(two_level(tasks)):
        yield job._replace(runtime=1 + task / 1000)


SHAPES: dict[str, Callable[[int], Iterator[Job]]] = {
    "two-level": two_level,
    "chain": chain,
    "fan-in": fan_in,
    "random": random_dag,
    "transformations": transformations,
    "shared": shared,
    "runtimes": runtimes,
}


def as_xml(name: str, jobs: Iterator[Job]) -> Iterator[str]:
    """Write the DAX piece by piece."""
    yield XML_HEAD.format(name=name)
    edges = []
    for task, job in enumerate(jobs):
        yield _xml_job(task, job)
        if job.parents:
            edges.append((task, job.parents))
    for task, parents in edges:
        refs = "".join(f'    <parent ref="ID{parent:07}"/>\n' for parent in parents)
        yield f'  <child ref="ID{task:07}">\n{refs}  </child>\n'
    yield "</adag>\n"


def as_yaml(name: str, jobs: Iterator[Job]) -> Iterator[str]:
    """Write the YAML as PyYAML lays it out, piece by piece."""
    yield YAML_HEAD.format(name=name)
    children: dict[int, list[int]] = {}
    for task, job in enumerate(jobs):
        yield _yaml_job(task, job)
        for parent in job.parents:
            children.setdefault(parent, []).append(task)
    if children:
        yield "jobDependencies:\n"
    for parent, ids in children.items():
        yield f"- id: ID{parent:07}\n  children:\n"
        yield from (f"  - ID{child:07}\n" for child in ids)


def _inputs(job: Job) -> list[str]:
    return [*job.outside, *(f"out.{parent:07}" for parent in job.parents)]


def _xml_job(task: int, job: Job) -> str:
    inputs = _inputs(job)
    named = " ".join(f'<file name="{lfn}"/>' for lfn in inputs)
    uses = "".join(f'    <uses name="{lfn}" link="input"/>\n' for lfn in inputs)
    return (
        f'  <job id="ID{task:07}" namespace="bench" name="{job.name}" version="1.0">\n'
        f'    <argument>-i {named} -o <file name="out.{task:07}"/></argument>\n'
        f"{_xml_profiles(task, job)}{uses}"
        f'    <uses name="out.{task:07}" link="output" register="false" transfer="true"/>\n'
        "  </job>\n"
    )


def _xml_profiles(task: int, job: Job) -> str:
    if job.runtime is None:
        return ""
    return (
        f'    <profile namespace="pegasus" key="runtime">{job.runtime}</profile>\n'
        f'    <profile namespace="env" key="TASK">{task}</profile>\n'
    )


def _yaml_job(task: int, job: Job) -> str:
    inputs = _inputs(job)
    arguments = "".join(f"  - {word}\n" for word in ("-i", *inputs, "-o", f"out.{task:07}"))
    uses = "".join(f"  - lfn: {lfn}\n    type: input\n" for lfn in inputs)
    return (
        f"- type: job\n  namespace: bench\n  version: '1.0'\n  name: {job.name}\n"
        f"  id: ID{task:07}\n  arguments:\n{arguments}  uses:\n{uses}"
        f"  - lfn: out.{task:07}\n    type: output\n    stageOut: true\n"
        f"    registerReplica: false\n{_yaml_profiles(task, job)}"
    )


def _yaml_profiles(task: int, job: Job) -> str:
    if job.runtime is None:
        return ""
    return (
        f"  profiles:\n    pegasus:\n      runtime: '{job.runtime}'\n"
        f"    env:\n      TASK: '{task}'\n"
    )


def write_workflow(file: Path, tasks: int, shape: str) -> None:
    """Write a workflow, as YAML where the file's name says so."""
    write = as_yaml if file.suffix in (".yml", ".yaml") else as_xml
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(write(f"{shape}-{tasks}", SHAPES[shape](tasks)))


def main() -> None:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(description="Write a workflow for measuring.")
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, default="two-level")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    write_workflow(options.file, options.tasks, options.shape)


if __name__ == "__main__":
    main()

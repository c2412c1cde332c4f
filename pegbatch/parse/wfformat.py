"""WfFormat traces (WfCommons) as workflows: what ran, how long, on which files.

A trace has no catalogs and no command that could be run again as it is, so it is looked at and
played, never run.
Source: WfCommons, WfFormat schema 1.2 to 1.6 (specification and execution apart from 1.5 on).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pegbatch.errors import InputError
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import INPUT, OUTPUT, TransformationName, Workflow
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.json_files import as_mapping, as_sequence, load_json, wfformat_tasks

_NUMBER = re.compile(r"_(ID)?\d+$")
"""What the id of a task adds to the name of its program."""


def parse_wfformat(data: bytes, source: str) -> Workflow:
    """Read a trace.

    Shapes: runtimes, cores and memory become the profiles `runtime`, `cores` and `memory`.
    Errors: InputError where it is malformed, has no list of tasks, or a task has no id.
    """
    document = as_mapping(load_json(data, source)[0])
    tasks = wfformat_tasks(document, source)
    execution = as_mapping(as_mapping(document.get("workflow")).get("execution"))
    ran = {_id(row): row for row in map(as_mapping, as_sequence(execution.get("tasks")))}
    builder = WorkflowBuilder(source, "wfformat-json")
    builder.name = str(document.get("name", ""))
    builder.version = str(document.get("schemaVersion", ""))
    by_name = _names(tasks)
    for number, task in enumerate(tasks, 1):
        identifier = _id(task)
        if not identifier:
            raise InputError(f"task {number} has no id", where=source, hint="give each task an id")
        _add_task(builder, identifier, task, {**task, **ran.pop(identifier, {})})
    if ran:
        builder.warn_once(
            "ran",
            0,
            f"{len(ran):,} of the tasks that ran are not in the specification, such as "
            f"{min(ran)!r}; they are passed over",
        )
    for task in tasks:
        identifier = _id(task)
        for parent in as_sequence(task.get("parents")):
            builder.add_edge(by_name.get(str(parent), str(parent)), identifier, 0)
        for child in as_sequence(task.get("children")):
            builder.add_edge(identifier, by_name.get(str(child), str(child)), 0)
    return builder.finish()


def _id(task: Mapping[str, Any]) -> str:
    """Return what a task is known by: older traces have names alone. Empty where it has neither."""
    known = (task.get(key) for key in ("id", "name"))
    return next((str(one) for one in known if one is not None and one != ""), "")


def _names(tasks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return ids by name: older traces name parents so. A name that is an id stays one."""
    ids = set(map(_id, tasks))
    return {
        str(task["name"]): _id(task)
        for task in tasks
        if "name" in task and str(task["name"]) not in ids
    }


def _add_task(
    builder: WorkflowBuilder, identifier: str, task: Mapping[str, Any], ran: Mapping[str, Any]
) -> None:
    command = as_mapping(ran.get("command"))
    name = str(command.get("program") or ran.get("program") or "")
    if not name:
        name = _NUMBER.sub("", str(task.get("name") or identifier))
    builder.add_task(
        identifier,
        0,
        TransformationName("", name.rpartition("/")[2] or "task", ""),
        "",
        tuple(_profiles(ran)),
        (None, None, None),
        tuple(dict(_uses(task)).items()),
    )


def _profiles(ran: Mapping[str, Any]) -> Iterator[Profile]:
    runtime = _number(ran.get("runtimeInSeconds", ran.get("runtime")))
    if runtime is not None:
        yield Profile("pegasus", "runtime", repr(max(0.0, runtime)))
    cores = _number(ran.get("coreCount", ran.get("cores")))
    if cores is not None and cores > 1:
        yield Profile("pegasus", "cores", str(round(cores)))
    memory = _number(ran.get("memoryInBytes"))
    if memory is not None and memory > 0:
        yield Profile("pegasus", "memory", str(max(1, round(memory / (1 << 20)))))


def _number(value: object) -> float | None:
    """Return a number; None for what is none, or no finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _uses(task: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the files of a task, outputs first: a file that is both counts as an input."""
    rows = [as_mapping(row) for row in as_sequence(task.get("files"))]
    old = [(str(row.get("name", row.get("id", ""))), row.get("link")) for row in rows]
    yield from ((str(lfn), OUTPUT) for lfn in as_sequence(task.get("outputFiles")))
    yield from ((lfn, OUTPUT) for lfn, link in old if link == "output")
    yield from ((str(lfn), INPUT) for lfn in as_sequence(task.get("inputFiles")))
    yield from ((lfn, INPUT) for lfn, link in old if link == "input")

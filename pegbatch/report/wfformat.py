"""A run as an instance of WfFormat 1.5, which wfcommons and workflow simulators read.

It is written piece by piece: an instance may have a million tasks.
Source: WfCommons, WfFormat schema 1.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import orjson

from pegbatch.model.history import Execution, History
from pegbatch.model.plain import plain_line
from pegbatch.model.trace import Trace, TracedTask

SCHEMA_VERSION = "1.5"
_UNFIT = re.compile(r"[^0-9a-zA-Z_.-]")
"""Not allowed in ids of tasks and files, where others name them."""
_MIB = 1 << 20


def wfformat_pieces(trace: Trace) -> Iterator[str]:
    """Yield the JSON text of the instance.

    Shapes: all tasks of the plan stand in the specification, those that have succeeded in the
    execution; without any of these there is no execution.
    """
    tasks = _Ids(task.id for task in trace.tasks())
    files = _Ids(lfn for task in trace.tasks() for lfn in chain(task.inputs, task.outputs))
    history = trace.history
    yield _head(trace)
    yield '"workflow": {"specification": {"tasks": [\n'
    yield from _separated(_specified(trace, tasks, files))
    yield '\n], "files": [\n'
    yield from _separated(
        {"id": identifier, "sizeInBytes": trace.sizes.get(lfn, 0)}
        for lfn, identifier in files.by_name.items()
    )
    yield "\n]}"
    if any(one.state == "succeeded" for one in history.newest.values()):
        yield ',\n"execution": '
        yield from _execution(trace, tasks)
    yield "}}\n"


class _Ids:
    """Ids that the schema allows, one for each name: its own where it is allowed."""

    def __init__(self, names: Iterable[str]) -> None:
        self.by_name: dict[str, str] = dict.fromkeys(names, "")
        taken = {name for name in self.by_name if name and not _UNFIT.search(name)}
        for name in self.by_name:
            self.by_name[name] = name if name in taken else _free(name, taken)

    def __getitem__(self, name: str) -> str:
        return self.by_name[name]


def _free(name: str, taken: set[str]) -> str:
    """Return an id like a name, and take it."""
    plain = _UNFIT.sub("_", name) or "_"
    candidate, number = plain, 1
    while candidate in taken:
        number += 1
        candidate = f"{plain}-{number}"
    taken.add(candidate)
    return candidate


def _head(trace: Trace) -> str:
    head = {
        "name": trace.history.status.workflow or "workflow",
        "description": "Run by pegbatch on AWS Batch",
        "createdAt": _time(trace.created),
        "schemaVersion": SCHEMA_VERSION,
        "runtimeSystem": {"name": "pegbatch", "version": trace.version},
    }
    return _json(head)[:-1] + ",\n"


def _specified(trace: Trace, tasks: _Ids, files: _Ids) -> Iterator[dict[str, Any]]:
    ids = list(tasks.by_name.values())
    for number, task in enumerate(trace.tasks()):
        identifier = tasks[task.id]
        yield {
            # The part before the first underscore is what wfcommons takes for the type of a task.
            "name": f"{_UNFIT.sub('_', task.transformation) or 'task'}_{identifier}",
            "id": identifier,
            "parents": [ids[parent] for parent in trace.parents(number)],
            "children": [ids[child] for child in trace.children(number)],
            "inputFiles": _once(task.inputs, files),
            "outputFiles": _once(task.outputs, files),
        }


def _once(lfns: Iterable[str], files: _Ids) -> list[str]:
    return [files[lfn] for lfn in dict.fromkeys(lfns)]


def _execution(trace: Trace, tasks: _Ids) -> Iterator[str]:
    history = trace.history
    head = {
        "makespanInSeconds": round(trace.makespan_seconds, 6),
        "executedAt": _time(history.started or trace.created),
    }
    yield _json(head)[:-1] + ', "tasks": [\n'
    hosts = {
        (one.array, one.bag, one.try_, one.attempt): plain_line(one.host)
        for one in history.attempts
        if one.host
    }
    vcpus = {job.name: job.resources.vcpus for job in history.jobs}
    yield from _separated(_executed(trace, tasks, hosts, vcpus))
    machines = sorted(set(hosts.values()))
    named = ", ".join(_json({"nodeName": machine}) for machine in machines)
    yield f'\n], "machines": [{named}]}}' if machines else "\n]}"


def _executed(
    trace: Trace,
    tasks: _Ids,
    hosts: Mapping[tuple[str, int, int, int], str],
    vcpus: Mapping[str, int],
) -> Iterator[dict[str, Any]]:
    history = trace.history
    for task in trace.tasks():
        newest = history.newest.get(task.id)
        if newest is not None and newest.state == "succeeded":
            host = hosts.get((newest.array, newest.bag, newest.try_, newest.attempt))
            yield {
                "id": tasks[task.id],
                "runtimeInSeconds": round(newest.seconds, 6),
                "executedAt": _time(newest.start),
                **_command(task),
                "coreCount": _cores(history, task.id, vcpus),
                **_measured(newest),
                **({"machines": [host]} if host else {}),
            }


def _cores(history: History, task_id: str, vcpus: Mapping[str, int]) -> int:
    planned = history.tasks[task_id]
    return max(1, planned.cores or vcpus.get(planned.array, 1))


def _command(task: TracedTask) -> dict[str, Any]:
    """Return program and arguments; the schema has no empty ones."""
    if not task.argv or not task.argv[0]:
        return {}
    arguments = [word for word in task.argv[1:] if word]
    return {"command": {"program": task.transformation or task.argv[0], "arguments": arguments}}


def _measured(newest: Execution) -> dict[str, Any]:
    known: dict[str, Any] = {"writtenBytes": newest.bytes_out}
    if newest.bytes_in is not None:
        known["readBytes"] = newest.bytes_in
    if newest.max_rss_mib is not None:
        known["memoryInBytes"] = round(newest.max_rss_mib * _MIB)
    if newest.cpu_seconds is not None and newest.seconds > 0:
        known["avgCPU"] = round(100 * newest.cpu_seconds / newest.seconds, 3)
    return known


def _separated(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    between = ""
    for row in rows:
        yield between + _json(row)
        between = ",\n"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""Bags and their index: what a child reads to know its tasks (docs/formats.md).

An array's bags lie in one file of gzip members, each of one or several bags; the index has one
fixed-width line a child, `bag offset length` of the member that holds its bag, so that child i
needs two ranged reads whatever the size of the array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pegbatch.model.hooks import Hooks, hooks_from_json

INDEX_LINE_BYTES = 37
"""10 digits, space, 14 digits, space, 10 digits, newline."""


class IndexLine(NamedTuple):
    """Line i of an index: which bag child i runs, and where it lies."""

    bag: int
    offset: int
    """Of the gzip member in the bags file, bytes."""
    length: int
    """Of the gzip member, bytes."""


def format_index_line(line: IndexLine) -> bytes:
    """Return the line as INDEX_LINE_BYTES bytes.

    Errors: ValueError where a number has more digits than its column.
    """
    text = b"%010d %014d %010d\n" % line
    if len(text) != INDEX_LINE_BYTES:
        raise ValueError(f"index line out of range: {line}")
    return text


def parse_index_line(text: bytes) -> IndexLine:
    """Read one line of an index.

    Errors: ValueError where it is not one.
    """
    if len(text) != INDEX_LINE_BYTES or not text.endswith(b"\n"):
        raise ValueError(f"not an index line: {text!r}")
    bag, offset, length = text.split()
    return IndexLine(int(bag), int(offset), int(length))


class FileUse(NamedTuple):
    """One file of a task: an input to fetch or an output to put.

    A tuple, since a plan may have a million of them.
    """

    lfn: str
    url: str
    """Without a scheme: relative to the run's URL."""
    sha256: str | None = None
    """Inputs: the checksum known at planning."""
    optional: bool = False
    executable: bool = False
    """Inputs: gets its x bit."""
    deliver: tuple[str, ...] = ()
    """Outputs: further URLs that get a copy (the output site, where `url` is in the run)."""
    others: tuple[str, ...] = ()
    """Inputs: `or`, URLs that are tried in this order where `url` cannot be had."""


@dataclass(frozen=True, slots=True)
class ParentTask:
    """A parent that no required file ties to the task: looked up by its records."""

    array: str
    bag: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubWorkflowLine:
    """What a task is told that plans and runs a workflow of its own."""

    file: str
    """LFN of the workflow's file, which is among the task's inputs."""
    options: str
    """Of `pegasus-plan`, as the job has them."""
    inputs: tuple[FileUse, ...]
    """That tasks of that workflow may read; the task itself does not fetch them."""
    outputs: tuple[FileUse, ...]
    """That tasks of that workflow put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One line of a bags file: everything the worker knows of a task."""

    bag: int
    id: str
    name: str
    transformation: str
    cluster: str
    index: int
    """PEGBATCH_TASK_INDEX."""
    argv: tuple[str, ...]
    """Empty for a transfer: no program runs, inputs are put as outputs of the same LFN."""
    inputs: tuple[FileUse, ...]
    outputs: tuple[FileUse, ...]
    after: tuple[ParentTask, ...]
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    """LFNs, relative to the task's directory."""
    env: Mapping[str, str]
    tries: int
    """1 + dagman.retry: executions that may fail before the failure is final."""
    timeout_seconds: int | None = None
    """maxwalltime, enforced by the worker."""
    cores: int | None = None
    """vCPUs of the bag that the task takes while others run beside it; None: it runs alone."""
    bag_cores: int = 1
    """vCPUs of the bag, where tasks run side by side."""
    strict: bool = False
    """Skipped once a task of its cluster has failed."""
    checkpoints: tuple[FileUse, ...] = ()
    """Fetched before the task where they are there, saved where it does not succeed."""
    checkpoint_seconds: int | None = None
    """checkpoint.time: when the task is told to write them."""
    failure_message: str = ""
    """exitcode.failuremsg: a regular expression, looked for in each line of the output."""
    success_message: str = ""
    """exitcode.successmsg, likewise."""
    hooks: Hooks = ()
    sub_workflow: SubWorkflowLine | None = None


class TaskFiles(NamedTuple):
    """What a line of a bags file says of the files that the run itself keeps."""

    bag: int
    id: str
    inputs: tuple[str, ...]
    """URLs relative to the run's URL, optional ones included."""
    outputs: tuple[str, ...]
    """The same."""
    optional: frozenset[str]
    """Those of the outputs that the task need not make."""
    elsewhere: tuple[str, ...] = ()
    """URLs outside of the run at which it puts outputs."""


def uses_of_line(data: Mapping[str, Any], what: Literal["inputs", "outputs"]) -> list[Any]:
    """Return the file uses of a line of a bags file; of a sub-workflow's task also those that its
    tasks read and put in its place.

    Errors: KeyError, TypeError where the line is not ours.
    """
    return [*data[what], *data.get("sub_workflow", _NOT_NESTED)[what]]


_NOT_NESTED: Mapping[str, Any] = {"inputs": (), "outputs": ()}


def task_files_from_json(data: Mapping[str, Any]) -> TaskFiles:
    """Read one line of a bags file.

    Errors: as task_from_json.
    """
    outputs = uses_of_line(data, "outputs")
    inputs = (use["url"] for use in uses_of_line(data, "inputs"))
    return TaskFiles(
        bag=data["bag"],
        id=data["id"],
        inputs=tuple(url for url in inputs if "://" not in url),
        outputs=tuple(use["url"] for use in outputs if "://" not in use["url"]),
        optional=frozenset(use["url"] for use in outputs if use.get("optional")),
        elsewhere=tuple(
            url for use in outputs for url in (use["url"], *use.get("deliver", ())) if "://" in url
        ),
    )


def task_from_json(data: Mapping[str, Any]) -> TaskLine:
    """Read one line of a bags file; keys left out have their defaults.

    Errors: KeyError, TypeError where a required part is missing (the bags file is not ours).
    """
    return TaskLine(
        bag=data["bag"],
        id=data["id"],
        name=data["name"],
        transformation=data["transformation"],
        cluster=data["cluster"],
        index=data["index"],
        argv=tuple(data["argv"]),
        inputs=_file_uses(data["inputs"]),
        outputs=_file_uses(data["outputs"]),
        after=tuple(ParentTask(p["array"], p["bag"], p["id"]) for p in data["after"]),
        stdin=data.get("stdin"),
        stdout=data.get("stdout"),
        stderr=data.get("stderr"),
        env=data.get("env", {}),
        tries=data.get("tries", 1),
        timeout_seconds=data.get("timeout_seconds"),
        cores=data.get("cores"),
        bag_cores=data.get("bag_cores", 1),
        strict=data.get("strict", False),
        checkpoints=_file_uses(data.get("checkpoints", ())),
        checkpoint_seconds=data.get("checkpoint_seconds"),
        failure_message=data.get("failure_message", ""),
        success_message=data.get("success_message", ""),
        hooks=hooks_from_json(data.get("hooks", ())),
        sub_workflow=_sub_workflow(data.get("sub_workflow")),
    )


def _sub_workflow(data: Mapping[str, Any] | None) -> SubWorkflowLine | None:
    if data is None:
        return None
    return SubWorkflowLine(
        file=data["file"],
        options=data["options"],
        inputs=_file_uses(data["inputs"]),
        outputs=_file_uses(data["outputs"]),
    )


def _file_uses(rows: Iterable[Mapping[str, Any]]) -> tuple[FileUse, ...]:
    return tuple(
        FileUse(
            lfn=row["lfn"],
            url=row["url"],
            sha256=row.get("sha256"),
            optional=row.get("optional", False),
            executable=row.get("executable", False),
            deliver=tuple(row.get("deliver", ())),
            others=tuple(row.get("or", ())),
        )
        for row in rows
    )

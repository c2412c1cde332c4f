"""A history as columns of equal length, which data frames are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, TypeAlias, get_args

from pegbatch.model.history import History

TableName: TypeAlias = Literal["executions", "attempts", "tasks"]
TABLES: tuple[TableName, ...] = get_args(TableName)
Kind: TypeAlias = Literal["text", "whole", "number", "truth", "time"]
"""`time`: in seconds since the epoch."""
_WHOLE = ("level", "bag", "try", "attempt", "exit_code", "signal", "files_out")
_NUMBERS = ("seconds", "cpu_seconds", "max_rss_mib", "waited_seconds", "expected_seconds")
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys((*_WHOLE, "bytes_in", "bytes_out"), "whole"),
    **dict.fromkeys(_NUMBERS, "number"),
    **dict.fromkeys(("start", "end"), "time"),
    "counts": "truth",
}
"""Of the columns that are not text."""
_PLACE = ("array", "bag", "try", "attempt")
_TAKEN = ("cpu_seconds", "max_rss_mib", "bytes_in", "bytes_out", "files_out")
_ATTRIBUTES = {"task": "id", "try": "try_", "expected_seconds": "runtime_seconds"}
"""Of the columns that are named otherwise."""

Columns: TypeAlias = Mapping[str, Sequence[Any]]


def history_columns(history: History, table: TableName) -> Columns:
    """Return one table of a history.

    Shapes: a row an execution, an attempt or a task, in the order of the history; unknown values
    are None.
    """
    return _MAKERS[table](history)


def _executions(history: History) -> Columns:
    rows = history.executions
    tasks, levels = history.tasks, _levels(history)
    return {
        **_told(rows, "task"),
        "transformation": [
            tasks[one.id].transformation if one.id in tasks else None for one in rows
        ],
        "level": [levels.get(one.array) for one in rows],
        **_told(rows, *_PLACE, "state"),
        "counts": [history.newest.get(one.id) is one for one in rows],
        **_told(rows, "reason", "exit_code", "signal", "start", "end", "seconds", *_TAKEN),
    }


def _attempts(history: History) -> Columns:
    rows, levels = history.attempts, _levels(history)
    return {
        "level": [levels.get(one.array) for one in rows],
        **_told(rows, *_PLACE, "state", "reason", "exit_code", "host", "start", "end"),
        "seconds": [None if one.end is None else one.seconds for one in rows],
        **_told(rows, "waited_seconds"),
    }


def _tasks(history: History) -> Columns:
    rows, levels = history.tasks.values(), _levels(history)
    newest = [history.newest.get(task.id) for task in rows]
    return {
        **_told(rows, "task", "transformation"),
        "level": [levels.get(task.array) for task in rows],
        **_told(rows, "array", "bag", "cluster", "expected_seconds"),
        "state": list(history.states.values()),
        "seconds": [None if one is None else one.seconds for one in newest],
        "reason": ["" if one is None else one.reason for one in newest],
    }


def _told(rows: Collection[Any], *names: str) -> dict[str, Sequence[Any]]:
    """Return columns that the rows have as attributes, under these or their own names."""
    told = {name: attrgetter(_ATTRIBUTES.get(name, name)) for name in names}
    return {name: [value(one) for one in rows] for name, value in told.items()}


def _levels(history: History) -> Mapping[str, int | None]:
    return {job.name: job.level for job in history.jobs}


_MAKERS: Mapping[TableName, Callable[[History], Columns]] = {
    "executions": _executions,
    "attempts": _attempts,
    "tasks": _tasks,
}

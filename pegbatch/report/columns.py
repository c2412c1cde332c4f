"""A history as columns of equal length, which data frames are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from pegbatch.model.history import History
from pegbatch.model.task_states import task_states

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
        "task": [one.id for one in rows],
        "transformation": [
            tasks[one.id].transformation if one.id in tasks else None for one in rows
        ],
        "level": [levels.get(one.array) for one in rows],
        **_places(rows),
        "state": [one.state for one in rows],
        "counts": [history.newest.get(one.id) is one for one in rows],
        "reason": [one.reason for one in rows],
        "exit_code": [one.exit_code for one in rows],
        "signal": [one.signal for one in rows],
        "start": [one.start for one in rows],
        "end": [one.end for one in rows],
        "seconds": [one.seconds for one in rows],
        "cpu_seconds": [one.cpu_seconds for one in rows],
        "max_rss_mib": [one.max_rss_mib for one in rows],
        "bytes_in": [one.bytes_in for one in rows],
        "bytes_out": [one.bytes_out for one in rows],
        "files_out": [one.files_out for one in rows],
    }


def _attempts(history: History) -> Columns:
    rows, levels = history.attempts, _levels(history)
    return {
        "level": [levels.get(one.array) for one in rows],
        **_places(rows),
        "state": [one.state for one in rows],
        "reason": [one.reason for one in rows],
        "exit_code": [one.exit_code for one in rows],
        "host": [one.host for one in rows],
        "start": [one.start for one in rows],
        "end": [one.end for one in rows],
        "seconds": [None if one.end is None else one.seconds for one in rows],
        "waited_seconds": [one.waited_seconds for one in rows],
    }


def _tasks(history: History) -> Columns:
    rows, levels = history.tasks.values(), _levels(history)
    newest = [history.newest.get(task.id) for task in rows]
    return {
        "task": [task.id for task in rows],
        "transformation": [task.transformation for task in rows],
        "level": [levels.get(task.array) for task in rows],
        "array": [task.array for task in rows],
        "bag": [task.bag for task in rows],
        "cluster": [task.cluster for task in rows],
        "expected_seconds": [task.runtime_seconds for task in rows],
        "state": list(task_states(history).values()),
        "seconds": [None if one is None else one.seconds for one in newest],
        "reason": ["" if one is None else one.reason for one in newest],
    }


def _places(rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    return {
        "array": [one.array for one in rows],
        "bag": [one.bag for one in rows],
        "try": [one.try_ for one in rows],
        "attempt": [one.attempt for one in rows],
    }


def _levels(history: History) -> Mapping[str, int | None]:
    return {job.name: job.level for job in history.jobs}


_MAKERS: Mapping[TableName, Callable[[History], Columns]] = {
    "executions": _executions,
    "attempts": _attempts,
    "tasks": _tasks,
}

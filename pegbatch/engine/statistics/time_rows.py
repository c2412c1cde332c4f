"""Pegasus's `time`: what began on each day or in each hour, over all hosts and by host."""

from __future__ import annotations

from pegbatch.engine.statistics.invocations import AttemptKey, invocations, key_of, run_of
from pegbatch.model.history import History
from pegbatch.model.statistics import TimeRow

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600

_Rows = dict[tuple[int, str], list[float]]
"""By number of the span and host: jobs, their seconds, tasks, their seconds."""


def time_rows(
    history: History, *, span_seconds: int
) -> tuple[tuple[TimeRow, ...], tuple[TimeRow, ...]]:
    """Return the rows of all hosts together and those by host, each oldest first.

    Units: spans begin at midnight or at full hours, UTC.
    """
    by_host: _Rows = {}
    hosts: dict[AttemptKey, str] = {}
    for attempt in history.attempts:
        hosts[key_of(attempt)] = attempt.host
        if attempt.start is not None:
            row = _row(by_host, int(attempt.start // span_seconds), attempt.host)
            row[0] += 1
            row[1] += attempt.seconds
    for execution, _ in invocations(history):
        host = hosts.get(run_of(execution), "")
        row = _row(by_host, int(execution.start // span_seconds), host)
        row[2] += 1
        row[3] += execution.seconds
    return _finished(_together(by_host), span_seconds), _finished(by_host, span_seconds)


def _row(rows: _Rows, span: int, host: str) -> list[float]:
    return rows.setdefault((span, host), [0, 0.0, 0, 0.0])


def _together(by_host: _Rows) -> _Rows:
    rows: _Rows = {}
    for (span, _), row in by_host.items():
        together = _row(rows, span, "")
        for place, number in enumerate(row):
            together[place] += number
    return rows


def _finished(rows: _Rows, span_seconds: int) -> tuple[TimeRow, ...]:
    return tuple(
        TimeRow(
            start=float(span * span_seconds),
            host=host,
            jobs=int(row[0]),
            job_seconds=row[1],
            tasks=int(row[2]),
            task_seconds=row[3],
        )
        for (span, host), row in sorted(rows.items())
    )

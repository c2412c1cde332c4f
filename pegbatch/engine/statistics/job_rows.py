"""Pegasus's `jobs`: a row for each attempt at a child."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.engine.statistics.invocations import AttemptKey, invocations, key_of, run_of
from pegbatch.model.history import ChildAttempt, Execution, History
from pegbatch.model.statistics import JobRow


def job_rows(history: History) -> Iterator[JobRow]:
    """Yield the attempts in the order of the history, each with what ran in it."""
    contents: dict[AttemptKey, _Content] = {}
    for execution, _ in invocations(history):
        key = run_of(execution)
        content = contents.get(key)
        if content is None:
            content = contents[key] = _Content()
        content.add(execution)
    empty = _Content()
    for attempt in history.attempts:
        yield _row(attempt, contents.get(key_of(attempt), empty))


class _Content:
    """What ran in one attempt."""

    __slots__ = ("cpu_seconds", "failed", "seconds", "tasks")

    def __init__(self) -> None:
        self.tasks = 0
        self.failed = 0
        self.seconds = 0.0
        self.cpu_seconds: float | None = None

    def add(self, execution: Execution) -> None:
        self.tasks += 1
        self.failed += execution.state == "failed"
        self.seconds += execution.seconds
        if execution.cpu_seconds is not None:
            self.cpu_seconds = (self.cpu_seconds or 0.0) + execution.cpu_seconds


def _row(attempt: ChildAttempt, content: _Content) -> JobRow:
    return JobRow(
        array=attempt.array,
        child=attempt.bag,
        try_=attempt.try_,
        attempt=attempt.attempt,
        state=attempt.state,
        host=attempt.host,
        start=attempt.start,
        wait_seconds=attempt.waited_seconds,
        runtime_seconds=attempt.seconds,
        task_seconds=content.seconds,
        cpu_seconds=content.cpu_seconds,
        tasks=content.tasks,
        failed_tasks=content.failed,
        exit_code=attempt.exit_code,
        reason=attempt.reason,
    )

"""Tasks that were lost with their child: it ended, left no record of them, and does not come again.

A child that was skipped, or ended by the cancel of the run, has not lost its tasks: these have not
run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.counting import is_skip
from pegbatch.model.history import ChildAttempt, Execution, PlannedTask
from pegbatch.model.plan import Job
from pegbatch.model.run_status import RunStatus

_OF_A_CANCEL = (None, 75, 137, 143)
"""Exit codes of a child that was told to end: by itself, or after SIGKILL or SIGTERM."""
_SILENT = ("Essential container", "ended by SIGTERM")
"""Reasons that say no more than that, Batch's and the worker's."""


def find_lost_tasks(
    status: RunStatus,
    jobs: Sequence[Job],
    tasks: Mapping[str, PlannedTask],
    newest: Mapping[str, Execution],
    attempts: Sequence[ChildAttempt],
) -> dict[str, ChildAttempt]:
    """Return the attempts with which tasks were lost, by task, in plan order.

    Shapes: attempts at one bag oldest first; of a task with an older record the loss counts. Lost
    children of transfers come last, as `array:bag`: what each should have brought is not known.
    """
    allowed = {job.name: job.attempts for job in jobs}
    last = {(one.array, one.bag): one for one in attempts}
    lost = {
        key: one for key, one in last.items() if _is_final(one, allowed.get(one.array, 0), status)
    }
    if not lost:
        return {}
    with_tasks = {job.name for job in jobs if job.kind == "compute"}
    transfers = {
        f"{array}:{bag}": one
        for (array, bag), one in lost.items()
        if array not in with_tasks and one.state == "lost"
    }
    return {**dict(_without_record(tasks, newest, lost)), **transfers}


def _without_record(
    tasks: Mapping[str, PlannedTask],
    newest: Mapping[str, Execution],
    lost: Mapping[tuple[str, int], ChildAttempt],
) -> Iterator[tuple[str, ChildAttempt]]:
    for task in tasks.values():
        attempt = lost.get((task.array, task.bag))
        if attempt is not None and not _is_told(newest.get(task.id), attempt):
            yield task.id, attempt


def _is_told(record: Execution | None, attempt: ChildAttempt) -> bool:
    """Say whether a task has succeeded, or its record is of the lost attempt itself or a later."""
    if record is None:
        return False
    same_or_later = (record.try_, record.attempt) >= (attempt.try_, attempt.attempt)
    return record.state == "succeeded" or same_or_later


def _is_final(attempt: ChildAttempt, allowed: int, status: RunStatus) -> bool:
    """Say whether a child was lost for good: it had begun, and Batch does not start it again."""
    if attempt.state not in ("lost", "failed") or is_skip(attempt.reason):
        return False
    if _was_cancelled(attempt, status):
        return False
    may_come_again = attempt.exit_code in (None, 75) and attempt.attempt < allowed
    return status.is_over or not may_come_again


def _was_cancelled(attempt: ChildAttempt, status: RunStatus) -> bool:
    """Say whether it was the cancel of the run that ended a child."""
    if attempt.reason.startswith(CANCEL_REASON):
        return True
    is_of_it = status.state == "cancelled" and attempt.try_ == status.number
    is_silent = not attempt.reason or attempt.reason.startswith(_SILENT)
    return is_of_it and is_silent and attempt.exit_code in _OF_A_CANCEL

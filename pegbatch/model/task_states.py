"""How each task of a run stands, in one word: for drawings, tables and explanations alike."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pegbatch.model.history import ChildAttempt, Execution, History, PlannedTask

TaskStanding: TypeAlias = Literal["failed", "running", "skipped", "waiting", "succeeded"]
"""From the one that matters most in a crowd to the one that matters least."""


def task_states(history: History) -> dict[str, TaskStanding]:
    """Return the state of each task of the plan.

    Shapes: a task that is being run again is running; one that was lost with its child has failed;
    one that waits for another start of its child waits; what never ran was skipped once the run
    is over. Of a run that succeeded every task did, also where its record is gone.
    """
    latest = {(one.array, one.bag): one for one in history.attempts}
    return {
        id_: _state(history, task, latest.get((task.array, task.bag)))
        for id_, task in history.tasks.items()
    }


def _state(history: History, task: PlannedTask, latest: ChildAttempt | None) -> TaskStanding:
    newest = history.newest.get(task.id)
    if newest is not None and newest.state == "succeeded":
        return "succeeded"
    if task.id in history.lost:
        return "failed"
    if latest is not None and latest.state == "running" and not _is_behind(latest, newest):
        return "running"
    if newest is not None and newest.state != "undone":
        return "failed" if newest.state == "failed" else "skipped"
    if history.status.state == "succeeded":
        # Its record is gone; the verdict has seen it.
        return "succeeded"
    return "skipped" if history.status.is_over else "waiting"


def _is_behind(attempt: ChildAttempt, newest: Execution | None) -> bool:
    """Say whether an attempt is past the task already."""
    if newest is None:
        return False
    return (newest.try_, newest.attempt) >= (attempt.try_, attempt.attempt)

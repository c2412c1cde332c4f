"""What all folds over a history agree on: which executions are invocations, and which count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from pegbatch.model.history import ChildAttempt, Execution, History, PlannedTask

AttemptKey: TypeAlias = tuple[str, int, int, int]
"""Array, bag, try, attempt."""


def invocations(history: History) -> Iterator[tuple[Execution, PlannedTask]]:
    """Yield what ran, with its task: successes and failures of tasks of the workflow.

    Shapes: nothing was started for a task that was skipped, nor for one that was undone. What a
    sub-workflow ran are the tasks of its own run; its planner only waited for them.
    """
    tasks, planners = history.tasks, history.nested
    for execution in history.executions:
        if execution.state in ("succeeded", "failed") and execution.id not in planners:
            task = tasks.get(execution.id)
            if task is not None:
                yield execution, task


def counts(history: History, execution: Execution) -> bool:
    """Say whether an execution is the success that counts for its task."""
    if execution.state != "succeeded":
        return False
    newest = history.newest.get(execution.id)
    if newest is execution:
        return True
    return newest is not None and run_of(newest) == run_of(execution)


def run_of(execution: Execution) -> AttemptKey:
    """Return the attempt that an execution is part of."""
    return (execution.array, execution.bag, execution.try_, execution.attempt)


def key_of(attempt: ChildAttempt) -> AttemptKey:
    """Return what names an attempt."""
    return (attempt.array, attempt.bag, attempt.try_, attempt.attempt)

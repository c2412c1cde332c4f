"""Counting the tasks of a run in DAGMan's words."""

from __future__ import annotations

from collections.abc import Iterable

from pegbatch.model.dag import DagCounts, DagState
from pegbatch.model.plan import Job
from pegbatch.model.run_status import RunStatus, TaskCounts

_READY = ("RUNNABLE", "STARTING")
_STATES: dict[str, DagState] = {
    "succeeded": "Success",
    "failed": "Failure",
    "cancelled": "Failure",
}
_VERDICT = TaskCounts(total=1)


def count_dag(status: RunStatus, jobs: Iterable[Job], *, settled: bool) -> DagCounts:
    """Return the tasks of a run as DAGMan would count them.

    Shapes: settled says that a run that has ended is wholly over, its outputs fetched. Until then
    it is `Running`, and not all of it is done: who waits for it wants its outputs.
    """
    tasks = status.tasks if status.tasks.total else _VERDICT
    state = _STATES.get(status.state, "Running") if settled else "Running"
    done = tasks.total if state == "Success" else min(tasks.succeeded, tasks.total)
    post = int(state == "Running" and done == tasks.total)
    left = tasks.total - done
    failed = min(tasks.failed, left)
    queued = min(tasks.running, left - failed)
    waiting = left - failed - queued
    ready = min(_ready_tasks(status, jobs), tasks.waiting, waiting)
    return DagCounts(
        total=tasks.total,
        done=done - post,
        queued=queued,
        post=post,
        ready=ready,
        unready=waiting - ready,
        failed=failed,
        state=state,
    )


def _ready_tasks(status: RunStatus, jobs: Iterable[Job]) -> int:
    """Return about how many tasks are in children that wait for a machine alone."""
    children = {
        array.name: sum(array.children.get(word, 0) for word in _READY) for array in status.arrays
    }
    return sum(
        children.get(job.name, 0) * job.tasks // job.size for job in jobs if job.kind == "compute"
    )

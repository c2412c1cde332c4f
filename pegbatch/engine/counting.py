"""From children of arrays to tasks: what succeeded, failed, was skipped, runs and waits.

Batch counts children. A child that succeeded has run its bag to the end, and a failure mark says
how many of the bag's tasks failed or were skipped. A child that failed for Batch was reclaimed,
or could not start, or lost a dependency; the loop's last look tells these apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pegbatch.engine.array_states import ArrayState
from pegbatch.model.marks import Mark
from pegbatch.model.plan import Job
from pegbatch.model.run_status import TaskCounts

ACTIVE = ("STARTING", "RUNNING")


@dataclass(frozen=True, slots=True)
class LostChildren:
    """Children that Batch let fail and that left no mark."""

    failed: int = 0
    """Started, or should have been."""
    skipped: int = 0
    """Never started: a dependency failed, or the run was cancelled."""
    done_in_failed: int = 0
    """Tasks that those children had recorded as succeeded before they were lost."""
    done_in_skipped: int = 0
    tasks_in_failed: int | None = None
    """Tasks in the bags of those children; None where they are guessed from the number of bags."""
    tasks_in_skipped: int | None = None


def settled_children(array: ArrayState, size: int) -> Mapping[str, int]:
    """Return the children by status, made to fit the array's own state.

    Shapes: the counts of an ended array add up to its size (statusSummary lags behind).
    Source: AWS Batch, DescribeJobs arrayProperties.statusSummaryLastUpdatedAt.
    """
    if array.status == "SUCCEEDED":
        return {"SUCCEEDED": size}
    if array.status == "FAILED":
        succeeded = min(array.children.get("SUCCEEDED", 0), size - 1)
        counts = {"SUCCEEDED": succeeded, "FAILED": size - succeeded}
        return {status: count for status, count in counts.items() if count}
    if not array.children and array.status:
        return {array.status: size}
    return dict(array.children)


def guess_lost(array: ArrayState, lost: int) -> LostChildren:
    """Tell failed from skipped by the array's own reason, where its children were not asked."""
    return LostChildren(skipped=lost) if is_skip(array.reason) else LostChildren(failed=lost)


def is_skip(reason: str) -> bool:
    """Say whether a statusReason means: never started, since a dependency failed.

    Source: observed strings, "Dependent Job failed".
    """
    return "depend" in reason.lower()


def count_lost(children: Mapping[str, int], marks: Mapping[int, Mark], *, stop: bool) -> int:
    """Return how many failed children left no mark.

    Shapes: under `on_failure = stop` a child with a mark fails for Batch; else it succeeds.
    """
    failed = children.get("FAILED", 0)
    return max(0, failed - len(marks)) if stop else failed


def count_tasks(
    job: Job,
    children: Mapping[str, int],
    marks: Mapping[int, Mark],
    lost: LostChildren,
    *,
    ended: bool,
) -> TaskCounts:
    """Return the tasks of one compute job by state, children scaled to tasks.

    Shapes: the parts add up to job.tasks; where each bag has one task they are exact. What a lost
    child had recorded as succeeded counts as that, the rest of its bag as the child. With ended
    (of the run) nothing waits any more: what never ran was skipped.
    """
    marked_failed = sum(mark.failed for mark in marks.values())
    marked_skipped = sum(mark.skipped for mark in marks.values())
    lost_failed, lost_skipped = _lost_tasks(job, lost)
    done_children = (
        children.get("SUCCEEDED", 0) + children.get("FAILED", 0) - lost.failed - lost.skipped
    )
    running_children = sum(children.get(status, 0) for status in ACTIVE)
    rest = job.tasks - lost_failed - lost_skipped
    done, running = _scale(
        rest, job.size - lost.failed - lost.skipped, (done_children, running_children)
    )
    failed = min(done, marked_failed)
    skipped = min(done - failed, marked_skipped)
    waiting = rest - done - running
    rescued = min(lost_failed, lost.done_in_failed)
    spared = min(lost_skipped, lost.done_in_skipped)
    return TaskCounts(
        total=job.tasks,
        succeeded=done - failed - skipped + rescued + spared,
        failed=failed + lost_failed - rescued,
        skipped=skipped + lost_skipped - spared + (waiting if ended else 0),
        running=running,
        waiting=0 if ended else waiting,
    )


def _lost_tasks(job: Job, lost: LostChildren) -> tuple[int, int]:
    """Return the tasks of lost children, failed and skipped."""
    if lost.tasks_in_failed is not None and lost.tasks_in_skipped is not None:
        return lost.tasks_in_failed, lost.tasks_in_skipped
    failed, skipped = _scale(job.tasks, job.size, (lost.failed, lost.skipped))
    return failed, skipped


def _scale(all_tasks: int, size: int, parts: Iterable[int]) -> tuple[int, ...]:
    """Turn numbers of children into numbers of tasks, rounding the running total."""
    tasks: list[int] = []
    seen = placed = 0
    for part in parts:
        seen = min(seen + max(part, 0), max(size, 0))
        upto = (all_tasks * seen + size // 2) // size if seen else 0
        tasks.append(upto - placed)
        placed = upto
    return tuple(tasks)

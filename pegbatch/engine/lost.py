"""Lost children: those that failed for Batch and left no failure mark.

Reclaimed once too often, an image that is gone, a dependency that failed, a cancel. What a lost
child had recorded before it was lost is done all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pegbatch.engine.bag_sizes import read_bag_sizes
from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.counting import (
    LostChildren,
    Mark,
    Marks,
    count_lost,
    guess_lost,
    is_skip,
    settled_children,
)
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.past_records import bags_with_records, newest_records
from pegbatch.engine.state import ArrayState, RunState
from pegbatch.engine.status import stops
from pegbatch.model.plan import Job, Plan
from pegbatch.model.records import TaskState
from pegbatch.ports import JobService, ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LostChild:
    """A child that failed for Batch and left no failure mark."""

    array: str
    bag: int
    state: TaskState
    reason: str
    exit_code: int | None


def find_lost(
    jobs: JobService, store: ObjectStore, plan: Plan, state: RunState, marks: Marks
) -> tuple[Mapping[str, LostChildren], tuple[LostChild, ...]]:
    """Ask Batch for the failed children of every failed compute array, and the store for records.

    Shapes: counts by array, and the children themselves in plan order; one ListJobs page per
    1,000 failed children, one LIST an array that lost some, one GET a records file of a lost bag,
    and those of the bags' sizes where bags differ; nothing where no array failed.
    """
    counts: dict[str, LostChildren] = {}
    children: list[LostChild] = []
    for job in plan.jobs:
        array = state.arrays[job.name]
        if job.kind != "compute" or array.status != "FAILED":
            continue
        marked = marks.get(job.name, {}) if stops(plan) else {}
        found = list(_lost_of(jobs, job, array, marked, state.cancelling))
        children.extend(found)
        done = _count_done(store, state.run_url, job.name, found)
        tally = _tally(job, array, found, done, marks.get(job.name, {}), stops(plan))
        counts[job.name] = _weigh(store, state.run_url, job, found, tally)
    return counts, tuple(children)


def _lost_of(
    jobs: JobService, job: Job, array: ArrayState, marked: Mapping[int, Mark], cancelling: bool
) -> Iterator[LostChild]:
    if array.job_id is None:
        return
    if job.size == 1:
        shown = jobs.describe([array.job_id]).values()
        failed = [(0, child.reason, child.exit_code) for child in shown]
    else:
        failed = [
            (int(child.job_id.rpartition(":")[2]), child.reason, child.exit_code)
            for child in jobs.children(array.job_id, "FAILED")
        ]
    for bag, reason, exit_code in sorted(failed, key=lambda child: child[0]):
        if bag in marked:
            continue
        ended_by_us = cancelling and (exit_code is None or reason.startswith(CANCEL_REASON))
        skipped = is_skip(reason) or ended_by_us
        yield LostChild(
            array=job.name,
            bag=bag,
            state="skipped" if skipped else "failed",
            reason=reason or array.reason,
            exit_code=exit_code,
        )


def _count_done(
    store: ObjectStore, run_url: str, array: str, lost: Iterable[LostChild]
) -> Mapping[int, int]:
    """Return by bag how many tasks of lost children had succeeded."""
    started = {child.bag for child in lost if not is_skip(child.reason)}
    if not started:
        return {}
    bags = sorted(started & bags_with_records(store, run_url, array))
    records = map_parallel(lambda bag: newest_records(store, run_url, array, bag), bags)
    return {
        bag: sum(record.state == "succeeded" for record in newest.values())
        for bag, newest in zip(bags, records, strict=True)
    }


def _tally(
    job: Job,
    array: ArrayState,
    found: list[LostChild],
    done: Mapping[int, int],
    marks: Mapping[int, Mark],
    stop: bool,
) -> LostChildren:
    """Count the children found; those that Batch did not list go by the array's reason."""
    total = count_lost(settled_children(array, job.size), marks, stop=stop)
    rest = guess_lost(array, max(0, total - len(found)))
    skipped = [child.bag for child in found if child.state == "skipped"]
    failed = [child.bag for child in found if child.state != "skipped"]
    return LostChildren(
        failed=len(failed) + rest.failed,
        skipped=len(skipped) + rest.skipped,
        done_in_failed=sum(done.get(bag, 0) for bag in failed),
        done_in_skipped=sum(done.get(bag, 0) for bag in skipped),
    )


def _weigh(
    store: ObjectStore, run_url: str, job: Job, found: list[LostChild], tally: LostChildren
) -> LostChildren:
    """Add the number of tasks where all lost children are known and their bags may differ."""
    kinds = (tally.failed, tally.skipped)
    if job.tasks == job.size or sum(kinds) != len(found) or job.size in kinds or not found:
        return tally
    sizes = read_bag_sizes(store, run_url, job.name, {child.bag for child in found})
    if not sizes:
        return tally
    skipped = sum(sizes[child.bag] for child in found if child.state == "skipped")
    return replace(tally, tasks_in_failed=sum(sizes.values()) - skipped, tasks_in_skipped=skipped)

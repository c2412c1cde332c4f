"""Lost children: those that failed for Batch and left no failure mark.

Reclaimed once too often, an image that is gone, a dependency that failed, a cancel. What a lost
child had recorded before it was lost is done all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.bag_sizes import read_bag_sizes
from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.counting import (
    LostChildren,
    count_lost,
    guess_lost,
    is_skip,
    settled_children,
)
from pegbatch.engine.history.past_records import has_records_of_try, read_newest, records_of_array
from pegbatch.engine.looking.status import stops
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState
from pegbatch.model.marks import Mark, Marks
from pegbatch.model.plan import Job, LinkType, Plan
from pegbatch.model.records import TaskRecord, TaskState
from pegbatch.model.run_status import FAILURES_SHOWN
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

    Shapes: counts by array, and the first FAILURES_SHOWN children that failed, in plan order; one
    ListJobs page per 1,000 failed children, one LIST an array that lost some, one GET a records
    file of a lost bag, and those of the bags' sizes where bags differ; of an array of which
    nothing has ever begun at most the LIST; nothing where no array failed.
    """

    def look(job: Job) -> _Lost:
        if _never_began(store, state, job):
            return _Lost(LostChildren(skipped=job.size), ())
        return _find_in(jobs, store, state, job, marks.get(job.name, {}), stop=stops(plan))

    counts: dict[str, LostChildren] = {}
    children: list[LostChild] = []
    failed = [
        job
        for job in state.current.jobs
        if job.kind == "compute" and state.arrays[job.name].status == "FAILED"
    ]
    for job, lost in zip(failed, map_parallel(look, failed), strict=True):
        counts[job.name] = lost.counts
        children.extend(lost.failed[: FAILURES_SHOWN - len(children)])
    return counts, tuple(children)


class _Lost(NamedTuple):
    """What one array has lost."""

    counts: LostChildren
    failed: tuple[LostChild, ...]
    """The first FAILURES_SHOWN of those that were not skipped."""


def _never_began(store: ObjectStore, state: RunState, job: Job) -> bool:
    """Say whether no child of a failed array has ever begun, without asking for each of them.

    Shapes: so it is where an array that it waits for as a whole has not succeeded, or where all
    of it still waited when the run was cancelled and none has left a record since.
    """
    arrays = state.arrays
    if arrays[job.name].children.get("SUCCEEDED"):
        return False
    needed = (link.array for link in job.depends_on if link.type is LinkType.ALL)
    if any(arrays[name].ended and arrays[name].status != "SUCCEEDED" for name in needed):
        return True
    return job.name in state.unstarted and not has_records_of_try(
        store, state.run_url, job.name, state.number
    )


def _find_in(
    jobs: JobService,
    store: ObjectStore,
    state: RunState,
    job: Job,
    marks: Mapping[int, Mark],
    *,
    stop: bool,
) -> _Lost:
    """Ask for the failed children of one array."""
    array = state.arrays[job.name]
    found = list(_lost_of(jobs, job, state, marks if stop else {}))
    done = _count_done(store, state, job.name, found)
    tally = _tally(job, array, found, done, marks, stop)
    failed = (child for child in found if child.state == "failed")
    return _Lost(
        _weigh(store, state, job, found, done, tally), tuple(islice(failed, FAILURES_SHOWN))
    )


def _lost_of(
    jobs: JobService, job: Job, state: RunState, marked: Mapping[int, Mark]
) -> Iterator[LostChild]:
    array = state.arrays[job.name]
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
    for child, reason, exit_code in sorted(failed, key=lambda child: child[0]):
        bag = state.bag(job.name, child)
        if bag in marked:
            continue
        ended_by_us = state.cancelling and (exit_code is None or reason.startswith(CANCEL_REASON))
        skipped = is_skip(reason) or ended_by_us
        yield LostChild(
            array=job.name,
            bag=bag,
            state="skipped" if skipped else "failed",
            reason=reason or array.reason,
            exit_code=exit_code,
        )


class _Done(NamedTuple):
    """Tasks of one bag that have succeeded."""

    before: int
    """In earlier tries."""
    now: int
    """In the current one."""


def _count_done(
    store: ObjectStore, state: RunState, array: str, lost: Iterable[LostChild]
) -> Mapping[int, _Done]:
    """Return by bag how many tasks of lost children had succeeded.

    Shapes: bags of children that never started are looked at in later tries alone.
    """
    asked = {child.bag for child in lost if state.number > 1 or not is_skip(child.reason)}
    if not asked:
        return {}
    files = records_of_array(store, state.run_url, array)
    bags = sorted(asked & files.keys())
    records = map_parallel(lambda bag: read_newest(store, files[bag]), bags)
    return {
        bag: _done_in(newest.values(), state.number)
        for bag, newest in zip(bags, records, strict=True)
    }


def _done_in(records: Iterable[TaskRecord], number: int) -> _Done:
    tries = [record.try_ for record in records if record.state == "succeeded"]
    return _Done(before=sum(one < number for one in tries), now=tries.count(number))


def _tally(
    job: Job,
    array: ArrayState,
    found: list[LostChild],
    done: Mapping[int, _Done],
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
        done_in_failed=sum(done[bag].now for bag in failed if bag in done),
        done_in_skipped=sum(done[bag].now for bag in skipped if bag in done),
    )


def _weigh(
    store: ObjectStore,
    state: RunState,
    job: Job,
    found: list[LostChild],
    done: Mapping[int, _Done],
    tally: LostChildren,
) -> LostChildren:
    """Add the number of tasks where all lost children are known and their bags may differ."""
    kinds = (tally.failed, tally.skipped)
    if job.tasks == job.size or sum(kinds) != len(found) or job.size in kinds or not found:
        return tally
    sizes = read_bag_sizes(store, state.run_url, job.name, {child.bag for child in found})
    if not sizes:
        return tally
    left = {bag: size - (done[bag].before if bag in done else 0) for bag, size in sizes.items()}
    skipped = sum(left[child.bag] for child in found if child.state == "skipped")
    return replace(tally, tasks_in_failed=sum(left.values()) - skipped, tasks_in_skipped=skipped)

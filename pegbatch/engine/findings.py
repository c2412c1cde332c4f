"""Looking up what the events do not say: failure marks, lost children, the summary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pegbatch.engine.counting import (
    LostChildren,
    Mark,
    Marks,
    count_lost,
    guess_lost,
    is_skip,
    read_marks,
    settled_children,
)
from pegbatch.engine.state import ArrayState, RunState
from pegbatch.engine.status import Findings, stops
from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.model.layout import FAILURES_KEY, SUMMARY_KEY, join_url
from pegbatch.model.plan import Job, Plan
from pegbatch.model.records import TaskState
from pegbatch.model.run_status import TaskCounts, counts_from_json
from pegbatch.ports import JobService, ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LostChild:
    """A child that failed for Batch and left no failure mark."""

    array: str
    bag: int
    state: TaskState
    reason: str
    exit_code: int | None


def look_up(store: ObjectStore, state: RunState) -> Findings:
    """Return what the store knows of a run: its summary once all is over, else its marks.

    Shapes: one GET or one LIST; nothing before the first upload.
    """
    if state.started is None or not state.uploaded:
        return Findings()
    tasks = read_summary_tasks(store, state.run_url) if is_over(state) else None
    if tasks is not None:
        return Findings(tasks=tasks)
    return Findings(marks=list_marks(store, state.run_url))


def is_over(state: RunState) -> bool:
    """Say whether no array of the run can change any more."""
    return state.outcome is not None or all(array.ended for array in state.arrays.values())


def list_marks(store: ObjectStore, run_url: str) -> Marks:
    """Return the failure marks of a run, from one LIST."""
    try:
        return read_marks(info.url for info in store.list(join_url(run_url, FAILURES_KEY)))
    except ObjectMissing:
        return {}


def read_summary_tasks(store: ObjectStore, run_url: str) -> TaskCounts | None:
    """Return the task counts of summary.json, or None where it is not there.

    Errors: StoreError where it is there and is not a summary.
    """
    url = join_url(run_url, SUMMARY_KEY)
    try:
        text = store.read(url)
    except ObjectMissing:
        return None
    try:
        return counts_from_json(json.loads(text)["tasks"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"not a summary: {error!r}", where=url, hint="delete it; it is written again"
        ) from error


def find_lost(
    jobs: JobService, plan: Plan, state: RunState, marks: Marks
) -> tuple[Mapping[str, LostChildren], tuple[LostChild, ...]]:
    """Ask Batch for the failed children of every failed compute array.

    Shapes: counts by array, and the children themselves in plan order; one ListJobs page per
    1,000 failed children, nothing where no array failed.
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
        counts[job.name] = _tally(job, array, found, marks.get(job.name, {}), stops(plan))
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
        skipped = is_skip(reason) or (cancelling and exit_code is None)
        yield LostChild(
            array=job.name,
            bag=bag,
            state="skipped" if skipped else "failed",
            reason=reason or array.reason,
            exit_code=exit_code,
        )


def _tally(
    job: Job, array: ArrayState, found: list[LostChild], marks: Mapping[int, Mark], stop: bool
) -> LostChildren:
    """Count the children found; those that Batch did not list go by the array's reason."""
    total = count_lost(settled_children(array, job.size), marks, stop=stop)
    rest = guess_lost(array, max(0, total - len(found)))
    skipped = sum(child.state == "skipped" for child in found)
    return LostChildren(failed=len(found) - skipped + rest.failed, skipped=skipped + rest.skipped)

"""Jobs that AWS Batch has forgotten: what became of them is told by their records.

Batch forgets a job a week after its end, and the embedded AWS forgets all when its folder is
removed. What the store holds is enough: a task has a success on record or it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pegbatch.engine.context import Context
from pegbatch.engine.findings import Summary, list_failures, marks_of_try, read_summary
from pegbatch.engine.looking.status import stops
from pegbatch.engine.missing import Known, find_missing
from pegbatch.engine.state import RunState
from pegbatch.model.plan import Job
from pegbatch.model.tries import Missing

FORGOTTEN = "AWS Batch does not know this job any more; its records tell this state"
"""The reason that such an array gets."""


def settle_forgotten(context: Context, arrays: Collection[str]) -> None:
    """Record the state of arrays that Batch does not show, as if it had told it.

    Shapes: arrays of the current try; children that left neither all successes nor a failure mark
    have failed.
    Errors: those of the store.
    """
    state, store = context.state, context.ports.store
    summary = read_summary(store, state)
    settled = _Settled(context, arrays, summary)
    for job in state.current.jobs:
        if job.name in arrays:
            settled.settle(job)


def settle_broken_off(context: Context) -> None:
    """Settle a try whose submission broke off long ago, where Batch knows none of its jobs.

    The rest of it could not be submitted: Batch refuses to wait for jobs that it does not know.
    """
    state, ports = context.state, context.ports
    sent = [array for array in state.arrays.values() if array.job_id is not None]
    newest = max((array.submitted or 0.0 for array in sent), default=ports.clock.now())
    is_fresh = ports.clock.now() - newest < context.pace.fresh_seconds
    if state.submitted or is_fresh or ports.jobs.describe([a.job_id for a in sent if a.job_id]):
        return
    settle_forgotten(context, [array.name for array in state.arrays.values() if not array.ended])


def nothing_was_tried(state: RunState) -> bool:
    """Say whether a try has failed by records, not by Batch: there was just something to learn."""
    told = any(array.reason == FORGOTTEN for array in state.arrays.values())
    return state.outcome == "failed" and told


class _Settled:
    """The arrays of one settling, in the order of the try."""

    def __init__(self, context: Context, arrays: Collection[str], summary: Summary | None) -> None:
        self._context = context
        self._summary = summary
        self._missing = {} if self._came_through else _missing(context, arrays)

    @property
    def _came_through(self) -> bool:
        """Say whether every child has ended well: else Batch had not started the verdict.

        What a client has written (it tells of levels, too) says so of a success alone.
        """
        if self._summary is None:
            return False
        if self._summary.state != "failed" or stops(self._context.plan):
            return self._summary.state == "succeeded"
        return not self._summary.levels

    @property
    def _is_success(self) -> bool:
        return self._summary is not None and self._summary.state == "succeeded"

    def settle(self, job: Job) -> None:
        """Record what became of one array."""
        failed = self._failed_children(job)
        children = {"SUCCEEDED": job.size - failed, "FAILED": failed}
        self._context.journal.put(
            "state",
            array=job.name,
            status="FAILED" if failed else "SUCCEEDED",
            reason=FORGOTTEN,
            children={status: count for status, count in children.items() if count},
        )

    def _failed_children(self, job: Job) -> int:
        if self._is_success:
            return 0
        if self._came_through and job.kind in ("compute", "stage-in", "barrier"):
            return 0
        match job.kind:
            case "compute" | "stage-in":
                bags = self._context.state.current.bags.get(job.name, range(job.size))
                missing = self._missing.get(job.name, frozenset())
                return sum(bag in missing for bag in bags)
            case "barrier":
                return int(not self._has_all(job))
            case "verdict" | "clean-up":
                return job.size  # the one has said nothing good; the other is done again

    def _has_all(self, job: Job) -> bool:
        arrays = self._context.state.arrays
        return all(arrays[link.array].status == "SUCCEEDED" for link in job.depends_on)


def _missing(context: Context, arrays: Collection[str]) -> Mapping[str, frozenset[int]]:
    """Return by array the bags that miss a success and have not said so by a mark."""
    state, store = context.state, context.ports.store
    jobs = tuple(job for job in context.plan.jobs if job.name in arrays)
    failures = list_failures(store, state.run_url)
    found: Mapping[str, Missing] = find_missing(
        store,
        state.run_url,
        replace(context.plan, jobs=jobs),
        context.read_bags,
        failures=failures,
        known=Known(number=state.number, suspects=state.current.bags),
    )
    if stops(context.plan):
        return {array: frozenset(part.bags) for array, part in found.items()}
    marks = marks_of_try(failures.marks, state.number)
    return {
        array: frozenset(part.bags).difference(marks.get(array, ()))
        for array, part in found.items()
    }

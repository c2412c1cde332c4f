"""Which bags of a run may miss a success, as log and Batch tell before any record is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.forgotten import FORGOTTEN
from pegbatch.engine.state import RunState
from pegbatch.errors import OutsideError
from pegbatch.model.plan import Plan
from pegbatch.ports import JobService


def find_suspects(
    plan: Plan, state: RunState, jobs: JobService | None
) -> Mapping[str, Collection[int]]:
    """Return by array the bags that may miss a success, besides those with a mark of this try.

    Shapes: what the newest try leaves out has succeeded. Batch is asked for the children that
    failed where some of an array did (a call a page of them), and is believed where it names as
    many as it has told of: it forgets jobs after a week. With no jobs nothing is asked.
    """
    suspects: dict[str, Collection[int]] = {}
    for job in plan.jobs:
        array = state.arrays.get(job.name)
        if array is None:
            suspects[job.name] = ()
            continue
        failed = None if jobs is None else _failed_children(jobs, array)
        if failed is not None:
            suspects[job.name] = frozenset(state.bag(job.name, child) for child in failed)
        elif job.name in state.current.bags:
            suspects[job.name] = state.current.bags[job.name]
    return suspects


def _failed_children(jobs: JobService, array: ArrayState) -> Sequence[int] | None:
    """Return the children of an array that have failed; None where nobody knows."""
    count = array.children.get("FAILED", 0)
    if array.job_id is None or array.reason == FORGOTTEN:
        return None
    if not count or not array.children.get("SUCCEEDED"):
        return None
    try:
        ids = {child.job_id for child in jobs.children(array.job_id, "FAILED")}
    except OutsideError:
        return None
    return [int(id.rpartition(":")[2]) for id in ids] if len(ids) == count else None

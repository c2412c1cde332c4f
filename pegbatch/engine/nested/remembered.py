"""The log of a nested run, told anew: its own lies with the task that drives it, and ends with it.

What the run says of itself, what AWS Batch knows of its jobs, and its summary are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pegbatch.engine.deciding import outcome_of
from pegbatch.engine.findings import Summary
from pegbatch.engine.folding import fold
from pegbatch.engine.state import RunState, new_state
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.known_run import KnownRun
from pegbatch.model.names import job_name
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import Outcome
from pegbatch.model.tries import Try, first_try
from pegbatch.ports import JobState

OUTCOMES: Mapping[str, Outcome] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""States of a summary that say that a try is over."""


def names_on_batch(plan: Plan, known: KnownRun, tries: Mapping[int, Try]) -> dict[str, _Named]:
    """Return the jobs of a run by their names on Batch: of all its tries."""
    workflow, run_hex = plan.label or plan.workflow, known.job_prefix.rpartition("-")[2]
    return {
        job_name(workflow, run_hex, one.array(job)): (one.number, job.name)
        for one in (first_try(plan), *tries.values())
        for job in one.jobs
    }


_Named = tuple[int, str]
"""Try and array."""


def common_start(names: Iterable[str]) -> str:
    """Return what names begin with, all of them; empty where there are none."""
    known = list(names)
    least, most = min(known, default=""), max(known, default="")
    pairs = enumerate(zip(least, most, strict=False))
    return least[: next((at for at, (one, other) in pairs if one != other), len(least))]


def remembered_state(plan: Plan, tries: Mapping[int, Try], events: Iterable[RunEvent]) -> RunState:
    """Return where a nested run stands, by its log."""
    return fold(new_state(plan, tries), events)


def begun_events(known: KnownRun, tries: Mapping[int, Try]) -> list[RunEvent]:
    """Return the log of a run of which nothing is known but that it has begun."""
    numbers = [1, *sorted(number for number in tries if 1 < number <= known.number)]
    return [event for number in numbers for event in _start(known, number)]


def _start(known: KnownRun, number: int, time: float | None = None) -> Iterator[RunEvent]:
    body: dict[str, Any] = {
        "try": number,
        "run_url": known.run_url,
        "service": known.service,
        "job_prefix": known.job_prefix,
        **({"wire": True} if known.wire else {}),
    }
    at = known.started if time is None else time
    yield RunEvent(at, "run-started", body)
    yield RunEvent(at, "uploaded", {"try": number, "files": 0, "bytes": 0})


def remembered_events(
    plan: Plan, known: KnownRun, tries: Mapping[int, Try], jobs: Iterable[JobState]
) -> list[RunEvent]:
    """Return the log of a run, from the jobs that Batch knows of it.

    Shapes: jobs in any order, of any try; each has one of `names_on_batch`.
    """
    names = names_on_batch(plan, known, tries)
    of_tries: dict[int, dict[str, JobState]] = {}
    for job in jobs:
        number, array = names[job.name]
        of_tries.setdefault(number, {}).setdefault(array, job)
    events: list[RunEvent] = []
    for one in (first_try(plan), *(tries[number] for number in sorted(tries))):
        found = of_tries.get(one.number, {})
        events += _start(known, one.number, _begun(known, one.number, found.values()))
        for array in (job.name for job in one.jobs):
            if array in found:
                events += _submitted(known, one.number, array, found[array])
    return events


def _begun(known: KnownRun, number: int, jobs: Iterable[JobState]) -> float:
    """Return about when a try began: with the first of its jobs."""
    times = [job.created for job in jobs if job.created is not None]
    return known.started if number == 1 or not times else min(times)


def _submitted(known: KnownRun, number: int, array: str, job: JobState) -> Iterator[RunEvent]:
    time = known.started if job.created is None else job.created
    queue = known.queues[0] if known.queues else ""
    about = {"try": number, "array": array}
    named = {**about, "job_name": job.name}
    yield RunEvent(time, "intent", {**named, "job_queue": queue})
    yield RunEvent(time, "submitted", {**named, "job_id": job.job_id})
    kind: EventKind = "state"
    children = dict(job.children) or {job.status: 1}
    yield RunEvent(
        job.stopped or time,
        kind,
        {**about, "status": job.status, "reason": job.reason, "children": children},
    )


def end_event(
    state: RunState, summary: Summary | None, *, outer: Outcome | None
) -> RunEvent | None:
    """Return the end of a nested run; None where it goes on.

    Shapes: outer is how the run around it has ended, None where it goes on: what is not active any
    more then never will be.
    """
    started = state.begun or state.started or 0.0
    if summary is not None and summary.state in OUTCOMES:
        first = state.started or started
        return _finished(state, max(started, first + summary.seconds), OUTCOMES[summary.state])
    times = [one.submitted or started for one in state.arrays.values()]
    newest = max([started, state.changed or started, *times])
    if state.submitted and all(array.ended for array in state.arrays.values()):
        return _finished(state, newest, outcome_of(state))
    active = any(array.job_id and not array.ended for array in state.arrays.values())
    left = None if active else end_with(outer)
    return None if left is None else _finished(state, newest, left)


def end_with(outer: Outcome | None) -> Outcome | None:
    """Return how a nested run has ended that nobody goes on with; None where the outer one does."""
    return "failed" if outer == "succeeded" else outer


def _finished(state: RunState, time: float, outcome: Outcome) -> RunEvent:
    return RunEvent(time, "finished", {"try": state.number, "state": outcome})

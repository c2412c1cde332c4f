"""The state of a run, folded from its events, and what has to be done next.

`step` is the whole engine without its hands: an event changes the state, the state says the
next commands. The loop carries commands out, and every result comes back as an event, so that a
killed client starts from the log where it stopped. Arrays are submitted in plan order; an
intent without a job id is looked for before it is repeated, since SubmitJob has no client token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from types import MappingProxyType
from typing import TypeAlias

from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import Outcome

ENDED = frozenset({"SUCCEEDED", "FAILED"})
"""The states a Batch job never leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayState:
    """What the log says of one array of the plan."""

    name: str
    job_name: str = ""
    """Of the last intent; empty before the first."""
    job_queue: str = ""
    """Where that intent was for: the place to look for it."""
    intended: float | None = None
    """Time of the last intent."""
    job_id: str | None = None
    status: str = ""
    """AWS Batch's word; empty before it was first seen."""
    reason: str = ""
    children: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Say whether Batch will not touch it any more."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """The fold of all events of a submit directory."""

    arrays: Mapping[str, ArrayState]
    """In plan order."""
    optional: frozenset[str] = frozenset()
    """Arrays whose failure does not fail the run (clean-up)."""
    number: int = 0
    """The try; 0 before the first submission."""
    run_url: str = ""
    service: str = ""
    """`local` or `aws`; empty before the first submission."""
    wire: bool = False
    """Its data goes over the S3 protocol, on the embedded AWS too."""
    job_prefix: str = ""
    started: float | None = None
    ended: float | None = None
    uploaded: bool = False
    cancelling: bool = False
    hooked: frozenset[str] = frozenset()
    """`start`, `end`: hooks of the workflow that were run."""
    outcome: Outcome | None = None
    """Set when the run is over and its end is recorded."""

    @property
    def submitted(self) -> bool:
        """Say whether every array has its job id."""
        return all(array.job_id is not None for array in self.arrays.values())


@dataclass(frozen=True, slots=True)
class Upload:
    """Bring inputs, plan and worker to the store."""


@dataclass(frozen=True, slots=True)
class Submit:
    """Submit one array that was never tried."""

    array: str


@dataclass(frozen=True, slots=True)
class Recover:
    """Look for an array whose SubmitJob call may have gone through; submit it where it did not."""

    array: str
    job_name: str
    job_queue: str
    intended: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Ask how the submitted arrays stand."""

    job_ids: Mapping[str, str]
    """Array to job id, of those that have not ended."""


@dataclass(frozen=True, slots=True)
class Finish:
    """All is over: see that a summary exists and record the outcome."""

    outcome: Outcome


Command: TypeAlias = Upload | Submit | Recover | Watch | Finish


def new_state(plan: Plan) -> RunState:
    """Return the state of a plan without events."""
    return RunState(
        arrays=MappingProxyType({job.name: ArrayState(name=job.name) for job in plan.jobs}),
        optional=_optional(plan),
    )


def _optional(plan: Plan) -> frozenset[str]:
    """Return the clean-up jobs and the barriers that only they wait for."""
    needed = {job.name for job in plan.jobs if job.kind not in ("clean-up", "barrier")}
    for job in reversed(plan.jobs):
        if job.name in needed:
            needed.update(link.array for link in job.depends_on)
    return frozenset(job.name for job in plan.jobs) - needed


def step(state: RunState, event: RunEvent) -> tuple[RunState, tuple[Command, ...]]:
    """Take one event in; return the new state and what to do next."""
    after = _APPLY[event.kind](state, event)
    return after, decide(after)


def fold(state: RunState, events: Iterable[RunEvent]) -> RunState:
    """Take many events in, without asking what to do."""
    return reduce(lambda before, event: _APPLY[event.kind](before, event), events, state)


def decide(state: RunState) -> tuple[Command, ...]:
    """Return what has to be done next; nothing before the start and after the end."""
    if state.started is None or state.outcome is not None:
        return ()
    if not state.cancelling and not state.uploaded:
        return (Upload(),)
    if not state.cancelling and not state.submitted:
        return (_next_submission(state),)
    running = {
        array.name: array.job_id
        for array in state.arrays.values()
        if array.job_id is not None and not array.ended
    }
    return (Watch(running),) if running else (Finish(outcome_of(state)),)


def outcome_of(state: RunState) -> Outcome:
    """Return how a run whose arrays have all ended has ended."""
    needed = (array for array in state.arrays.values() if array.name not in state.optional)
    if all(array.status == "SUCCEEDED" for array in needed):
        return "succeeded"
    return "cancelled" if state.cancelling else "failed"


def _next_submission(state: RunState) -> Command:
    array = next(array for array in state.arrays.values() if array.job_id is None)
    if array.intended is None:
        return Submit(array.name)
    return Recover(array.name, array.job_name, array.job_queue, array.intended)


def _with_array(state: RunState, array: ArrayState) -> RunState:
    return replace(state, arrays=MappingProxyType({**state.arrays, array.name: array}))


def _run_started(state: RunState, event: RunEvent) -> RunState:
    body = event.body
    return replace(
        state,
        number=body["try"],
        run_url=body["run_url"],
        service=body["service"],
        wire=body.get("wire", False),
        job_prefix=body["job_prefix"],
        started=event.time if state.started is None else state.started,
    )


def _uploaded(state: RunState, event: RunEvent) -> RunState:
    return replace(state, uploaded=True)


def _intent(state: RunState, event: RunEvent) -> RunState:
    body = event.body
    array = replace(
        state.arrays[body["array"]],
        job_name=body["job_name"],
        job_queue=body["job_queue"],
        intended=event.time,
    )
    return _with_array(state, array)


def _submitted(state: RunState, event: RunEvent) -> RunState:
    array = state.arrays[event.body["array"]]
    return _with_array(
        state,
        replace(array, job_name=event.body["job_name"], job_id=event.body["job_id"]),
    )


def _array_state(state: RunState, event: RunEvent) -> RunState:
    body = event.body
    array = state.arrays[body["array"]]
    if array.ended:
        return state
    return _with_array(
        state,
        replace(
            array, status=body["status"], reason=body["reason"], children=dict(body["children"])
        ),
    )


def _cancel_requested(state: RunState, event: RunEvent) -> RunState:
    return replace(state, cancelling=True)


def _finished(state: RunState, event: RunEvent) -> RunState:
    if state.outcome is not None:
        return state
    return replace(state, outcome=event.body["state"], ended=event.time)


def _fetched(state: RunState, event: RunEvent) -> RunState:
    return state


def _hooked(state: RunState, event: RunEvent) -> RunState:
    return replace(state, hooked=state.hooked | {event.body["at"]})


_APPLY: Mapping[EventKind, Callable[[RunState, RunEvent], RunState]] = {
    "run-started": _run_started,
    "uploaded": _uploaded,
    "intent": _intent,
    "submitted": _submitted,
    "state": _array_state,
    "cancel-requested": _cancel_requested,
    "finished": _finished,
    "fetched": _fetched,
    "registered": _fetched,
    "hooked": _hooked,
}

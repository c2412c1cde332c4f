"""The state of a run, folded from its events, and what has to be done next.

`step` is the whole engine without its hands: an event changes the state, the state says the
next commands. The loop carries commands out, and every result comes back as an event, so that a
killed client starts from the log where it stopped. Arrays are submitted in plan order, as many
at once as wait for none of each other; an intent without a job id is looked for before it is
repeated, since SubmitJob has no client token.

`run-started` begins a try: its arrays are the run's from then on, and what the log says of
another try counts no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias

from pegbatch.engine.array_states import ArrayState, ArrayStates
from pegbatch.engine.commands import Command, Finish, Recover, Submit, Upload, Watch
from pegbatch.errors import InputError
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.layout import try_file
from pegbatch.model.plan import Job, Plan
from pegbatch.model.run_look import SAMPLES_KEPT, Sample, Spell
from pegbatch.model.run_status import Outcome
from pegbatch.model.tries import Try, first_try

WAVE_MAX = 40
"""Arrays that are submitted at once: what a second's calls can do, and what a killed client leaves
to be looked for at most."""

Tries: TypeAlias = Mapping[int, Try]
"""The later tries of a run by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """The fold of all events of a submit directory."""

    arrays: ArrayStates
    """Those of the current try, in its order."""
    current: Try = field(default_factory=lambda: Try(number=1, jobs=()))
    """What the current try submits; before the first submission, what that will."""
    tries: Tries = field(default_factory=dict, compare=False, repr=False)
    """What later tries submit, as far as the submit directory knows them."""
    carried: Mapping[str, ArrayState] = field(default_factory=dict)
    """Arrays of earlier tries that this one leaves out, since nothing of them is missing."""
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
    """Time of the first submission."""
    begun: float | None = None
    """Time at which the current try began."""
    changed: float | None = None
    """Time at which the try began, or an array was submitted or seen to stand differently, last."""
    samples: tuple[Sample, ...] = ()
    """How far the current try was when somebody looked: the last SAMPLES_KEPT."""
    spent_so_far: tuple[Spell, ...] = ()
    """About what the containers of the current try had taken when somebody looked last."""
    spent: tuple[Spell, ...] = ()
    """What the containers of tries that are over have taken, as far as that is known."""
    lost: int = 0
    """Children that Batch let fail for good, in tries that are over."""
    ended: float | None = None
    uploaded: bool = False
    cancelling: bool = False
    unstarted: frozenset[str] = frozenset()
    """Arrays of which no child had begun when the cancel came."""
    hooked: frozenset[str] = frozenset()
    """`start`, `end`: hooks of the workflow that were run in this try."""
    notified: frozenset[str] = frozenset()
    """`first-failure`, `verdict`: what was told of this try to who wants to know."""
    outcome: Outcome | None = None
    """Set when the try is over and its end is recorded."""

    @property
    def submitted(self) -> bool:
        """Say whether there is no array left to submit."""
        return self.arrays.first_unsubmitted is None

    def bag(self, array: str, child: int) -> int:
        """Return the number of the bag that a child of the current try runs."""
        bags = self.current.bags.get(array)
        return bags[child] if bags is not None and child < len(bags) else child


def new_state(plan: Plan, tries: Tries = MappingProxyType({})) -> RunState:
    """Return the state of a plan without events.

    Shapes: tries says what later tries submit; it is asked where the log begins one, so that a
    reader of files may stand behind it.
    """
    first = first_try(plan)
    return RunState(
        arrays=_new_arrays(first), current=first, tries=tries, optional=_optional(first.jobs)
    )


def _new_arrays(current: Try) -> ArrayStates:
    return ArrayStates(ArrayState(name=job.name) for job in current.jobs)


def _optional(jobs: Iterable[Job]) -> frozenset[str]:
    """Return the clean-up jobs and the barriers that only they wait for."""
    known = tuple(jobs)
    needed = {job.name for job in known if job.kind not in ("clean-up", "barrier")}
    for job in reversed(known):
        if job.name in needed:
            needed.update(link.array for link in job.depends_on)
    return frozenset(job.name for job in known) - needed


def step(state: RunState, event: RunEvent) -> tuple[RunState, tuple[Command, ...]]:
    """Take one event in; return the new state and what to do next.

    Errors: InputError for an event that does not fit the plan.
    """
    after = _take(state, event)
    return after, decide(after)


def fold(state: RunState, events: Iterable[RunEvent]) -> RunState:
    """Take many events in, without asking what to do.

    Errors: InputError for an event that does not fit the plan.
    """
    return reduce(_take, events, state)


def _take(state: RunState, event: RunEvent) -> RunState:
    try:
        if event.kind != "run-started" and event.body.get("try", state.number) != state.number:
            return state  # of a try that is over: another process was late to say so
        return _APPLY[event.kind](state, event)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"the log of the run has an event that does not fit its plan: {event.kind} "
            f"(try {event.body.get('try')}): {error!s}",
            hint="go on with the version of pegbatch that wrote it, or restore the submit "
            "directory: `pegbatch run <URL of the run>`",
        ) from error


def decide(state: RunState) -> tuple[Command, ...]:
    """Return what has to be done next; nothing before the start and after the end."""
    if state.started is None or state.outcome is not None:
        return ()
    if not state.cancelling and not state.uploaded:
        return (Upload(),)
    unsubmitted = state.arrays.first_unsubmitted
    if not state.cancelling and unsubmitted is not None:
        return (_submission(state, unsubmitted),)
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


def _submission(state: RunState, first: ArrayState) -> Command:
    if first.intended is not None:
        return Recover(first.name, first.job_name, first.job_queue, first.intended)
    # The very first goes alone: what is wrong with the calls is wrong with all of them.
    is_alone = first.name == next(iter(state.arrays))
    return Submit(tuple(islice(_wave(state), 1 if is_alone else WAVE_MAX)))


def _wave(state: RunState) -> Iterator[str]:
    """Yield the arrays, in order, that wait for none that has still to be submitted."""
    links = {job.name: job.depends_on for job in state.current.jobs}
    wave: set[str] = set()
    for array in state.arrays.unsubmitted():
        waits = any(link.array in wave for link in links[array.name])
        if array.intended is not None or waits:
            return
        wave.add(array.name)
        yield array.name


def _with_array(state: RunState, array: ArrayState, changed: float | None = None) -> RunState:
    return replace(
        state,
        arrays=state.arrays.having(array),
        changed=state.changed if changed is None else changed,
    )


def _run_started(state: RunState, event: RunEvent) -> RunState:
    body, number = event.body, event.body["try"]
    if number < state.number:
        return state
    return replace(
        state if number in (1, state.number) else _begin_try(state, number),
        number=number,
        run_url=body["run_url"],
        service=body["service"],
        wire=body.get("wire", False),
        job_prefix=body["job_prefix"],
        started=event.time if state.started is None else state.started,
        begun=event.time if number != state.number or state.begun is None else state.begun,
        changed=event.time,
    )


def _begin_try(state: RunState, number: int) -> RunState:
    """Return the state at the start of a later try: nothing of it is sent or submitted yet.

    Errors: InputError where nothing says what it submits.
    """
    current = state.tries.get(number)
    if current is None:
        raise InputError(
            f"the log of the run begins try {number}, and {try_file(number)} is missing",
            hint=f"copy plan/{try_file(number)} of the run into the submit directory",
        )
    arrays = _new_arrays(current)
    before = {**state.carried, **state.arrays}
    return RunState(
        arrays=arrays,
        current=current,
        tries=state.tries,
        carried={name: array for name, array in before.items() if name not in arrays},
        optional=_optional(current.jobs),
        started=state.started,
        spent=state.spent,
        lost=state.lost,
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
    return _with_array(state, array, event.time)


def _submitted(state: RunState, event: RunEvent) -> RunState:
    array = state.arrays[event.body["array"]]
    return _with_array(
        state,
        replace(
            array,
            job_name=event.body["job_name"],
            job_id=event.body["job_id"],
            submitted=event.time,
        ),
        event.time,
    )


def _withdrawn(state: RunState, event: RunEvent) -> RunState:
    array = state.arrays[event.body["array"]]
    return state if array.job_id else _with_array(state, replace(array, intended=None), event.time)


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
        event.time,
    )


def _cancel_requested(state: RunState, event: RunEvent) -> RunState:
    unstarted = state.unstarted.union(event.body.get("unstarted", ()))
    return replace(state, cancelling=True, unstarted=unstarted)


def _finished(state: RunState, event: RunEvent) -> RunState:
    if state.outcome is not None:
        return state
    return replace(
        state,
        outcome=event.body["state"],
        ended=event.time,
        spent=(*state.spent, *(Spell(*spell) for spell in event.body.get("spent", ()))),
        lost=state.lost + event.body.get("lost", 0),
    )


def _seen(state: RunState, event: RunEvent) -> RunState:
    sample = Sample(event.time, event.body["done"])
    spent = tuple(Spell(*spell) for spell in event.body.get("spent", ()))
    return replace(
        state,
        samples=(*state.samples[1 - SAMPLES_KEPT :], sample),
        spent_so_far=spent or state.spent_so_far,
    )


def _fetched(state: RunState, event: RunEvent) -> RunState:
    return state


def _hooked(state: RunState, event: RunEvent) -> RunState:
    return replace(state, hooked=state.hooked | {event.body["at"]})


def _notified(state: RunState, event: RunEvent) -> RunState:
    return replace(state, notified=state.notified | {event.body["what"]})


_APPLY: Mapping[EventKind, Callable[[RunState, RunEvent], RunState]] = {
    "run-started": _run_started,
    "uploaded": _uploaded,
    "intent": _intent,
    "submitted": _submitted,
    "withdrawn": _withdrawn,
    "state": _array_state,
    "cancel-requested": _cancel_requested,
    "finished": _finished,
    "fetched": _fetched,
    "registered": _fetched,
    "hooked": _hooked,
    "notified": _notified,
    "seen": _seen,
}

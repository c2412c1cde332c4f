"""The state of a run, folded from its events.

`step` is the whole engine without its hands: an event changes the state, the state says the
next commands. The loop carries commands out, and every result comes back as an event, so that a
killed client starts from the log where it stopped.

`run-started` begins a try: its arrays are the run's from then on, and what the log says of
another try counts no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.commands import Command
from pegbatch.engine.deciding import decide
from pegbatch.engine.state import RunState, begin_try
from pegbatch.errors import InputError
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.run_look import SAMPLES_KEPT, Sample, Spell


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
        state if number in (1, state.number) else begin_try(state, number),
        number=number,
        run_url=body["run_url"],
        service=body["service"],
        wire=body.get("wire", False),
        job_prefix=body["job_prefix"],
        started=event.time if state.started is None else state.started,
        begun=event.time if number != state.number or state.begun is None else state.begun,
        changed=event.time,
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

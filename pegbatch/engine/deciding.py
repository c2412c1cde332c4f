"""What has to be done next in a run, by its state alone.

Arrays are submitted in plan order, as many at once as wait for none of each other; an intent
without a job id is looked for before it is repeated, since SubmitJob has no client token.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.commands import Command, Finish, Recover, Submit, Upload, Watch
from pegbatch.engine.state import RunState
from pegbatch.model.run_status import Outcome

WAVE_MAX = 40
"""Arrays that are submitted at once: what a second's calls can do, and what a killed client leaves
to be looked for at most."""


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


def may_have_ended(state: RunState) -> bool:
    """Say whether a run may have ended without anybody seeing that: it has begun, or is to end."""
    has_begun = any(array.job_id is not None for array in state.arrays.values())
    return state.outcome is None and (has_begun or state.cancelling)


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

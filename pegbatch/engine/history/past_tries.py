"""The tries of a run so far: what each submitted, when, and under which ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.state import RunState
from pegbatch.model.events import RunEvent
from pegbatch.model.plan import Job, Plan
from pegbatch.model.tries import Try, first_try


class Sent(NamedTuple):
    """One submission."""

    job_id: str
    time: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTry:
    """One try, the current one included."""

    number: int
    started: float
    """Seconds since the epoch."""
    jobs: Mapping[str, Job]
    """By name."""
    bags: Mapping[str, tuple[int, ...]]
    """Of its children, child after child; in the first try child i runs bag i."""
    sent: Mapping[str, Sent]
    """By array; those that were submitted, and not taken up from the store alone."""
    arrays: Mapping[str, ArrayState]
    """What the log says of them; empty for a try before the current one."""
    is_over: bool
    """Nothing of it can change any more."""

    def bags_of(self, array: str) -> Sequence[int]:
        """Return the bags that the children of an array run, child after child."""
        return self.bags.get(array, range(self.jobs[array].size))

    def has_ended(self, array: str) -> bool:
        """Say whether no child of an array runs, or will run, in this try."""
        return self.is_over or self.arrays[array].ended


def past_tries(
    plan: Plan, state: RunState, tries: Mapping[int, Try], events: Iterable[RunEvent]
) -> Mapping[int, PastTry]:
    """Return the tries of a run by number, ascending; none before the first submission.

    Shapes: tries holds what later tries submit; a try whose file is gone is left out.
    """
    started: dict[int, float] = {}
    sent: dict[int, dict[str, Sent]] = {}
    for event in events:
        number = event.body.get("try", 1)
        if event.kind == "run-started":
            started.setdefault(number, event.time)
        elif event.kind == "submitted":
            job = Sent(event.body["job_id"], event.time)
            sent.setdefault(number, {})[event.body["array"]] = job
    known = {1: first_try(plan), **tries}
    return {
        number: _past_try(known[number], started[number], sent.get(number, {}), state)
        for number in sorted(started)
        if number in known
    }


def _past_try(one: Try, started: float, sent: Mapping[str, Sent], state: RunState) -> PastTry:
    is_current = one.number == state.number
    return PastTry(
        number=one.number,
        started=started,
        jobs={job.name: job for job in one.jobs},
        bags=one.bags,
        sent=sent,
        arrays=state.arrays if is_current else {},
        is_over=not is_current or state.outcome is not None,
    )

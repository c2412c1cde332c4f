"""The state of a run: what is known of its arrays, its tries and its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from pegbatch.engine.array_states import ArrayState, ArrayStates
from pegbatch.errors import InputError
from pegbatch.model.layout import try_file
from pegbatch.model.plan import Job, Plan
from pegbatch.model.run_look import Sample, Spell
from pegbatch.model.run_status import Outcome
from pegbatch.model.tries import Try, first_try

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


def begin_try(state: RunState, number: int) -> RunState:
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

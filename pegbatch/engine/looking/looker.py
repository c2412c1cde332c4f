"""Looking at a run again and again: what a screen shows, asked for no more often than it changes.

The arrays' states come from whoever polls, and with them a sample of their children, which tells
what containers have taken. Beside them one LIST tells failures and retries. More is asked for only
where the counts say that there is something to ask: lost children of arrays that failed, queue and
environments where something is RUNNABLE and nothing has run for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from pegbatch.engine.context import Context
from pegbatch.engine.counting import LostChildren
from pegbatch.engine.findings import is_over, look_up
from pegbatch.engine.looking.spending import spent_so_far
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.looking.stuck import is_stuck, why_nothing_starts
from pegbatch.engine.looking.throughput import ended_tasks, expected_end, measure, sample_due
from pegbatch.engine.lost import find_lost
from pegbatch.engine.nested.looking import NestedLooker, ReaderOf
from pegbatch.engine.nested.standing import ask_batch
from pegbatch.engine.state import RunState
from pegbatch.engine.statistics.billing import bill
from pegbatch.errors import OutsideError
from pegbatch.model.estimate import MachinePrice, PriceTable
from pegbatch.model.nested import NestedStatus
from pegbatch.model.plan import Plan
from pegbatch.model.run_look import CostSoFar, RunLook, Spell, WaitingFor
from pegbatch.ports import JobService, ObjectStore

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSettings:
    """What looking needs to know besides the run."""

    prices: PriceTable
    machine: MachinePrice
    list_seconds: float
    """At least so long between two LISTs of the failures."""
    why_seconds: float
    """At least so long between two rounds of asking why nothing starts."""
    quiet_seconds: float
    """How long nothing may run before the queue is asked."""
    submit_dir: str = "."
    """As a shell takes it, as embedded_in."""
    embedded_in: str = ""
    """Base directory of the embedded AWS; empty on Amazon."""
    read_nested: ReaderOf | None = None
    """What reads nested runs; None: these are not looked at."""


@dataclass(slots=True)
class _Kept:
    """What was found, and when."""

    findings: Findings = field(default_factory=Findings)
    lost: Mapping[str, LostChildren] = field(default_factory=dict)
    spent: tuple[Spell, ...] = ()
    waiting: tuple[WaitingFor, ...] = ()
    nested: tuple[NestedStatus, ...] | None = None
    listed: float | None = None
    sampled: float | None = None
    """When the sample was taken that told what is spent."""
    asked: float | None = None
    """When it was asked why nothing starts."""
    failed: int = -1
    """Arrays that had failed when lost children were asked for."""


class Looker:
    """Looks at one run; what it has found it keeps for a while."""

    def __init__(self, settings: LookSettings, *, bears: bool, closely: bool = True) -> None:
        """Start with nothing.

        Shapes: with bears, what cannot be asked for is left as it was; without closely nothing is
        asked for but what counting the tasks takes.
        """
        self._settings = settings
        self._bears = bears
        self._closely = closely
        self._kept = _Kept()
        reads = settings.read_nested
        self._nested = None if reads is None else NestedLooker(reads)

    def look(self, context: Context, *, quiet_since: float | None = None) -> RunLook:
        """Return how a run stands, once its arrays have been asked for.

        Units: quiet_since is in seconds since the epoch: the last time at which something was
        seen to change; None: as the log says.
        Errors: those of the store, but for one who bears.
        """
        now, state = context.ports.clock.now(), context.state
        since = state.changed if quiet_since is None else quiet_since
        self._look_up(context, now)
        if not is_over(state):
            self._find_lost(context.ports.jobs, context.ports.store, context.plan, state)
            if self._closely:
                self._add_up(context)
                self._ask_why(context, since, now)
        kept = self._kept
        findings = replace(kept.findings, lost=kept.lost)
        look = build_look(context.plan, state, findings, kept.spent, self._settings, now=now)
        if sample_due(state, now):
            spent = {"spent": kept.spent} if kept.spent else {}
            context.journal.put("seen", done=ended_tasks(look.status.tasks), **spent)
        waiting = () if is_over(state) else kept.waiting
        return replace(look, waiting_for=waiting, sub_workflows=kept.nested)

    def _look_up(self, context: Context, now: float) -> None:
        """List the failures where that is due, and see to nested runs; at the end once more."""
        kept, state, store = self._kept, context.state, context.ports.store
        due = kept.listed is None or now - kept.listed >= self._settings.list_seconds
        if state.started is not None and (due or is_over(state)):
            kept.findings = self._try(lambda: look_up(store, state), kept.findings)
            kept.nested = self._try(lambda: self._look_within(context, now), kept.nested)
            kept.listed = now

    def _look_within(self, context: Context, now: float) -> tuple[NestedStatus, ...] | None:
        """Look at the runs of sub-workflows; None where the plan has none."""
        plan, ports, state = context.plan, context.ports, context.state
        if self._nested is None or not plan.sub_workflows or not self._closely:
            return None
        ask = partial(ask_batch, ports.jobs)
        return self._nested.look(ports.store, ask, plan, state, now=now)

    def _find_lost(self, jobs: JobService, store: ObjectStore, plan: Plan, state: RunState) -> None:
        """Ask for the lost children of arrays that failed, once for each time another fails."""
        kept = self._kept
        failed = sum(array.status == "FAILED" for array in state.arrays.values())
        if failed != kept.failed:
            marks = kept.findings.marks
            found = self._try(lambda: find_lost(jobs, store, plan, state, marks)[0], kept.lost)
            kept.lost, kept.failed = found, failed

    def _ask_why(self, context: Context, since: float | None, now: float) -> None:
        """Ask why nothing starts, where nothing has for a while."""
        kept, settings = self._kept, self._settings
        is_quiet = since is not None and now - since >= settings.quiet_seconds
        if not is_quiet or not is_stuck(context):
            kept.waiting, kept.asked = (), None
        elif kept.asked is None or now - kept.asked >= settings.why_seconds:
            again, base = f"pegbatch run {settings.submit_dir}", settings.embedded_in
            kept.asked = now
            kept.waiting = self._bear(
                lambda: why_nothing_starts(context, again=again, embedded_in=base), ()
            )

    def _add_up(self, context: Context) -> None:
        """Tell from a new sample what containers have taken; without one it stays as it was."""
        kept = self._kept
        if kept.sampled != context.sample.time:
            kept.sampled = context.sample.time
            kept.spent = spent_so_far(context, kept.findings.restarts) or kept.spent

    def _try(self, ask: Callable[[], Found], before: Found) -> Found:
        """Ask; who bears keeps what was known before where the outside does not answer."""
        return self._bear(ask, before) if self._bears else ask()

    def _bear(self, ask: Callable[[], Found], before: Found) -> Found:
        """Ask for what may be missing: the rest is told without it."""
        try:
            return ask()
        except OutsideError:
            return before


def build_look(
    plan: Plan,
    state: RunState,
    findings: Findings,
    spent: tuple[Spell, ...],
    settings: LookSettings,
    *,
    now: float,
) -> RunLook:
    """Return how a run stands, from what was found.

    Units: now is in seconds since the epoch.
    """
    status = build_status(plan, state, findings, now=now)
    throughput = measure(state, status, now)
    return RunLook(
        status=status,
        time=now,
        throughput=throughput,
        estimated_end=expected_end(plan, state, status, throughput, now),
        retries=findings.restarts.all,
        lost_children=findings.restarts.lost + state.lost + _lost_for_good(state, findings),
        cost=price((*state.spent, *spent), settings, is_paid=state.service == "aws"),
    )


def price(spells: tuple[Spell, ...], settings: LookSettings, *, is_paid: bool) -> CostSoFar | None:
    """Price what containers have taken; None where nothing is known of it."""
    if not spells:
        return None
    machine, prices = settings.machine, settings.prices
    taken = bill(spells, machine)
    return CostSoFar(
        vcpu_hours=taken.vcpu_hours,
        amount=taken.amount,
        currency=prices.currency,
        machine=machine.name,
        region=prices.region,
        date=prices.date,
        is_paid=is_paid,
    )


def _lost_for_good(state: RunState, findings: Findings) -> int:
    """Return the children of the current try that Batch let fail, as far as they were asked for."""
    return 0 if state.outcome else sum(lost.failed for lost in findings.lost.values())

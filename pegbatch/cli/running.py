"""The use cases of a run: run, wait, status, fetch, cancel."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from pegbatch.adapters.delivery import destination_path, fetch_file
from pegbatch.cli.choice import Wishes, service_of
from pegbatch.cli.driving import OnChange, drive
from pegbatch.cli.looking import look_settings
from pegbatch.cli.nested.cancelling import cancel_nested
from pegbatch.cli.nested.deliveries import (
    all_outputs,
    bad_tasks,
    clash_text,
    nested_deliveries,
    with_nested_failures,
)
from pegbatch.cli.nested.door import find_nested, not_begun
from pegbatch.cli.notifying import open_notifier, tell_end, watched
from pegbatch.cli.registering import register_outputs
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, held, open_store, watching_context
from pegbatch.cli.workflow_hooks import run_end_hooks
from pegbatch.engine import loop
from pegbatch.engine.cancelling import cancel
from pegbatch.engine.deliveries import FetchReport, Output, fetch_outputs, output_sizes
from pegbatch.engine.findings import look_up, read_summary
from pegbatch.engine.looking.looker import Looker, build_look
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.state import RunState
from pegbatch.errors import InputError, OutsideError, PlanError
from pegbatch.model.run_look import RunLook
from pegbatch.model.run_status import RunStatus
from pegbatch.ports import ObjectStore
from pegbatch.report.status import SHOWN_OUTPUTS

CANCEL_SECONDS = 45.0
"""How long `cancel` waits for the children to end: Batch gives them 30 s."""

GONE_SHOWN = 5
"""Outputs that are gone and are named; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a use case found, ready to be printed."""

    status: RunStatus
    look: RunLook | None = None
    """What was seen besides, where that was asked for."""
    fetched: FetchReport = field(default_factory=FetchReport)
    outputs: tuple[tuple[str, int | None, str], ...] = ()
    """The first outputs: LFN, size, place."""
    more_outputs: int = 0
    """Of nested runs, beyond those that the plan counts."""
    failures: tuple[Mapping[str, Any], ...] = ()
    nested_bad: int = 0
    """Tasks of nested runs that failed or were skipped."""

    @property
    def exit_code(self) -> int:
        """Return 1 where not all of an ended run has succeeded; 5 where outputs are gone."""
        if self.status.state == "succeeded" and self.fetched.missing:
            return OutsideError.exit_code
        return int(self.status.state in ("failed", "cancelled"))


def run_workflow(
    run: OpenRun, wishes: Wishes, on_change: OnChange, *, detach: bool, resume: bool = False
) -> RunResult:
    """Submit what is not yet submitted; wait and fetch unless detached.

    A run that has ended without succeeding gets its next try, with what is missing.
    Errors: PlanError for a plan that cannot run; RunLocked where another process is at it;
    InputError where there is nothing to resume.
    """
    check_runnable(run)
    if resume:
        begun(run)
    if run.state().outcome == "succeeded":
        say("pegbatch: the run has succeeded: there is nothing to run again")
        return _ended_with_hooks(run)
    look = watched(on_change, open_notifier(run))
    state = drive(run, wishes, look, detach=detach)
    if detach and state.outcome is None:
        return RunResult(status=_status(run, state, Findings()))
    return _ended_with_hooks(run)


def check_runnable(run: OpenRun) -> None:
    """Refuse a plan that cannot run.

    Errors: PlanError.
    """
    if not run.plan.runnable:
        raise PlanError(
            "this plan was made without catalogs and cannot run",
            where=str(run.directory.path),
            hint="plan the workflow again with its catalogs",
        )


def wait_for(
    run: OpenRun, on_change: OnChange, *, at_most_seconds: float | None = None
) -> RunResult:
    """Wait for a run that was submitted, whoever submitted it, and fetch its outputs.

    Shapes: where the time is up before it has ended, nothing is fetched.
    """
    state = begun(run)
    if state.outcome is None:
        with (
            held(run) as writes,
            watching_context(
                run, writes=writes, on_change=watched(on_change, open_notifier(run))
            ) as context,
        ):
            state = loop.wait(context, at_most_seconds=at_most_seconds)
    if state.outcome is None:
        return RunResult(status=_status(run, state, Findings()))
    return _ended_with_hooks(run, state)


def _ended_with_hooks(run: OpenRun, state: RunState | None = None) -> RunResult:
    """Fetch, then run what waits for the end, and tell: they find the outputs in place."""
    result = _ended(run, state)
    run_end_hooks(run)
    tell_end(run)
    return result


def look_at(run: OpenRun, *, closely: bool = False) -> RunResult:
    """Return where a run stands now; closely: also what takes more calls to know."""
    state = run.state()
    settings = look_settings(run, state.service)
    if state.started is None or state.outcome is not None:
        store = None if state.started is None else open_store(run, service_of(state.service))
        findings = Findings() if store is None else look_up(store, state)
        look = build_look(run.plan, state, findings, (), settings, now=run.clock.now())
        result = RunResult(status=look.status, look=look)
        if store is None and run.plan.sub_workflows:
            return replace(result, look=replace(look, sub_workflows=not_begun(run.plan)))
        return _seen_through(run, store, state, result) if store and closely else result
    with held(run) as writes, watching_context(run, writes=writes) as context:
        after = loop.look(context)
        looker = Looker(settings, bears=False, closely=closely)
        look = looker.look(context, quiet_since=state.changed)
        result = RunResult(status=look.status, look=look)
        if after.outcome is None:
            return result
        return _seen_through(run, context.ports.store, after, result)


def _seen_through(
    run: OpenRun, store: ObjectStore, state: RunState, result: RunResult
) -> RunResult:
    """Add what is known of the runs of sub-workflows, and the first failures, theirs among them."""
    nested = find_nested(run, store, state)
    look = result.look
    if look is not None and run.plan.sub_workflows:
        look = replace(look, sub_workflows=nested.statuses())
    failures = with_nested_failures(_failures(store, state), nested)
    return replace(result, look=look, failures=failures, nested_bad=bad_tasks(nested))


def fetch(run: OpenRun) -> RunResult:
    """Bring the outputs that belong on this machine, as far as they are made."""
    return _ended(run, begun(run))


def cancel_run(run: OpenRun) -> RunResult:
    """End a run, and wait for its end as long as Batch takes to stop children."""
    state = begun(run)
    if state.outcome is not None:
        say(f"pegbatch: nothing is running: the run has {_ended_word(state)} already")
    else:
        with watching_context(run, writes=True) as context:
            cancel(context)
            state = loop.wait(context, at_most_seconds=CANCEL_SECONDS)
    store = open_store(run, service_of(state.service))
    cancel_nested(run, store, state, at_most_seconds=CANCEL_SECONDS)
    return RunResult(status=_status(run, state, look_up(store, state)))


def _ended(run: OpenRun, state: RunState | None = None) -> RunResult:
    """Fetch what there is to fetch, and gather what is said at the end."""
    known = run.state() if state is None else state
    store = open_store(run, service_of(known.service))
    nested = find_nested(run, store, known)
    within = nested_deliveries(nested)
    clashes = clash_text(within)
    if clashes:
        say(f"pegbatch: warning: {clashes}")
    outputs = chain(run.directory.outputs(known.run_url), all_outputs(within))
    fetched = fetch_outputs(outputs, lambda output: fetch_file(store, output))
    if fetched.files:
        run.journal().put("fetched", files=fetched.files, bytes=fetched.size_bytes)
    if fetched.missing and known.outcome == "succeeded":
        say(f"pegbatch: {_gone_text(fetched.missing)}")
    register_outputs(run, known, store, within)
    return RunResult(
        status=_status(run, known, look_up(store, known)),
        fetched=fetched,
        outputs=_first_outputs(run, store, known.run_url, all_outputs(within)),
        more_outputs=sum(len(one.outputs) for one in within),
        failures=with_nested_failures(_failures(store, known), nested),
        nested_bad=bad_tasks(nested),
    )


def _gone_text(lfns: Sequence[str]) -> str:
    """Say which outputs of a run that has succeeded are neither in the store nor brought here."""
    shown = ", ".join(lfns[:GONE_SHOWN])
    more = f" and {len(lfns) - GONE_SHOWN:,} more" if len(lfns) > GONE_SHOWN else ""
    return (
        f"the run has succeeded, and outputs of it are gone from the store: {shown}{more}"
        "\n  to make them again, plan the workflow again and run that"
    )


def _first_outputs(
    run: OpenRun, store: ObjectStore, run_url: str, more: Iterable[Output]
) -> tuple[tuple[str, int | None, str], ...]:
    first = islice(chain(run.directory.outputs(run_url), more), SHOWN_OUTPUTS)
    return tuple((output.lfn, size, _place(output)) for output, size in output_sizes(store, first))


def _place(output: Output) -> str:
    is_here = output.destination.startswith("file://")
    return str(destination_path(output)) if is_here else output.destination


def _failures(store: ObjectStore, state: RunState) -> tuple[Mapping[str, Any], ...]:
    if state.outcome in (None, "succeeded"):
        return ()
    summary = read_summary(store, state)
    return () if summary is None else summary.failures


def _ended_word(state: RunState) -> str:
    return "been cancelled" if state.outcome == "cancelled" else str(state.outcome)


def begun(run: OpenRun) -> RunState:
    """Return the state of a run.

    Errors: InputError where it has not begun.
    """
    state = run.state()
    if state.started is None:
        raise InputError(
            "this plan was never run",
            where=str(run.directory.path),
            hint=f"run it with `pegbatch run {shlex.quote(str(run.directory.path))}`",
        )
    return state


def _status(run: OpenRun, state: RunState, findings: Findings) -> RunStatus:
    return build_status(run.plan, state, findings, now=run.clock.now())

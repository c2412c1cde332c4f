"""Driving a run to its end, as the client of a run and the planner of a sub-workflow do.

The end of a try that nobody watched is noted first. A run that has ended without succeeding gets
its next try, with what is missing.
"""

from __future__ import annotations

from collections.abc import Callable

from pegbatch.cli.choice import Wishes, service_of
from pegbatch.cli.resuming import absent_urls
from pegbatch.cli.submitting import submitting_context
from pegbatch.cli.wiring import OpenRun, open_store, watching_context
from pegbatch.cli.workflow_hooks import run_late_hooks, run_start_hooks
from pegbatch.engine import loop
from pegbatch.engine.context import Context
from pegbatch.engine.deciding import may_have_ended
from pegbatch.engine.forgotten import nothing_was_tried, settle_broken_off
from pegbatch.engine.state import RunState

OnChange = Callable[[Context], None]


def _see_nothing(context: Context) -> None:
    """Do nothing."""


def drive(
    run: OpenRun, wishes: Wishes, on_change: OnChange = _see_nothing, *, detach: bool = False
) -> RunState:
    """Submit what is not yet submitted, and wait for the end unless detached.

    Shapes: where something is lost that an outer run wants, what makes it is run again.
    Errors: RunLocked where another process is at it; those of submitting and waiting.
    """
    with run.runs.lock():
        _note_end(run)
        if _is_done(run):
            return run.state()
        state = _one_try(run, wishes, on_change, detach=detach)
        if nothing_was_tried(state):
            state = _one_try(run, wishes, on_change, detach=detach)
        return state


def _note_end(run: OpenRun) -> None:
    """Record the end of a run that nobody watched, so that its next try can begin."""
    if may_have_ended(run.state()):
        with watching_context(run, writes=True) as context:
            settle_broken_off(context)
            loop.look(context)


def _is_done(run: OpenRun) -> bool:
    """Say whether a run has succeeded, and nothing is lost that an outer run wants of it."""
    state = run.state()
    if state.outcome != "succeeded":
        return False
    wanted = () if run.host is None else run.host.wanted
    return not wanted or not absent_urls(open_store(run, service_of(state.service)), wanted)


def _one_try(run: OpenRun, wishes: Wishes, on_change: OnChange, *, detach: bool) -> RunState:
    """Begin a try, or go on with one, up to its end or to its last submission."""
    run_late_hooks(run)
    with submitting_context(run, wishes, on_change=on_change) as context:
        run_start_hooks(run)
        loop.submit(context)
        return context.state if detach else loop.wait(context)

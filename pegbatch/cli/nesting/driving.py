"""Submitting the run of a sub-workflow, and waiting for its end."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pegbatch.cli.choice import Wishes, service_of
from pegbatch.cli.resuming import absent_urls
from pegbatch.cli.submitting import submitting_context
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, open_store, watching_context
from pegbatch.engine import loop
from pegbatch.engine.findings import read_summary
from pegbatch.engine.forgotten import has_forgotten
from pegbatch.engine.state import RunState

SHOWN = 5
"""Failed tasks that are named."""


def drive(run: OpenRun) -> int:
    """Bring the run to its end, in its next try where it has ended badly; return the exit code.

    Shapes: where something is lost that the outer run wants, what makes it is run again.
    Errors: those of submitting and waiting.
    """
    with run.runs.lock():
        _note_end(run)
        state = run.state()
        if state.outcome != "succeeded" or _lacks_wanted(run):
            state = _one_try(run)
        if state.outcome == "failed" and has_forgotten(state):
            # Nothing was tried yet: that Batch has forgotten the jobs was all there was to learn.
            state = _one_try(run)
    say(_last_words(run, state))
    return 0 if state.outcome == "succeeded" else 1


def _note_end(run: OpenRun) -> None:
    """Record the end of a run that nobody watched, so that its next try can begin."""
    state = run.state()
    if state.outcome is None and any(array.job_id for array in state.arrays.values()):
        with watching_context(run, writes=True) as context:
            loop.look(context)


def _lacks_wanted(run: OpenRun) -> bool:
    assert run.host is not None
    store = open_store(run, service_of(run.state().service))
    return bool(absent_urls(store, run.host.wanted))


def _one_try(run: OpenRun) -> RunState:
    assert run.host is not None
    is_local = run.host.local_folder is not None
    with submitting_context(
        run, Wishes(local=is_local, aws=not is_local, wire=run.host.wire)
    ) as context:
        loop.submit(context)
        say(f"pegbatch: {len(context.state.current.jobs):,} jobs are submitted")
        return loop.wait(context)


def _last_words(run: OpenRun, state: RunState) -> str:
    name = run.plan.label or run.plan.workflow
    if state.outcome == "succeeded":
        return f"pegbatch: the sub-workflow {name} has succeeded: {state.run_url}"
    store = open_store(run, service_of(state.service))
    summary = read_summary(store, state)
    failures = () if summary is None else summary.failures
    named = "; ".join(_failure_text(one) for one in failures[:SHOWN])
    more = f" and {len(failures) - SHOWN} more" if len(failures) > SHOWN else ""
    what = f": {named}{more}" if named else ""
    return (
        f"pegbatch: the sub-workflow {name} has {state.outcome or 'not ended'}{what}\n"
        f"  look at it with `pegbatch analyze {shlex.quote(state.run_url)}`"
    )


def _failure_text(failure: Mapping[str, Any]) -> str:
    task = failure.get("id") or f"a child of {failure.get('array')}"
    return f"{task} {failure.get('state')}: {failure.get('reason')}"

"""What the planner of a sub-workflow says in its log: what is submitted, and how it has ended."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pegbatch.cli.choice import service_of
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, open_store
from pegbatch.engine.context import Context
from pegbatch.engine.findings import read_summary
from pegbatch.engine.state import RunState

SHOWN = 5
"""Failed tasks that are named."""


class Submissions:
    """Says of each try, once, that its jobs are submitted."""

    def __init__(self) -> None:
        """Begin where nothing was said."""
        self._said = 0

    def look(self, context: Context) -> None:
        """Look at a run that changes."""
        state = context.state
        if state.submitted and state.number > self._said:
            self._said = state.number
            say(f"pegbatch: {len(state.current.jobs):,} jobs are submitted")


def last_words(run: OpenRun, state: RunState) -> str:
    """Return how a run has ended, and what of it has failed.

    Errors: those of the store.
    """
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

"""The end of a run: a summary where the verdict could not write one, and the last event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pegbatch.engine.context import Context
from pegbatch.engine.failures import describe_failures
from pegbatch.engine.findings import look_up
from pegbatch.engine.looking.spending import find_spent, spent_so_far
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.lost import find_lost
from pegbatch.errors import OutsideError
from pegbatch.model.layout import SUMMARY_KEY, join_url
from pegbatch.model.marks import Restarts
from pegbatch.model.run_look import Spell
from pegbatch.model.run_status import Outcome, summary_to_json


def finish(context: Context, outcome: Outcome, *, asks: bool) -> None:
    """Record the end of a run whose arrays have all ended.

    A failure cascade takes the verdict job with it; then the summary is written here.
    Shapes: asks says that calls may be made to learn what the run has taken; else the sample of
    this process tells it.
    """
    known: dict[str, Any] = {}
    if context.state.uploaded:
        findings = look_up(context.ports.store, context.state)
        if findings.tasks is None:
            known["lost"] = _write_summary(context, findings, outcome)
        ask = _find_spent if asks else spent_so_far
        known["spent"] = ask(context, findings.restarts)
    context.journal.put(
        "finished", state=outcome, **{key: value for key, value in known.items() if value}
    )


def _find_spent(context: Context, restarts: Restarts) -> Sequence[Spell]:
    """Return what the try has taken, or had when Batch last said it."""
    ports = context.ports
    try:
        return find_spent(ports.jobs, context.state, restarts, ports.clock.now())
    except OutsideError:
        return spent_so_far(context, restarts)


def _write_summary(context: Context, findings: Findings, outcome: Outcome) -> int:
    """Write the summary; return how many children Batch has let fail."""
    ports, state = context.ports, context.state
    now = ports.clock.now()
    counts, children = find_lost(ports.jobs, ports.store, context.plan, state, findings.marks)
    ended = replace(state, outcome=outcome, ended=now)
    status = build_status(context.plan, ended, replace(findings, lost=counts), now=now)
    compute = [job.name for job in context.plan.jobs if job.kind == "compute"]
    failures = describe_failures(ports.store, state.run_url, findings.marks, children, compute)
    arrays = tuple(array for array in status.arrays if array.name in set(compute))
    summary = summary_to_json(replace(status, arrays=arrays), failures)
    text = json.dumps(summary, indent=1, ensure_ascii=False) + "\n"
    ports.store.write(join_url(state.run_url, SUMMARY_KEY), text.encode())
    return sum(lost.failed for lost in counts.values())

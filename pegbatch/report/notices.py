"""What those are told who wait for news of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.model.notify import Notice
from pegbatch.model.plain import plain_line
from pegbatch.model.run_status import RunStatus
from pegbatch.report.status import headline

SHOWN = 3
"""Failures that a verdict names; more are counted."""
LONGEST = 300
"""Characters of a name or a reason."""


def verdict_notice(
    status: RunStatus, failures: Sequence[Mapping[str, Any]], submit_dir: str
) -> Notice:
    """Tell how a run has ended.

    Shapes: failures as a summary has them.
    """
    lines = [headline(status)]
    for failure in failures[:SHOWN]:
        lines.append(_failure_line(failure))
    bad = status.tasks.failed + status.tasks.skipped
    if failures and bad > min(SHOWN, len(failures)):
        lines.append(f"… and {bad - min(SHOWN, len(failures)):,} more that failed or were skipped")
    command = "status" if status.state == "succeeded" else "analyze"
    lines += [f"run: {status.run}", f"next: pegbatch {command} {submit_dir}"]
    return Notice(f"{plain_line(status.workflow)}: {status.state}", "\n".join(lines))


def failure_notice(workflow: str, run: str, failure: Mapping[str, Any], submit_dir: str) -> Notice:
    """Tell of the first failure of a run.

    Shapes: failure as a summary has it, as far as that is known: array, bag, id, reason.
    """
    name = plain_line(workflow)
    lines = [
        f"{name}: the first failure",
        _failure_line(failure),
        f"run: {run}",
        f"next: pegbatch status {submit_dir}",
    ]
    return Notice(f"{name}: first failure", "\n".join(lines))


def _failure_line(failure: Mapping[str, Any]) -> str:
    task, array, bag = (failure.get(key) for key in ("id", "array", "bag"))
    place = f"{array}" if bag is None else f"{array}:{bag}"
    why = str(failure.get("reason") or "no reason was given")[:LONGEST]
    start = f"task {str(task)[:LONGEST]} ({place})" if task else place
    return plain_line(f"{start}: {why}")

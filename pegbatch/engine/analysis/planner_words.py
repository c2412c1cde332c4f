"""Why the planner of a sub-workflow gave up: what it said itself, and what to do next."""

from __future__ import annotations

from pegbatch.engine.analysis.last_words import LONGEST_LINE
from pegbatch.model.analysis import Cause
from pegbatch.model.history import Execution
from pegbatch.model.plan import Job
from pegbatch.model.sub_workflows import SUB_WORKFLOW

_SPEAKER = "pegbatch: "
"""Begins what it says; further lines, indented, say what to do."""


def planner_cause(execution: Execution, job: Job | None) -> Cause | None:
    """Return the last thing that a planner said; None for other tasks, and where it said nothing.

    Source: `cli.nesting.main`, which ends as every command does.
    """
    if job is None or str(SUB_WORKFLOW) not in job.transformations or not execution.exit_code:
        return None
    lines = execution.stderr_tail.splitlines()
    said = [number for number, line in enumerate(lines) if line.startswith(_SPEAKER)]
    if not said:
        return None
    sentence = lines[said[-1]].removeprefix(_SPEAKER)[:LONGEST_LINE]
    return Cause(
        "exit-code", f"exit code {execution.exit_code}: {sentence}", _next(lines[said[-1] + 1 :])
    )


def _next(lines: list[str]) -> str:
    """Return the advice that follows a sentence."""
    advice = []
    for line in lines:
        if not line.startswith("  "):
            break
        advice.append(line.strip())
    return " ".join(advice)[:LONGEST_LINE]

"""What went wrong in a run: failures that are alike, why, and what they took along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pegbatch.model.history import Execution, PlannedTask
from pegbatch.model.layout import join_url, log_key
from pegbatch.model.records import spoke_on_stdout
from pegbatch.model.run_status import RunStatus, status_head

CauseKind: TypeAlias = Literal[
    "access-denied",
    "cancelled",
    "checkpoint-time",
    "checksum",
    "command-not-found",
    "dependency",
    "directory",
    "disk-full",
    "exit-code",
    "image-pull",
    "lost",
    "memory",
    "message",
    "missing-input",
    "missing-output",
    "not-executable",
    "python",
    "reclaimed",
    "signal",
    "store",
    "timeout",
    "unknown",
]
"""docs/analyze.md explains each."""


RunUrls: TypeAlias = Mapping[str, str]
"""URLs of a run (by the empty text) and of nested runs by their ids (`History.run_urls`)."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something failed."""

    kind: CauseKind
    sentence: str
    """What happened, in words; it may carry what a task or a service said."""
    advice: str = ""
    """What to do next; empty where only the program knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failures that are alike: one transformation, one kind of cause, one message."""

    cause: Cause
    """Of the example."""
    transformation: str
    """Complete name; empty for what runs no program of the workflow."""
    tasks: int
    executions: int
    """That failed, in all tries; more than tasks where they were tried again."""
    ids: tuple[str, ...]
    """The first few, in plan order."""
    arrays: tuple[str, ...]
    example: Execution
    """The first; of a child that was lost what Batch says of it."""
    log_stream: str = ""
    """CloudWatch Logs, of an example that was lost with its child."""
    skipped: int = 0
    """Tasks that could not run because one of these failed."""
    skipped_ids: tuple[str, ...] = ()
    """The first few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything that went wrong in a run so far."""

    status: RunStatus
    runs: RunUrls
    groups: tuple[FailureGroup, ...]
    """The one that took most tasks along first."""
    skipped: int = 0
    """Tasks that could not run, for whatever reason."""
    unexplained: int = 0
    """Those of them that no failure on record explains: a cancel, or what Batch has forgotten."""
    mended: int = 0
    """Tasks that failed before and have succeeded since."""

    @property
    def failed(self) -> int:
        """Return the number of tasks that failed, those lost with their child included."""
        return sum(group.tasks for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStory:
    """One task: every execution, and what came of it."""

    task: PlannedTask
    runs: RunUrls
    state: str
    """succeeded, failed, skipped, undone, lost, or waiting (running included)."""
    executions: tuple[Execution, ...]
    """Oldest first."""
    cause: Cause | None = None
    """Why it failed or was skipped; None where it did not."""
    root: str | None = None
    """Of a skipped task: the task whose failure it goes back to."""
    root_cause: Cause | None = None
    skipped: int = 0
    """Tasks that could not run because this one failed."""


def log_url(runs: RunUrls, execution: Execution) -> str:
    """Return where the log of its child lies, if that could put it; empty where there is none."""
    scope, _, array = execution.array.rpartition("/")
    run_url = runs.get(scope, "")
    if not run_url or execution.attempt < 1:
        return ""
    key = log_key(array, execution.bag, execution.try_, execution.attempt)
    return join_url(run_url, key)


def last_words(execution: Execution) -> tuple[str, str]:
    """Return which stream tells more, and its end: stderr, or stdout where that is empty."""
    if spoke_on_stdout(execution.stderr_tail, execution.stdout_tail):
        return "stdout", execution.stdout_tail
    return "stderr", execution.stderr_tail


def analysis_to_json(analysis: Analysis) -> dict[str, Any]:
    """Return the JSON object of `analyze --json`."""
    status = analysis.status
    return {
        **status_head(status),
        "failed": analysis.failed,
        "skipped": analysis.skipped,
        "unexplained": analysis.unexplained,
        "mended": analysis.mended,
        "failures": [_group_to_json(group, analysis.runs) for group in analysis.groups],
    }


def story_to_json(story: TaskStory) -> dict[str, Any]:
    """Return the JSON object of `analyze --json DIR TASK`."""
    return {
        "run": story.runs[""],
        "id": story.task.id,
        "transformation": story.task.transformation,
        "array": story.task.array,
        "bag": story.task.bag,
        "state": story.state,
        "cause": _cause_to_json(story.cause) if story.cause else None,
        "root": story.root,
        "root_cause": _cause_to_json(story.root_cause) if story.root_cause else None,
        "skipped": story.skipped,
        "executions": [
            {"state": execution.state, **_execution_to_json(execution, story.runs)}
            for execution in story.executions
        ],
    }


def _cause_to_json(cause: Cause) -> dict[str, str]:
    return {"kind": cause.kind, "sentence": cause.sentence, "next": cause.advice}


def _group_to_json(group: FailureGroup, runs: RunUrls) -> dict[str, Any]:
    return {
        **_cause_to_json(group.cause),
        "transformation": group.transformation,
        "tasks": group.tasks,
        "executions": group.executions,
        "ids": list(group.ids),
        "arrays": list(group.arrays),
        "skipped": group.skipped,
        "skipped_ids": list(group.skipped_ids),
        "example": {
            **_execution_to_json(group.example, runs),
            "log_stream": group.log_stream,
        },
    }


def _execution_to_json(execution: Execution, runs: RunUrls) -> dict[str, Any]:
    return {
        "id": execution.id,
        "array": execution.array,
        "bag": execution.bag,
        "try": execution.try_,
        "attempt": execution.attempt,
        "reason": execution.reason,
        "exit_code": execution.exit_code,
        "signal": execution.signal,
        "seconds": round(execution.seconds, 3),
        "max_rss_mib": execution.max_rss_mib,
        "stdout_tail": execution.stdout_tail,
        "stderr_tail": execution.stderr_tail,
        "log": log_url(runs, execution),
    }

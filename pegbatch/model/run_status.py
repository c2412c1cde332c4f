"""How a run stands: what `status --json`, `run --json` and `summary.json` say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pegbatch.model.records import TaskRecord, spoke_on_stdout

RunPhase: TypeAlias = Literal[
    "planned", "submitting", "running", "succeeded", "failed", "cancelled"
]

FAILURES_SHOWN = 20
"""Failures that a summary tells in full; the counts are those of all."""

Outcome: TypeAlias = Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCounts:
    """Tasks by what has become of them; the parts add up to the total."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    running: int = 0
    waiting: int = 0

    def __add__(self, other: TaskCounts) -> TaskCounts:
        return TaskCounts(
            total=self.total + other.total,
            succeeded=self.succeeded + other.succeeded,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
            running=self.running + other.running,
            waiting=self.waiting + other.waiting,
        )

    def without(self, other: TaskCounts) -> TaskCounts:
        """Return these tasks but for some of them."""
        return TaskCounts(
            total=max(0, self.total - other.total),
            succeeded=max(0, self.succeeded - other.succeeded),
            failed=max(0, self.failed - other.failed),
            skipped=max(0, self.skipped - other.skipped),
            running=max(0, self.running - other.running),
            waiting=max(0, self.waiting - other.waiting),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelStatus:
    """The tasks of one level of the workflow."""

    level: int
    arrays: int
    """Array jobs that run them."""
    tasks: TaskCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayStatus:
    """One array job of the run."""

    name: str
    job_id: str | None
    """None before it is submitted."""
    state: str
    """AWS Batch's word, or `UNSUBMITTED`."""
    reason: str
    """statusReason; empty where there is none."""
    size: int
    children: Mapping[str, int]
    """Children by status; a plain job counts as one child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """One look at a run."""

    run: str
    """The run's URL; empty before the first submission."""
    workflow: str
    service: str
    """`local`, `aws`, or empty before the first submission."""
    state: RunPhase
    tasks: TaskCounts
    arrays: tuple[ArrayStatus, ...]
    outputs: int
    """Files that the run delivers."""
    seconds: float
    """Since the first submission, up to the end of the run; 0 before it."""
    number: int = 1
    """The try; `try` in JSON."""
    levels: tuple[LevelStatus, ...] = ()
    """Ascending; empty where nobody has counted by level (the verdict)."""

    @property
    def is_over(self) -> bool:
        """Say whether nothing of the run goes on any more."""
        return self.state in ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One task that failed or was skipped, or a child that was lost with its bag."""

    array: str
    bag: int
    id: str | None
    """None for a lost child."""
    state: str
    """`failed` or `skipped`."""
    reason: str
    exit_code: int | None
    stderr_tail: str
    stdout_tail: str = ""
    """Empty where something was said on stderr."""


def failure_of(array: str, bag: int, record: TaskRecord) -> Failure:
    """Return what a summary tells of a task that has not succeeded."""
    return Failure(
        array=array,
        bag=bag,
        id=record.id,
        state=record.state,
        reason=record.reason,
        exit_code=record.exit_code,
        stderr_tail=record.stderr_tail,
        stdout_tail=record.stdout_tail
        if spoke_on_stdout(record.stderr_tail, record.stdout_tail)
        else "",
    )


def summary_to_json(status: RunStatus, failures: Iterable[Failure]) -> dict[str, Any]:
    """Return the JSON object of `summary.json`, whoever writes it: the status, and `failures`."""
    return {
        **status_to_json(status),
        "failures": [
            {
                "array": failure.array,
                "bag": failure.bag,
                "id": failure.id,
                "state": failure.state,
                "reason": failure.reason,
                "exit_code": failure.exit_code,
                "stderr_tail": failure.stderr_tail,
                "stdout_tail": failure.stdout_tail,
            }
            for failure in failures
        ],
    }


def status_to_json(status: RunStatus) -> dict[str, Any]:
    """Return the JSON object of `status --json`."""
    return {
        **status_head(status),
        **_levels_to_json(status),
        "arrays": [
            {
                "name": array.name,
                "job_id": array.job_id,
                "state": array.state,
                "reason": array.reason,
                "size": array.size,
                "children": dict(array.children),
            }
            for array in status.arrays
        ],
        "outputs": status.outputs,
        "seconds": round(status.seconds, 3),
    }


def status_head(status: RunStatus) -> dict[str, Any]:
    """Return what every JSON object about a whole run begins with."""
    return {
        "run": status.run,
        "workflow": status.workflow,
        "service": status.service,
        "state": status.state,
        "try": status.number,
        "tasks": counts_to_json(status.tasks),
    }


def _levels_to_json(status: RunStatus) -> dict[str, Any]:
    """Return the levels where somebody has counted them; the verdict has not."""
    if not status.levels:
        return {}
    return {"levels": [level_to_json(level) for level in status.levels]}


def level_to_json(level: LevelStatus) -> dict[str, Any]:
    """Return one of the `levels` of a status or a summary."""
    return {"level": level.level, "arrays": level.arrays, "tasks": counts_to_json(level.tasks)}


def level_from_json(data: Mapping[str, Any]) -> LevelStatus:
    """Read one of the `levels` of a summary.

    Errors: KeyError, TypeError, ValueError where it is none.
    """
    return LevelStatus(
        level=int(data["level"]),
        arrays=int(data["arrays"]),
        tasks=counts_from_json(data["tasks"]),
    )


def counts_to_json(counts: TaskCounts) -> dict[str, int]:
    """Return the `tasks` object of a status or a summary."""
    return {
        "total": counts.total,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "running": counts.running,
        "waiting": counts.waiting,
    }


def counts_from_json(data: Mapping[str, Any]) -> TaskCounts:
    """Read the `tasks` object of a summary.

    Errors: KeyError, TypeError, ValueError where it is none.
    """
    return TaskCounts(
        total=int(data["total"]),
        succeeded=int(data["succeeded"]),
        failed=int(data["failed"]),
        skipped=int(data["skipped"]),
        running=int(data.get("running", 0)),
        waiting=int(data.get("waiting", 0)),
    )

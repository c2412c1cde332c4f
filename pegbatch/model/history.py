"""What happened in a run: every execution of every task, and every attempt of every child.

Commands that look back (`analyze`, `statistics`, `report`, `graph`) read it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pegbatch.model.plan import Job
from pegbatch.model.records import TaskState
from pegbatch.model.run_status import RunStatus

AttemptState: TypeAlias = Literal["running", "succeeded", "failed", "lost"]
"""How an attempt stands; `failed`: a task of it failed at last, or it broke off and could say so;
`lost`: it ended without a last word (reclaimed, killed, no image). One whose tasks were all
skipped has succeeded, as for Batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """What the plan says of one task."""

    id: str
    transformation: str
    """Complete name, `namespace::name:version`."""
    array: str
    bag: int
    cluster: str = ""
    cores: int | None = None
    """None: the task has its bag for itself."""
    runtime_seconds: float | None = None
    """An expectation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution of one task, as its record tells it."""

    id: str
    array: str
    bag: int
    try_: int
    attempt: int
    """Of the child; 0 of what the client wrote (`undone`)."""
    state: TaskState
    start: float
    """Seconds since the epoch, as `end`."""
    end: float
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    max_rss_mib: float | None = None
    cpu_seconds: float | None = None
    """User and system time of the program and its children; None where it is not on record."""
    bytes_in: int | None = None
    """Sizes of the task's inputs; None where they are not on record."""
    bytes_out: int = 0
    files_out: int = 0
    """Outputs that were put, each with its checksum."""
    stdout_tail: str = ""
    """Of a failure only, as `stderr_tail`."""
    stderr_tail: str = ""

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAttempt:
    """One attempt at one child of an array, that is at one bag."""

    array: str
    bag: int
    try_: int
    attempt: int
    """From 1."""
    state: AttemptState
    start: float | None
    """Seconds since the epoch, as `end`; None where nobody knows."""
    end: float | None
    """None while it runs."""
    host: str = ""
    """Name of the container's host, as the worker saw it."""
    reason: str = ""
    """Of one that failed or is lost: its own last word, its first failure's, or Batch's."""
    exit_code: int | None = None
    """Of the child, 75 where it asked to be started again; None where nobody has told it."""
    waited_seconds: float | None = None
    """From when all that its bag waits for had ended to its start; None where that is not known."""
    log_stream: str | None = None

    @property
    def seconds(self) -> float:
        """Return how long it ran, as far as that is known."""
        if self.start is None or self.end is None:
            return 0.0
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A run so far."""

    status: RunStatus
    jobs: Sequence[Job]
    """The jobs of the plan, in plan order."""
    tasks: Mapping[str, PlannedTask]
    """By id, in plan order; those of compute arrays."""
    executions: Sequence[Execution]
    """Oldest first within a bag; arrays in plan order. Those of transfers (stage-in arrays) are
    among them, whose ids are not in `tasks`."""
    attempts: Sequence[ChildAttempt]
    """In the same order; of compute and stage-in arrays, the only ones that leave records."""
    newest: Mapping[str, Execution] = field(default_factory=dict)
    """By task, the execution that counts (`model.records.settle`'s rule)."""
    lost: Mapping[str, ChildAttempt] = field(default_factory=dict)
    """By task, in plan order, the attempt with which it was lost for good: its child ended, left
    no newer record of it, and does not come again. Transfers come last, as `array:bag`."""
    started: float | None = None
    """Seconds since the epoch, of the first submission."""
    ended: float | None = None

"""What happened in a run: every execution of every task, and every attempt of every child.

Commands that look back (`analyze`, `statistics`, `report`, `graph`) read it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from pegbatch.model.plan import Job
from pegbatch.model.records import TaskState
from pegbatch.model.run_status import RunPhase, RunStatus

AttemptState: TypeAlias = Literal["running", "succeeded", "failed", "lost"]
"""How an attempt stands; `failed`: a task of it failed at last, or it broke off and could say so;
`lost`: it ended without a last word (reclaimed, killed, no image). One whose tasks were all
skipped has succeeded, as for Batch."""

TaskStanding: TypeAlias = Literal["failed", "running", "skipped", "waiting", "succeeded"]
"""How a task stands: from the one that matters most in a crowd to the one that matters least."""


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
class NestedPart:
    """The run of a sub-workflow, whose tasks are among those of the run around it."""

    id: str
    """Of the task that plans and runs it, as the history has it; names of its array jobs are this,
    a slash, and what its own plan calls them."""
    prefix: str
    """What ids of its tasks begin with."""
    outer: str = ""
    """Id of the nested run that it lies in; empty: the run itself."""
    file: str
    """LFN of the workflow's file."""
    run: str
    """Its URL."""
    state: RunPhase
    """`planned` before it begins."""
    has_begun: bool = False
    """Its tasks are among those of the history."""
    submit_dir: str = ""
    """Where its plan was brought to; empty where it was not."""
    blamed: str = ""
    """Task of it that the failure of the run goes back to; empty where none failed."""


def scope_of(array: str) -> str:
    """Return the id of the nested run that an array job is of; empty: of the run itself."""
    return array.rpartition("/")[0]


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
    nested: Mapping[str, NestedPart] = field(default_factory=dict)
    """Sub-workflows that are planned in the run, by their tasks; what is known of their runs is
    merged into this history."""
    planned_in: tuple[str, ...] = ()
    """Sub-workflows whose tasks the plans have in their place; their tasks' ids begin with these,
    and a dot."""
    states: Mapping[str, TaskStanding] = field(init=False, compare=False, repr=False)
    """By task, in plan order; it follows from the rest, and is worked out once."""

    def __post_init__(self) -> None:
        """Work out how the tasks stand."""
        object.__setattr__(self, "states", _states(self))

    def phase_of(self, array: str) -> RunPhase:
        """Return how the run stands that an array job is of: this one, or one within it."""
        part = self.nested.get(scope_of(array)) if self.nested else None
        return self.status.state if part is None else part.state

    def prefix_of(self, array: str) -> str:
        """Return what ids of the tasks of an array job begin with, beyond their plan's."""
        part = self.nested.get(scope_of(array)) if self.nested else None
        return "" if part is None else part.prefix

    @property
    def run_urls(self) -> Mapping[str, str]:
        """Return the URLs of the run (by the empty text) and of those within it, by their ids."""
        return {"": self.status.run, **{id_: part.run for id_, part in self.nested.items()}}

    def is_consequence(self, task_id: str) -> bool:
        """Say whether a task is a sub-workflow that failed because a task of its run did."""
        if not self.nested:
            return False
        part, newest = self.nested.get(task_id), self.newest.get(task_id)
        if part is None or not part.blamed or task_id in self.lost:
            return False
        return newest is not None and newest.state == "failed"


def jobs_of(history: History, scope: str) -> list[Job]:
    """Return the jobs of one run, as its own plan calls them.

    Shapes: scope is the id of the nested run; empty: the run itself.
    """
    start = f"{scope}/" if scope else ""
    own = (job for job in history.jobs if scope_of(job.name) == scope)
    return [replace(job, name=job.name.removeprefix(start)) for job in own]


def _states(history: History) -> dict[str, TaskStanding]:
    """Return the state of each task of the plan.

    Shapes: a task that is being run again is running; one that was lost with its child has failed;
    one that waits for another start of its child waits; what never ran was skipped once the run
    is over. Of a run that succeeded every task did, also where its record is gone.
    """
    latest = {(one.array, one.bag): one for one in history.attempts}
    return {
        id_: _state_of(history, task, latest.get((task.array, task.bag)))
        for id_, task in history.tasks.items()
    }


def _state_of(history: History, task: PlannedTask, latest: ChildAttempt | None) -> TaskStanding:
    newest = history.newest.get(task.id)
    if newest is not None and newest.state == "succeeded":
        return "succeeded"
    if task.id in history.lost:
        return "failed"
    if latest is not None and latest.state == "running" and not _is_behind(latest, newest):
        return "running"
    if newest is not None and newest.state != "undone":
        return "failed" if newest.state == "failed" else "skipped"
    phase = history.phase_of(task.array)
    if phase == "succeeded":
        # Its record is gone; the verdict has seen it.
        return "succeeded"
    return "skipped" if phase in ("failed", "cancelled") else "waiting"


def _is_behind(attempt: ChildAttempt, newest: Execution | None) -> bool:
    """Say whether an attempt is past the task already."""
    if newest is None:
        return False
    return (newest.try_, newest.attempt) >= (attempt.try_, attempt.attempt)

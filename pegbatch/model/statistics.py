"""What `statistics` says of a run: counts, spreads and sums, as data.

Words are Pegasus's: a **job** is a child of an array (a bag), a **task** is one of the workflow, an
invocation is an execution of a task, and **badput** is time that came to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pegbatch.model.estimate import Cost, Estimate

Level = Literal["summary", "wf_stats", "jb_stats", "tf_stats", "ti_stats", "int_stats"]
"""A part of the statistics, by Pegasus's name for it."""

Ending = Literal["successful", "failed"]
"""Pegasus's word for how an invocation ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How numbers lie: all that is kept of them."""

    count: int
    least: float
    most: float
    total: float

    @property
    def mean(self) -> float:
        """Return the mean."""
        return self.total / self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of things of one type, as Pegasus counts it."""

    succeeded: int = 0
    failed: int = 0
    total: int = 0
    retries: int = 0
    """Times that one was started beyond the first."""

    @property
    def incomplete(self) -> int:
        """Return those that have neither succeeded nor failed: skipped, running, waiting."""
        return self.total - self.succeeded - self.failed

    @property
    def all_runs(self) -> int:
        """Return Pegasus's `Total+Retries`."""
        return self.succeeded + self.failed + self.retries


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The run as a whole."""

    tasks: Counts
    skipped: int
    """Of the incomplete tasks: those that were skipped because a parent failed."""
    jobs: Counts
    sub_workflows: Counts
    """Whole workflows that jobs stand for, whether their tasks are among those of the plan or were
    planned in the run; their own tasks and jobs are counted as such."""
    wall_seconds: float
    """From the first submission to the end, or to now."""
    busy_seconds: float
    """Of these: while anything of the run was at work, the time between two tries left out."""
    task_seconds: float
    """Of all invocations."""
    job_seconds: float
    """Of all attempts at children."""
    task_badput_seconds: float
    """Of invocations that failed, or whose success does not count any more."""
    planner_seconds: float
    """Of all attempts at planning and running sub-workflows: they wait for tasks that are counted,
    so this is in none of the other sums."""
    job_badput_seconds: float
    """Of attempts, without the invocations that count: all of a lost attempt but what it had
    recorded, and of others the invocations that do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformationRow:
    """The invocations of one transformation that ended in one way."""

    transformation: str
    ending: Ending
    count: int
    runtime_seconds: Spread
    cpu_seconds: Spread | None
    """None where it is on no record, as the others."""
    memory_mib: Spread | None
    bytes_in: Spread | None
    bytes_out: Spread
    wait_seconds: Spread | None
    """Of the attempts that these invocations ran in, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRow:
    """What the tasks of a transformation asked for, and what they took."""

    transformation: str
    memory_asked_mib: int
    """Of a child, the most that its arrays ask for."""
    memory_used_mib: float | None
    """The most that a success took, times the tasks that run side by side."""
    memory_advised_mib: int | None
    """None where what is asked for is right, or nothing is known."""
    cores_asked: int
    """Of a task."""
    cores_used: float | None
    """CPU time by runtime, the most of a success that took long enough to tell."""
    cores_advised: int | None
    out_of_memory: int
    """Invocations and attempts that were ended for lack of memory."""
    may_be_out_of_memory: int
    """Invocations that SIGKILL ended, for whatever reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayRow:
    """One array job over all tries."""

    array: str
    level: int
    tasks: Counts
    jobs: Counts
    task_seconds: float
    job_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One attempt at one child."""

    array: str
    child: int
    """The bag, which is the number of the child in the first try."""
    try_: int
    attempt: int
    state: str
    host: str
    start: float | None
    """Seconds since the epoch."""
    wait_seconds: float | None
    runtime_seconds: float
    task_seconds: float
    """Of its invocations."""
    cpu_seconds: float | None
    tasks: int
    """Invocations."""
    failed_tasks: int
    exit_code: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """What began in one hour or on one day, on one host or on all."""

    start: float
    """When that hour or day began; seconds since the epoch, UTC."""
    host: str
    """Empty for all hosts together."""
    jobs: int
    job_seconds: float
    tasks: int
    task_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """What checksums have to say."""

    files: int
    """Outputs that were given a checksum."""
    bytes_out: int
    mismatches: int
    """Invocations that a wrong checksum ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualCost:
    """What the children took of machines, priced, beside what was expected."""

    vcpu_hours: float
    gib_hours: float
    attempts: int
    cost: Cost
    estimate: Estimate | None
    """Of the same plan, by expected runtimes; None where none was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All tables that were asked for; what was not is None."""

    workflow: str
    run: str
    """URL of the run."""
    state: str
    service: str
    """`local` or `aws`."""
    tries: int
    """Submissions of the run."""
    started: float | None
    """Seconds since the epoch, as `ended`."""
    ended: float | None
    summary: Summary | None = None
    cost: ActualCost | None = None
    arrays: tuple[ArrayRow, ...] | None = None
    jobs: Callable[[], Iterator[JobRow]] | None = None
    """Made anew at each call: a large run has many."""
    transformations: tuple[TransformationRow, ...] | None = None
    resources: tuple[ResourceRow, ...] | None = None
    time: tuple[TimeRow, ...] | None = None
    hosts: tuple[TimeRow, ...] | None = None
    integrity: Integrity | None = None

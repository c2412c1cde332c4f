"""Jobs as the scheduler sees them: a job holds units, a unit is what runs in one container.

A plain job has one unit without an index, an array job one unit per child. These are the few
mutable nouns of the package: a scheduler of tens of thousands of children changes them in
place and tells what it changed (`effects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object of the wire."""

Status = Literal["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"]
STATUSES: tuple[Status, ...] = (
    "SUBMITTED",
    "PENDING",
    "RUNNABLE",
    "STARTING",
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
)
TERMINAL: frozenset[Status] = frozenset({"SUCCEEDED", "FAILED"})
WAITING: frozenset[Status] = frozenset({"SUBMITTED", "PENDING", "RUNNABLE"})
ON_A_HOST: frozenset[Status] = frozenset({"STARTING", "RUNNING"})

StopKind = Literal["terminated", "timeout", "host", "spot", "memory"]
"""Why a unit is being ended: by TerminateJob; by its timeout; its host was reclaimed, without or
(Fargate Spot) with a warning; it used too much memory."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of dependsOn."""

    job_id: str | None
    """None for SEQUENTIAL; `J:3` names a child."""
    type: str | None = None
    """N_TO_N, SEQUENTIAL, or None for the whole job."""


@dataclass(frozen=True, slots=True)
class ExitRule:
    """One entry of evaluateOnExit; None where a condition is not given."""

    action: str
    on_status_reason: str | None = None
    on_reason: str | None = None
    on_exit_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What a job asks for: definition and overrides merged; the same for all children."""

    name: str
    queue: str
    """Name of the job queue."""
    definition: str
    """Name of the job definition, for the log stream."""
    image: str = ""
    command: tuple[str, ...] = ()
    """With parameters put in."""
    environment: Mapping[str, str] = field(default_factory=dict)
    override_characters: int = 0
    """Length of the container overrides as ECS gets them, without Batch's own variables."""
    vcpus: float = 1.0
    memory_mib: int = 0
    size: int | None = None
    """Number of children; None for a plain job."""
    depends_on: tuple[Dependency, ...] = ()
    attempts: int = 1
    exit_rules: tuple[ExitRule, ...] = ()
    timeout_seconds: int | None = None
    share: str | None = None
    priority: int = 0
    """Scheduling priority; counts on queues with a fair-share policy only."""
    consumes: tuple[tuple[str, int], ...] = ()
    """Consumable resources: (name, quantity)."""
    launch_problem: str | None = None
    """Why the job was accepted but cannot be launched."""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One start of one unit."""

    task: str
    """Id of the ECS task, 32 hexadecimal digits; names log stream and log file."""
    started: float = 0.0
    stopped: float = 0.0
    exit_code: int | None = None
    reason: str | None = None
    """container.reason."""
    status_reason: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Unit:
    """A plain job's only run, or one child of an array."""

    job: Job
    index: int | None
    status: Status = "SUBMITTED"
    reason: str | None = None
    """statusReason."""
    waits: int = 0
    """Unmet dependencies on single children (N_TO_N, SEQUENTIAL)."""
    attempts: list[Attempt] = field(default_factory=list)
    stopped: float = 0.0
    """When it became SUCCEEDED or FAILED."""
    ticket: int = 0
    """Place in its queue; entries of the queue with another ticket are stale."""
    runnable_at: float = 0.0
    host: str = ""
    """Compute environment it was placed on."""
    took: tuple[float, int] = (0.0, 0)
    """vCPUs and MiB it holds there."""
    stop: StopKind | None = None
    """Why it is being ended, where it is."""
    stop_reason: str = ""
    cancel: str | None = None
    """Reason of an accepted CancelJob that has not taken effect."""
    terminated: bool = False
    cancelled: bool = False

    @property
    def id(self) -> str:
        """Return the job id that the API shows: `J`, or `J:i` for a child."""
        return self.job.id if self.index is None else f"{self.job.id}:{self.index}"

    @property
    def attempt(self) -> int:
        """Return the number of starts so far."""
        return len(self.attempts)


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A plain job, or an array job's parent with its children."""

    seq: int
    """Place in the order of submission."""
    id: str
    arn: str
    spec: JobSpec
    detail: Json
    """What DescribeJobs says of it and never changes."""
    created: float
    units: list[Unit] = field(default_factory=list)
    parent_status: Status = "SUBMITTED"
    """Of an array; a plain job's status is its unit's."""
    parent_reason: str | None = None
    counts: dict[Status, int] = field(default_factory=dict)
    """Children by status."""
    counted_at: float = 0.0
    blockers: int = 0
    """Unmet dependencies on whole jobs."""
    open_units: int = 0
    dependents: list[Job] = field(default_factory=list)
    """Jobs that wait for all of this one."""
    index_dependents: list[Job] = field(default_factory=list)
    """Arrays whose child i waits for child i of this one."""
    child_dependents: dict[int, list[Job]] = field(default_factory=dict)
    """Jobs that wait for one child of this one."""
    sequential: bool = False
    doomed: bool = False
    """A dependency on a whole job failed."""
    capped: bool = False
    """It asked for more than there is; said once."""
    started: float = 0.0
    stopped: float = 0.0
    visible_at: float = 0.0
    terminated: str | None = None
    """Reason of a TerminateJob of the whole job."""
    cancelled: str | None = None
    """Reason of a CancelJob of the whole job."""

    @property
    def is_array(self) -> bool:
        """Tell an array's parent from a plain job."""
        return self.spec.size is not None

    @property
    def status(self) -> Status:
        """Return the status that the API shows."""
        return self.parent_status if self.is_array else self.units[0].status

    @property
    def reason(self) -> str | None:
        """Return the statusReason that the API shows."""
        return self.parent_reason if self.is_array else self.units[0].reason

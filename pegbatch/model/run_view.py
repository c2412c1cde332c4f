"""A run as pictures show it: timeline, machines in use, distributions, array jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from pegbatch.model.history import AttemptState, TaskStanding
from pegbatch.model.plan import Job

Metric: TypeAlias = Literal["runtime", "memory", "cpu", "read", "written"]
METRICS: tuple[Metric, ...] = get_args(Metric)
"""Units: seconds, MiB, percent of the vCPUs that the task had, bytes, bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The bars of one array."""

    array: str
    count: int
    """Its bars; those of all bands follow each other."""
    lanes: int
    """At least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Where each attempt of a run is drawn."""

    started: float
    """Seconds since the epoch: time 0 of the picture, as `ended`."""
    ended: float
    bands: tuple[Band, ...]
    """In plan order; arrays of which nothing has started have none."""
    bars: Sequence[int]
    """Attempts by their number in the history; band after band, and there lane after lane, each
    in the order of their starts."""
    lanes: Sequence[int]
    """Of each bar, from 0 in its band."""
    unplaced: Sequence[int]
    """Attempts of which nobody knows when they began."""

    @property
    def seconds(self) -> float:
        """Return how much time the picture spans."""
        return max(0.0, self.ended - self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Cells of a grid side by side that look alike."""

    row: int
    """From 0 in its band."""
    column: int
    length: int
    state: AttemptState
    most: int
    """Attempts in one of these cells, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A timeline in steps of time, several lanes a row."""

    step_seconds: float
    bands: tuple[Band, ...]
    """Lanes are rows here, and bars are cells."""
    cells: Sequence[Cell]
    """Band after band, and there row after row."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one attempt of a child did with the tasks of its bag."""

    first: str
    """Id of the first task that it ran, or skipped."""
    tasks: int
    not_succeeded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Averages over steps of the same length."""

    step_seconds: float
    vcpus_taken: Sequence[float]
    """By children that ran, as their jobs ask for."""
    vcpus_used: Sequence[float]
    """By the programs of tasks: each one's CPU time, spread evenly over its runtime."""
    memory_taken_mib: Sequence[float]
    vcpus_most: int
    """Taken at once; `memory_most_mib` likewise, which may have been at another time."""
    memory_most_mib: int
    memory_used_mib: Sequence[float]
    """Sums of the most that each task which then ran has had at once."""
    knows_cpu: bool
    """Whether any record tells CPU time."""
    knows_memory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The values of one metric for one transformation; at least one value."""

    count: int
    total: float
    least: float
    lower: float
    """A quarter of the values is at most this."""
    median: float
    upper: float
    """A quarter of the values is at least this."""
    most: float
    edges: Sequence[float]
    """Of the bins, one more than these; ascending."""
    counts: Sequence[int]

    @property
    def mean(self) -> float:
        """Return the arithmetic mean."""
        return self.total / self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformationShape:
    """What the tasks of one transformation were like."""

    transformation: str
    tasks: int
    """In the plan."""
    succeeded: int
    metrics: Mapping[Metric, Distribution]
    """Over the executions that count and have succeeded; a metric of which no record tells
    anything is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayOutcome:
    """One job of the plan and how far it is."""

    job: Job
    layer: int
    """From 0; below all that it waits for."""
    word: TaskStanding
    batch: str
    """AWS Batch's word; empty before there is one."""
    reason: str
    """Batch's reason for it; mostly empty."""
    succeeded: int = 0
    """Tasks, as `failed` and `skipped`."""
    failed: int = 0
    skipped: int = 0

    @property
    def open(self) -> int:
        """Return the tasks that run or wait."""
        return max(0, self.job.tasks - self.succeeded - self.failed - self.skipped)

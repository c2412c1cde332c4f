"""Tasks in their bags: what the manifests are written from, as columns."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pegbatch.errors import Problem
from pegbatch.model.graph import Graph
from pegbatch.model.manifest import FileUse
from pegbatch.model.plan import Plan, Resources
from pegbatch.model.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """What the profiles of a task come to, after precedence."""

    resources: Resources
    tries: int
    """1 + dagman.retry."""
    timeout_seconds: int | None
    """maxwalltime."""
    runtime_seconds: float | None
    """An expectation: it packs and estimates, and never kills."""
    clusters_num: int | None
    clusters_size: int | None
    aggregator: str
    env: tuple[tuple[str, str], ...]
    """Sorted by name."""


@dataclass(frozen=True, slots=True)
class Executable:
    """What a transformation starts with at its site."""

    argv0: str
    """Path or name in the container, or `./name` of a staged file."""
    staged: tuple[FileUse, ...] = ()
    """Executables that are fetched into the task's directory first."""
    files: tuple[int, ...] = ()
    """LFN numbers that every task of it reads (compound transformation)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A local file that the client sends before the run."""

    sha256: str
    source: str
    """Absolute path."""
    url: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OutputPlaces:
    """Where delivered outputs end up: the Flat mapper over the output sites."""

    remote: tuple[str, ...]
    """Base URLs that the worker reaches (`s3://bucket/prefix`)."""
    local: tuple[str, ...]
    """Base URLs of directories on the client's machine (`file:///path`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayTasks:
    """The tasks of one array job, bag after bag."""

    name: str
    order: array[int]
    """Task numbers in the order in which their bags run them."""
    bag_offsets: array[int]
    """Length bags + 1, in `order`."""

    @property
    def size(self) -> int:
        """Return the number of bags."""
        return len(self.bag_offsets) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWorkflow:
    """A plan and all its tasks."""

    plan: Plan
    workflow: Workflow
    graph: Graph
    executables: tuple[Executable, ...]
    inputs: Mapping[int, FileUse]
    output_places: OutputPlaces
    delivered: bytearray
    """By LFN number: 1 where the file goes to the output sites."""
    uploads: tuple[Upload, ...]
    task_settings: array[int]
    settings_table: tuple[TaskSettings, ...]
    task_indices: array[int]
    clusters: array[int]
    cluster_names: Sequence[str]
    arrays: tuple[ArrayTasks, ...]
    array_of: array[int]
    bag_of: array[int]
    warnings: tuple[Problem, ...]

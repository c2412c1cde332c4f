"""Tasks in their bags: what the manifests are written from, as columns."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from pegbatch.errors import Problem
from pegbatch.model.containers import TaskContainer
from pegbatch.model.graph import Graph
from pegbatch.model.hooks import Hooks
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
    clusters_maxruntime: float | None = None
    """Seconds of expected runtime that a cluster may come to."""
    label: str = ""
    """Of the cluster that the task belongs to; empty for none."""
    side_by_side: Resources = field(default_factory=lambda: Resources(1, 1))
    """What the task takes while others of its bag run beside it (PMC)."""
    checkpoint_seconds: int | None = None
    """checkpoint.time."""
    failure_message: str = ""
    """exitcode.failuremsg, a regular expression."""
    success_message: str = ""
    """exitcode.successmsg, a regular expression."""


@dataclass(frozen=True, slots=True)
class Executable:
    """What a transformation starts with at its site."""

    argv0: str
    """Path or name in the container, or `./name` of a staged file."""
    staged: tuple[FileUse, ...] = ()
    """Executables that are fetched into the task's directory first."""
    hooks: Hooks = ()
    """That every task of it has."""
    container: TaskContainer | None = None
    """What its tasks run in; None: what the base job definition says."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A local file that the client sends before the run."""

    sha256: str
    source: str
    """Absolute path."""
    url: str
    size_bytes: int


MAPPED_SITE = "outer-workflow"
"""Where files go that the workflow around a sub-workflow wants."""


class Destination(NamedTuple):
    """One place that a delivered file ends up at."""

    lfn: str
    url: str
    site: str
    is_remote: bool
    """The worker reaches it; else it is on the client's machine."""


@dataclass(frozen=True, slots=True)
class OutputPlaces:
    """Where delivered outputs end up: an output mapper over the output sites."""

    remote: tuple[str, ...]
    """Base URLs that the worker reaches (`s3://bucket/prefix`)."""
    local: tuple[str, ...]
    """Base URLs of directories on the client's machine (`file:///path`)."""
    sites: tuple[str, ...] = ()
    """Names of the output sites: those of `remote`, then those of `local`."""
    hash_levels: int = 0
    """Folders of the Hashed mapper between base and file; 0 for Flat and Fixed."""
    mapped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By LFN: URLs that the worker reaches, in place of all others."""

    def destinations(self, lfn: str) -> tuple[Destination, ...]:
        """Return all places of one file, remote ones first."""
        if lfn in self.mapped:
            return tuple(Destination(lfn, url, MAPPED_SITE, True) for url in self.mapped[lfn])
        count = len(self.remote)
        names = self.sites or ("local",) * (count + len(self.local))
        return tuple(
            Destination(lfn, self.url(base, lfn), names[number], number < count)
            for number, base in enumerate((*self.remote, *self.local))
        )

    def remote_urls(self, lfn: str) -> list[str]:
        """Return those places of one file that the worker reaches."""
        return [place.url for place in self.destinations(lfn) if place.is_remote]

    def is_handed_over(self, lfn: str) -> bool:
        """Tell whether the worker reaches all places of one file, and there is one."""
        return lfn in self.mapped or bool(self.remote and not self.local)

    def url(self, base: str, lfn: str) -> str:
        """Return the place of one file below one of the bases.

        Shapes: a file keeps its place whatever else the workflow makes, so that a later plan
        finds it there.
        """
        if not self.hash_levels:
            return f"{base}/{lfn}"
        digits = sha256(lfn.encode()).hexdigest()
        folders = (digits[2 * level : 2 * level + 2] for level in range(self.hash_levels))
        return "/".join((base, *folders, lfn))


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


@dataclass(frozen=True, slots=True)
class Transfer:
    """A line of a bag without a program: inputs are fetched and put as outputs of the same LFN."""

    id: str
    """Unique in the plan, and no id of a task."""
    inputs: tuple[FileUse, ...]
    outputs: tuple[FileUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferArray:
    """The transfers of one `stage-in` array job, bag after bag."""

    name: str
    transfers: tuple[Transfer, ...]
    bag_offsets: array[int]
    """Length bags + 1, in `transfers`."""

    @property
    def size(self) -> int:
        """Return the number of bags."""
        return len(self.bag_offsets) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusedDelivery:
    """How an output of a task that was not run again gets to one output site."""

    lfn: str
    url: str
    """Where it lies, or a transfer of the run puts it; equal to destination: nothing to fetch."""
    destination: str
    site: str
    is_registered: bool
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """What one `clean-up` job deletes, bag after bag."""

    name: str
    after: tuple[str, ...]
    """Arrays that use one of the files; empty where all tasks have succeeded by then."""
    files: array[int]
    """LFN numbers of data files of the run."""
    bag_offsets: array[int]
    """Length bags + 1, in `files`."""

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
    registered: bytearray = field(default_factory=bytearray)
    """By LFN number: 1 where the file goes into a replica catalog; empty: none does."""
    reused: tuple[str, ...] = ()
    """Ids of tasks that are not run again."""
    reused_deliveries: tuple[ReusedDelivery, ...] = ()
    cluster_kinds: bytes = b""
    """By cluster: one of pegbatch.model.cluster_kinds."""
    cluster_resources: Mapping[int, Resources] = field(default_factory=dict)
    """By cluster, of those that are one bag: what the bag asks for."""
    transfer_arrays: tuple[TransferArray, ...] = ()
    """The `stage-in` arrays."""
    clean_ups: tuple[CleanUp, ...] = ()
    inner_places: tuple[OutputPlaces, ...] = ()
    """By number in `workflow.scopes`, where sub-workflows deliver; empty where there is none."""

    def places_of(self, lfn: int) -> OutputPlaces:
        """Return where a file goes that is delivered."""
        if not self.inner_places or self.workflow.lfn_scopes is None:
            return self.output_places
        return self.inner_places[self.workflow.lfn_scopes[lfn]]

"""The value that the refinements hand on: each stage adds columns to the one before.

A refinement takes one of these types and returns the next, so that nothing can read what has
not been decided yet.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from pegbatch.errors import Problem
from pegbatch.model.bags import (
    ArrayTasks,
    CleanUp,
    Executable,
    OutputPlaces,
    ReusedDelivery,
    TaskSettings,
    Transfer,
    TransferArray,
    Upload,
)
from pegbatch.model.catalogs import Site, SiteCatalog, TransformationCatalog
from pegbatch.model.facts import Facts
from pegbatch.model.graph import Graph
from pegbatch.model.manifest import FileUse
from pegbatch.model.options import PlanOptions
from pegbatch.model.plan import Job, Resources
from pegbatch.model.replica_sources import ReplicaSources
from pegbatch.model.settings import Settings
from pegbatch.model.workflow import Workflow
from pegbatch.planner.tuning import Tuning

Stage = TypeVar("Stage", bound="Given")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Everything that was read and looked up."""

    workflow: Workflow
    sites: SiteCatalog
    transformations: TransformationCatalog
    replicas: ReplicaSources
    settings: Settings
    options: PlanOptions
    facts: Facts
    tuning: Tuning
    warnings: tuple[Problem, ...] = ()
    inner: Mapping[int, Given] = field(default_factory=dict)
    """By number of the task that stands for it, sub-workflows whose file is at hand; `expand` puts
    their tasks in its place, and leaves none here."""
    scopes: tuple[Given, ...] = ()
    """By number in `workflow.scopes`, what each sub-workflow is planned with; empty where there is
    none, and the workflow's own is all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Given):
    """The workflow can be planned: references resolve, names are legal."""

    graph: Graph


class ReusedOutput(NamedTuple):
    """A file that a reused task would have made, and that a catalog knows."""

    lfn: int
    is_delivered: bool
    is_registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced(Checked):
    """Tasks whose outputs exist already are in workflow and graph no more."""

    reused: tuple[str, ...] = ()
    """Ids of the tasks that are gone, in document order."""
    reused_outputs: tuple[ReusedOutput, ...] = ()
    """By LFN number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped(Reduced):
    """Each task has a site, an executable there, and its profiles resolved."""

    site: Site
    executables: tuple[Executable, ...]
    """By transformation number."""
    task_settings: array[int]
    """By task: number in settings_table."""
    settings_table: tuple[TaskSettings, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located(Mapped):
    """Each input that no task makes has a URL, each output a place."""

    staging_url: str
    inputs: Mapping[int, FileUse]
    """By LFN number, for inputs from outside; an optional one that lies nowhere is left out."""
    uploads: tuple[Upload, ...]
    output_places: OutputPlaces
    inner_places: tuple[OutputPlaces, ...] = ()
    """By number in `workflow.scopes`, where sub-workflows deliver; empty where there is none."""
    delivered: bytearray
    """By LFN number: 1 where the file goes to the output sites."""
    reused_deliveries: tuple[ReusedDelivery, ...] = ()
    """Of tasks that are not run again: how their outputs get there."""
    copies: tuple[Transfer, ...] = ()
    """What the run copies for them."""

    def places_of(self, lfn: int) -> OutputPlaces:
        """Return where a file goes that is delivered."""
        if not self.inner_places or self.workflow.lfn_scopes is None:
            return self.output_places
        return self.inner_places[self.workflow.lfn_scopes[lfn]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled(Located):
    """Each task has its level."""

    levels: array[int]
    level_count: int
    task_indices: array[int]
    """PEGBATCH_TASK_INDEX of each task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustered(Levelled):
    """Tasks are gathered in Pegasus's clusters."""

    clusters: array[int]
    """By task: number in cluster_names, or -1."""
    cluster_names: Sequence[str]
    cluster_kinds: bytes
    """By cluster: one of pegbatch.model.cluster_kinds; all but NAMED are one bag."""
    cluster_resources: Mapping[int, Resources]
    """By cluster, of those that are one bag: what the bag asks for."""
    leaders: array[int]
    """By task: the first task of its cluster, or the task itself."""
    ranks: array[int]
    """By task: its place in its cluster, or its number where it is in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayDraft:
    """An array job in the making: its units in order.

    A unit is what is never torn apart: one task, or a serial cluster.
    """

    level: int
    resources: Resources
    order: array[int]
    """Task numbers, unit after unit."""
    unit_offsets: array[int] | None
    """Length units + 1, in `order`; None where each unit is one task."""

    @property
    def units(self) -> int:
        """Return the number of units."""
        return len(self.order) if self.unit_offsets is None else len(self.unit_offsets) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BagShares:
    """How long bags are, as parts of `pegbatch.pack.runtime`, where the vCPUs are known."""

    longest: float = 1.0
    least: float = 1 / 3
    """On average: a container has to start for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrayed(Clustered):
    """Tasks are gathered in array jobs; align orders their units."""

    drafts: tuple[ArrayDraft, ...]
    """Each after those it waits for."""
    bag_shares: BagShares = BagShares()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed(Arrayed):
    """Units are packed in bags."""

    arrays: tuple[ArrayTasks, ...]
    """In plan order."""
    array_levels: tuple[int, ...]
    array_resources: tuple[Resources, ...]
    array_of: array[int]
    """By task: position in arrays."""
    bag_of: array[int]
    """By task: bag in its array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged(Packed):
    """Files that have to be brought into the bucket first are gathered in arrays of their own."""

    transfer_arrays: tuple[TransferArray, ...]
    transfer_readers: tuple[tuple[int, ...], ...]
    """By transfer array: positions in `arrays` of those that read what it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked(Staged):
    """Jobs know what they depend on; barriers are among them."""

    jobs: tuple[Job, ...]
    clean_ups: tuple[CleanUp, ...] = ()


def grow(kind: type[Stage], stage: Given, **columns: Any) -> Stage:
    """Return the next stage: everything of the one before, and its new columns."""
    kept = {field.name: getattr(stage, field.name) for field in dataclasses.fields(stage)}
    return kind(**{**kept, **columns})

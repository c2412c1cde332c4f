"""The value that the refinements hand on: each stage adds columns to the one before.

A refinement takes one of these types and returns the next, so that nothing can read what has
not been decided yet.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pegbatch.errors import Problem
from pegbatch.model.bags import ArrayTasks, Executable, OutputPlaces, TaskSettings, Upload
from pegbatch.model.catalogs import ReplicaCatalog, Site, SiteCatalog, TransformationCatalog
from pegbatch.model.facts import Facts
from pegbatch.model.graph import Graph
from pegbatch.model.manifest import FileUse
from pegbatch.model.options import PlanOptions
from pegbatch.model.plan import Job, Resources
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
    replicas: ReplicaCatalog
    settings: Settings
    options: PlanOptions
    facts: Facts
    tuning: Tuning
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Given):
    """The workflow can be planned: references resolve, names are legal."""

    graph: Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped(Checked):
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
    delivered: bytearray
    """By LFN number: 1 where the file goes to the output sites."""


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
    serial_clusters: bytearray
    """By cluster number: 1 where its tasks run one after another in one bag."""
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
class Arrayed(Clustered):
    """Tasks are gathered in array jobs; align orders their units."""

    drafts: tuple[ArrayDraft, ...]
    """By level."""


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
class Linked(Packed):
    """Jobs know what they depend on; barriers are among them."""

    jobs: tuple[Job, ...]


def grow(kind: type[Stage], stage: Given, **columns: Any) -> Stage:
    """Return the next stage: everything of the one before, and its new columns."""
    kept = {field.name: getattr(stage, field.name) for field in dataclasses.fields(stage)}
    return kind(**{**kept, **columns})

"""The abstract workflow as parsed: tasks as columns of integers, names interned.

A million tasks are a handful of arrays, not a million objects. Numbers are positions: task
number 7 is the eighth job of the document, LFN number 3 is `Workflow.lfns[3]`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from operator import sub
from typing import NamedTuple

from pegbatch.errors import Problem
from pegbatch.model.catalogs import ReplicaCatalog, SiteCatalog, TransformationCatalog
from pegbatch.model.hooks import Hooks
from pegbatch.model.profiles import Profiles

# Bits of `TaskTable.use_flags`: how a task uses one file.
INPUT = 1
OUTPUT = 2
OPTIONAL = 4
"""An input that may be missing, an output that need not be made."""
TRANSFER = 8
"""An output that is delivered to the output site (`transfer`, `stageOut`)."""
REGISTER = 16
CHECKPOINT = 32
EXECUTABLE = 64
"""A `uses` that names an executable of the job, not a data file."""

NO_FILE = -1
"""In `TaskTable.stdins` and its siblings: the stream is not redirected."""


class TransformationName(NamedTuple):
    """What Pegasus calls the complete name: `namespace::name:version`."""

    namespace: str
    """Empty where there is none."""
    name: str
    version: str
    """Empty where there is none."""

    def __str__(self) -> str:
        prefix = f"{self.namespace}::" if self.namespace else ""
        suffix = f":{self.version}" if self.version else ""
        return f"{prefix}{self.name}{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTable:
    """Columns of the tasks, in document order; every column has one entry a task."""

    ids: Sequence[str]
    lines: array[int]
    """Line of the job element in the workflow file, from 1."""
    transformations: array[int]
    """Number in `Workflow.transformations`."""
    arguments: Sequence[str]
    """The argument items joined by one space, file references replaced by their LFNs."""
    profiles: array[int]
    """Number in `Workflow.profile_sets`; set 0 is the empty one."""
    stdins: array[int]
    """LFN number, or NO_FILE."""
    stdouts: array[int]
    stderrs: array[int]
    use_offsets: array[int]
    """Length n + 1: uses of task t are rows use_offsets[t] to use_offsets[t + 1]."""
    use_lfns: array[int]
    """One entry a use: LFN number."""
    use_flags: array[int]
    """One entry a use: the bits above."""
    hooks: array[int] | None = None
    """Number in `Workflow.hook_sets`; None where no task has any."""

    def __len__(self) -> int:
        return len(self.ids)

    def uses(self) -> Iterator[tuple[int, int, int]]:
        """Return (task, LFN number, flags) of every use, in order."""
        counts = map(sub, islice(self.use_offsets, 1, None), self.use_offsets)
        tasks = chain.from_iterable(map(repeat, range(len(self)), counts))
        return zip(tasks, self.use_lfns, self.use_flags, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubWorkflowJob:
    """What a job that stands for a whole workflow says besides what every task does.

    Its arguments are options of `pegasus-plan`.
    """

    file: str
    """LFN of the workflow's file; not always among its uses."""
    for_planning: frozenset[str] = frozenset()
    """LFNs that only its planning reads (`forPlanning`): catalogs, properties."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Explicit edges as written, in document order (duplicates and self-loops kept)."""

    parents: array[int]
    """Task numbers."""
    children: array[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowCounts:
    """What `inspect` prints: elements as written, duplicates and dangling ones counted."""

    jobs: int
    edges: int
    files: int
    """Distinct names in `uses`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One abstract workflow with the catalogs written inside it."""

    name: str
    source: str
    """Path of the file, for messages."""
    kind: str
    """`dax-xml` or `wf-yaml`."""
    version: str
    """Schema version as written; empty where there is none."""
    tasks: TaskTable
    lfns: Sequence[str]
    """Each LFN once, in order of first use (uses, then stdin/stdout/stderr)."""
    transformations: Sequence[TransformationName]
    profile_sets: Sequence[Profiles]
    edges: Edges
    counts: WorkflowCounts
    sites: SiteCatalog | None = None
    """Inline site catalog."""
    transformation_catalog: TransformationCatalog | None = None
    """Inline executables and transformations."""
    replicas: ReplicaCatalog | None = None
    """Inline file locations."""
    hooks: Hooks = ()
    """Of the workflow as a whole."""
    hook_sets: Sequence[Hooks] = ((),)
    """Of tasks; set 0 is the empty one."""
    sub_workflows: Mapping[int, SubWorkflowJob] = field(default_factory=dict)
    """By number of the task that stands for it; its transformation is SUB_WORKFLOW."""
    scopes: Sequence[str] = ("",)
    """Sub-workflows whose tasks are among these, by the ids of their jobs joined by dots; the first
    is the workflow itself."""
    transformation_scopes: Sequence[int] | None = None
    """By transformation, number in `scopes`; None: all are of the first. One name may stand there
    once for each scope."""
    lfn_scopes: Sequence[int] | None = None
    """By LFN, number in `scopes`; None: all are of the first. One name may stand there once for
    each scope: other files of sub-workflows that happen to be named alike."""
    defects: tuple[Problem, ...] = field(default=())
    """What keeps this workflow from being planned (dangling references, duplicate ids,
    sub-workflow jobs); `inspect` shows them, planning refuses them all at once."""
    warnings: tuple[Problem, ...] = field(default=())

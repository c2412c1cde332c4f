"""Parts: the workflows that become one plan, as the tree that their jobs make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pegbatch.model.graph import Graph
from pegbatch.model.workflow import Workflow
from pegbatch.planner.adopt_executables import adopt_executables
from pegbatch.planner.connect import connect
from pegbatch.planner.level import longest_distances
from pegbatch.planner.require_files import require_files
from pegbatch.planner.stages import Given


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One workflow of the tree."""

    number: int
    """Among all, in document order, each before those inside it."""
    path: str
    """Ids of the jobs that lead to it, joined by dots; empty for the first."""
    given: Given
    """What it is planned with."""
    graph: Graph
    """Of its own tasks; jobs that stand for workflows are tasks here."""
    outer: Part | None
    job: int
    """Task of the outer workflow that stands for it."""
    inner: dict[int, Part] = field(default_factory=dict)
    """By the task that stands for it, in document order."""

    @property
    def workflow(self) -> Workflow:
        """Return the workflow as it was written."""
        return self.given.workflow

    @property
    def prefix(self) -> str:
        """Return what its ids begin with in the plan."""
        return f"{self.path}." if self.path else ""

    def id_of(self, task: int) -> str:
        """Return the id of one of its tasks in the plan."""
        return self.prefix + self.workflow.tasks.ids[task]

    def where_of(self, task: int) -> str:
        """Return `file:line` of one of its tasks."""
        return f"{self.workflow.source}:{self.workflow.tasks.lines[task]}"

    def way_to(self, outer: Part) -> list[Part]:
        """Return it and those around it inside another one, outwards; empty where it is not there.

        Shapes: the last is directly inside the other one.
        """
        way: list[Part] = []
        part: Part | None = self
        while part is not None and part is not outer:
            way.append(part)
            part = part.outer
        return [] if part is None else way

    def uses_of(self, task: int) -> Iterator[tuple[int, int]]:
        """Yield (LFN number, flags) of the uses of one of its tasks."""
        tasks = self.workflow.tasks
        for use in range(tasks.use_offsets[task], tasks.use_offsets[task + 1]):
            yield tasks.use_lfns[use], tasks.use_flags[use]


def parts_of(given: Given) -> list[Part]:
    """Return all workflows of a tree, by number.

    Shapes: jobs of equal workflows often have one value, which is looked at once.
    """
    parts: list[Part] = []
    seen: dict[int, tuple[Given, Graph]] = {}
    waiting: list[tuple[Given, Part | None, int]] = [(given, None, -1)]
    while waiting:
        one, outer, job = waiting.pop()
        if id(one) not in seen:
            seen[id(one)] = _look_at(one, data_edges=given.tuning.data_edges)
        path = outer.id_of(job) if outer is not None else ""
        part = Part(len(parts), path, *seen[id(one)], outer, job)
        parts.append(part)
        if outer is not None:
            outer.inner[job] = part
        waiting += [(one.inner[task], part, task) for task in sorted(one.inner, reverse=True)]
    return parts


def _look_at(given: Given, *, data_edges: bool) -> tuple[Given, Graph]:
    own = require_files(adopt_executables(given))
    graph, _ = connect(own.workflow, data_edges=data_edges)
    return own, graph


@dataclass(frozen=True, slots=True)
class Kinship:
    """Who comes before whom in one workflow, as far as its sub-workflows are concerned."""

    graph: Graph
    bits: dict[int, int]
    """By task that stands for a workflow: its bit."""
    levels: list[int]
    before: list[int]
    """By task: bits of those that it depends on, directly or not."""

    @classmethod
    def of(cls, part: Part) -> Kinship:
        """Return the kinship of one workflow; linear in tasks and edges, for each 64 workflows."""
        graph = part.graph
        bits = {task: 1 << number for number, task in enumerate(part.inner)}
        levels = list(longest_distances(graph))
        before = [0] * len(levels)
        for task in sorted(range(len(levels)), key=levels.__getitem__):
            for parent in graph.parents_of(task):
                before[task] |= before[parent] | bits.get(parent, 0)
        return cls(graph, bits, levels, before)

    def depends(self, task: int, job: int) -> bool:
        """Tell whether a task depends on one that stands for a workflow."""
        return bool(self.before[task] & self.bits[job])

    def is_before(self, task: int, job: int) -> bool:
        """Tell whether one that stands for a workflow depends on a task."""
        waiting, seen = [job], {job}
        while waiting:
            for parent in self.graph.parents_of(waiting.pop()):
                if parent == task:
                    return True
                if parent not in seen and self.levels[parent] > self.levels[task]:
                    seen.add(parent)
                    waiting.append(parent)
        return False

"""Splice edges: what a job waits for, the inside waits for; what waits for it, for all inside."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pegbatch.model.workflow import Edges
from pegbatch.planner.gates import Gates, ends_of
from pegbatch.planner.parts import Part
from pegbatch.planner.splice_tasks import Spliced


def splice_edges(parts: Sequence[Part], gates: Gates, spliced: Spliced) -> Edges:
    """Return the explicit edges of the merged workflow."""
    ends = {part.number: _Ends([], []) for part in parts}
    edges = Edges(array("i"), array("i"))
    for part in reversed(parts):  # those inside first
        _add_own(part, spliced.numbers[part.number], edges)
        writer = _Writer(part, spliced, ends, edges)
        if part.inner:
            writer.add_between()
        writer.find_ends(gates)
    return edges


@dataclass(slots=True)
class _Ends:
    """Where edges to a sub-workflow lead, and where those from it begin: task numbers."""

    firsts: Sequence[int]
    lasts: Sequence[int]


def _add_own(part: Part, numbers: Sequence[int], edges: Edges) -> None:
    """Add the edges between tasks of one workflow, as they were written."""
    written, inner = part.workflow.edges, part.inner
    for parent, child in zip(written.parents, written.children, strict=True):
        if parent not in inner and child not in inner:
            edges.parents.append(numbers[parent])
            edges.children.append(numbers[child])


@dataclass(slots=True)
class _Writer:
    """Writes the edges of one workflow that begin or end at a sub-workflow."""

    part: Part
    spliced: Spliced
    ends: dict[int, _Ends]
    edges: Edges

    def add_between(self) -> None:
        """Add edges to and from sub-workflows; files that their jobs name tie as well."""
        part, graph = self.part, self.part.graph
        for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
            for parent in graph.parents[first:last]:
                if task in part.inner or parent in part.inner:
                    self._add(self._lasts(parent), self._firsts(task))

    def find_ends(self, gates: Gates) -> None:
        """Note the ends of the workflow itself, behind its gates where it has some."""
        part = self.part
        has_parents, has_children = ends_of(part)
        firsts = [n for task, has in enumerate(has_parents) if not has for n in self._firsts(task)]
        lasts = [n for task, has in enumerate(has_children) if not has for n in self._lasts(task)]
        before = self.spliced.before.get(part.number)
        behind = self.spliced.behind.get(part.number)
        if part.number in gates.alone:
            firsts = lasts = [] if before is None else [before]
        else:
            if before is not None:
                self._add([before], firsts)
                firsts = [before]
            if behind is not None:
                self._add(lasts, [behind])
                lasts = [behind]
        self.ends[part.number] = _Ends(firsts, lasts)

    def _firsts(self, task: int) -> Sequence[int]:
        inside = self.part.inner.get(task)
        if inside is None:
            return (self.spliced.numbers[self.part.number][task],)
        return self.ends[inside.number].firsts

    def _lasts(self, task: int) -> Sequence[int]:
        inside = self.part.inner.get(task)
        if inside is None:
            return (self.spliced.numbers[self.part.number][task],)
        return self.ends[inside.number].lasts

    def _add(self, parents: Sequence[int], children: Sequence[int]) -> None:
        for child in children:
            self.edges.parents.extend(parents)
            self.edges.children.extend([child] * len(parents))

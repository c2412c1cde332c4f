"""Gates: where a sub-workflow keeps its job, as a task that does nothing, to save on edges.

All that a job waits for is waited for by each of the first tasks inside it, and all of the last
ones by each that waits for the job. Where that would be too many pairs, the job stands between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pegbatch.planner.parts import Part

PAIRS_MAX = 100_000
"""Of one job, on one side."""
ALL_PAIRS_MAX = 2_000_000
"""Of all jobs together."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Which sub-workflows, by number, have a gate before or behind them."""

    before: set[int] = field(default_factory=set)
    behind: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)
    """Those without tasks: one gate in their place."""


def find_gates(parts: Sequence[Part]) -> Gates:
    """Return the gates of a tree of workflows; those inside are looked at first."""
    finder = _Finder()
    for part in reversed(parts):
        finder.look_inside(part)
    return finder.gates


class _Finder:
    """Counts first and last tasks."""

    def __init__(self) -> None:
        self.gates = Gates()
        self._firsts: dict[int, int] = {}
        """By workflow: how many tasks what is before it leads to."""
        self._lasts: dict[int, int] = {}
        self._pairs = 0

    def look_inside(self, part: Part) -> None:
        """Find the gates of the sub-workflows of one workflow, then count its ends."""
        if part.inner:
            self._find(part)
        has_parents, has_children = ends_of(part)
        inner = part.inner
        self._firsts[part.number] = sum(
            self._firsts[inner[task].number] if task in inner else 1
            for task, found in enumerate(has_parents)
            if not found
        )
        self._lasts[part.number] = sum(
            self._lasts[inner[task].number] if task in inner else 1
            for task, found in enumerate(has_children)
            if not found
        )
        if not has_parents:
            self.gates.alone.add(part.number)
            self._firsts[part.number] = self._lasts[part.number] = 1

    def _find(self, part: Part) -> None:
        for job, followers in self._followers(part).items():
            number = part.inner[job].number
            if self._is_too_much(self._lasts[number], followers):
                self.gates.behind.add(number)
                self._lasts[number] = 1
        for job, inside in part.inner.items():
            leaders = sum(
                self._lasts[part.inner[parent].number] if parent in part.inner else 1
                for parent in part.graph.parents_of(job)
            )
            if self._is_too_much(leaders, self._firsts[inside.number]):
                self.gates.before.add(inside.number)
                self._firsts[inside.number] = 1

    def _followers(self, part: Part) -> dict[int, int]:
        """Return how many tasks wait for each sub-workflow."""
        found = dict.fromkeys(part.inner, 0)
        graph = part.graph
        for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
            inside = part.inner.get(task)
            for parent in graph.parents[first:last]:
                if parent in found:
                    found[parent] += 1 if inside is None else self._firsts[inside.number]
        return found

    def _is_too_much(self, left: int, right: int) -> bool:
        pairs = left * right
        if left > 1 and right > 1 and (pairs > PAIRS_MAX or self._pairs + pairs > ALL_PAIRS_MAX):
            return True
        self._pairs += pairs
        return False


def ends_of(part: Part) -> tuple[bytearray, bytearray]:
    """Return, by task of one workflow, 1 where it has parents, and 1 where it has children."""
    graph = part.graph
    count = len(part.workflow.tasks)
    has_parents, has_children = bytearray(count), bytearray(count)
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        has_parents[task] = last > first
    for parent in graph.parents:
        has_children[parent] = 1
    return has_parents, has_children

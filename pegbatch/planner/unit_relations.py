"""Which units of which arrays a unit needs, and where two arrays match unit by unit."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pegbatch.model.graph import Graph
from pegbatch.planner.stages import ArrayDraft

NO_PARTNER = -1


@dataclass(frozen=True, slots=True)
class Match:
    """Two arrays of equal width between which each unit has one partner at most."""

    child: int
    """Position in the drafts."""
    parent: int
    partners: array[int]
    """By unit of the child: unit of the parent, or NO_PARTNER."""


@dataclass(frozen=True, slots=True)
class UnitRelations:
    """The edges between the units of drafts."""

    drafts: Sequence[ArrayDraft]
    graph: Graph
    array_of: array[int]
    """By task: position in the drafts."""
    unit_of: array[int]
    """By task: unit in its draft."""

    @classmethod
    def of(cls, drafts: Sequence[ArrayDraft], graph: Graph) -> UnitRelations:
        """Number the tasks of the drafts."""
        tasks = len(graph.parent_offsets) - 1
        array_of, unit_of = array("i", bytes(4 * tasks)), array("i", bytes(4 * tasks))
        for number, draft in enumerate(drafts):
            for unit, members in enumerate(units_of(draft)):
                for task in members:
                    array_of[task] = number
                    unit_of[task] = unit
        return cls(drafts, graph, array_of, unit_of)

    def needs(self, child: int) -> Iterator[tuple[int, int, int]]:
        """Yield (unit, parent array, unit there) for every edge that comes in from outside."""
        graph, array_of, unit_of = self.graph, self.array_of, self.unit_of
        offsets, parents = graph.parent_offsets, graph.parents
        for task in self.drafts[child].order:
            for edge in range(offsets[task], offsets[task + 1]):
                parent = parents[edge]
                if array_of[parent] != child:
                    yield unit_of[task], array_of[parent], unit_of[parent]

    def parents(self, child: int) -> set[int]:
        """Return the arrays that one array needs."""
        return {parent for _, parent, _ in self.needs(child)}

    def parents_in_step(self, child: int) -> set[int]:
        """Return the arrays of which each unit needs the unit of its own number at most."""
        units = self.drafts[child].units
        if units < 2:
            return set()
        found: dict[int, bool] = {}
        for unit, parent, parent_unit in self.needs(child):
            equal = unit == parent_unit and self.drafts[parent].units == units
            found[parent] = equal and found.get(parent, True)
        return {parent for parent, in_step in found.items() if in_step}

    def matches(self, child: int) -> list[Match]:
        """Return the links of one array that could become N_TO_N."""
        units = self.drafts[child].units
        if units < 2:
            return []
        found: dict[int, _Pairing | None] = {}
        for unit, parent, parent_unit in self.needs(child):
            if parent not in found:
                wide = self.drafts[parent].units == units
                found[parent] = _Pairing.empty(units) if wide else None
            pairing = found[parent]
            if pairing is not None and not pairing.put(unit, parent_unit):
                found[parent] = None
        return [
            Match(child, parent, pairing.partners)
            for parent, pairing in sorted(found.items())
            if pairing is not None
        ]


def units_of(draft: ArrayDraft) -> Iterator[array[int]]:
    """Yield the tasks of each unit of a draft, in order."""
    offsets = range(len(draft.order) + 1) if draft.unit_offsets is None else draft.unit_offsets
    for first, last in pairwise(offsets):
        yield draft.order[first:last]


@dataclass(frozen=True, slots=True)
class _Pairing:
    """Partners found so far, in both directions."""

    partners: array[int]
    back: array[int]

    @classmethod
    def empty(cls, units: int) -> _Pairing:
        return cls(array("i", [NO_PARTNER]) * units, array("i", [NO_PARTNER]) * units)

    def put(self, unit: int, parent_unit: int) -> bool:
        """Note one pair; False where one of the two has another partner."""
        if self.partners[unit] == parent_unit:
            return True
        if self.partners[unit] != NO_PARTNER or self.back[parent_unit] != NO_PARTNER:
            return False
        self.partners[unit] = parent_unit
        self.back[parent_unit] = unit
        return True

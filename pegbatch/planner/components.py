"""Components: groups of units that never meet, found over all arrays.

Where the units of several arrays fall into groups without an edge from one to another (samples,
chromosomes, tiles), each array is cut along these groups, so that what gathers one group waits
for that group alone. Links that join all groups do not count: what stands behind them waits for
everything anyway. So links are taken one after another, those that leave the most groups first,
as long as at least two of those they touch remain. Groups share a part where there are many: an
array has at most PARTS_MAX parts, and a part UNITS_LEAST units over all its arrays.

Neighbours share a part, or, where it is known how long groups take, those alike do: the longest
has one for itself, and parts grow towards the shortest, which can wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from pegbatch.model.graph import Graph
from pegbatch.planner.stages import ArrayDraft
from pegbatch.planner.unit_relations import UnitRelations

PARTS_MAX = 16
"""What gathers all parts names each of them, and a job can name 20."""
UNITS_LEAST = 8
"""Each part costs a call for each of its arrays."""


def find_parts(
    drafts: Sequence[ArrayDraft], graph: Graph, urgent: Sequence[Sequence[float]] | None
) -> list[list[list[int]]]:
    """Return, by draft, the units of each of its parts.

    Shapes: urgent, by draft and unit, is how long the workflow takes from there, where that is to
    count; one part where nothing is gained; n log n in tasks and edges.
    """
    firsts = [0, *accumulate(draft.units for draft in drafts)]
    components = _Components([draft.units for draft in drafts])
    for link in sorted(_links(drafts, graph, firsts), key=lambda link: -link.groups):
        components.take(link)
    parts: list[list[list[int]]] = [[list(range(draft.units))] for draft in drafts]
    for family in components.families_that_gather():
        units = [unit for number in family for unit in range(firsts[number], firsts[number + 1])]
        groups = [components.units.root(unit) for unit in units]
        if urgent is None:
            part_of = _parts(groups)
        else:
            seconds = [more for number in family for more in urgent[number]]
            part_of = _parts_by_urgency(groups, seconds)
        of_unit = dict(zip(units, part_of, strict=True))
        for number in family:
            parts[number] = _cut(drafts[number].units, firsts[number], of_unit)
    return parts


@dataclass(frozen=True, slots=True)
class _Link:
    """The edges between two arrays."""

    child: int
    parent: int
    pairs: Sequence[tuple[int, int]]
    """Units, numbered over all arrays."""
    groups: int
    """Of the units of both, as far as these edges tie them together."""
    gathers: bool
    """Some unit has several partners: children cannot wait one by one."""


def _links(drafts: Sequence[ArrayDraft], graph: Graph, firsts: Sequence[int]) -> Iterator[_Link]:
    relations = UnitRelations.of(drafts, graph)
    for child, draft in enumerate(drafts):
        pairs: dict[int, set[tuple[int, int]]] = {}
        for unit, parent, parent_unit in relations.needs(child):
            pair = (firsts[child] + unit, firsts[parent] + parent_unit)
            pairs.setdefault(parent, set()).add(pair)
        for parent, found in pairs.items():
            units = draft.units + drafts[parent].units
            ends = len({unit for unit, _ in found}), len({unit for _, unit in found})
            yield _Link(
                child=child,
                parent=parent,
                pairs=sorted(found),
                groups=units - sum(map(_Union().join, *zip(*found, strict=True))),
                gathers=min(ends) < len(found),
            )


@dataclass(frozen=True, slots=True)
class _Union:
    """Disjoint sets of numbers; a number that was never joined is a set of its own."""

    above: dict[int, int] = field(default_factory=dict)

    def root(self, number: int) -> int:
        """Return what stands for the set of a number."""
        above = self.above
        root = number
        while root in above:
            root = above[root]
        while number != root:
            above[number], number = root, above[number]
        return root

    def join(self, one: int, other: int) -> bool:
        """Make one set of two; False where they were one already."""
        one, other = self.root(one), self.root(other)
        if one != other:
            self.above[max(one, other)] = min(one, other)
        return one != other


class _Components:
    """Families of arrays, and the groups of units that are tied together in them."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.units = _Union()
        self._families = _Union()
        self._groups = list(sizes)
        """By array: groups of the family that it stands for."""
        self._gathering: set[int] = set()

    def take(self, link: _Link) -> None:
        """Join the arrays of a link in one family, unless it ties all that it touches together."""
        one, other = self._families.root(link.child), self._families.root(link.parent)
        pairs = [(self.units.root(child), self.units.root(parent)) for child, parent in link.pairs]
        ties = sum(map(_Union().join, *zip(*pairs, strict=True)))
        if len({unit for pair in pairs for unit in pair}) - ties < 2:
            return
        left = self._groups[one] + (self._groups[other] if one != other else 0) - ties
        for child, parent in pairs:
            self.units.join(child, parent)
        self._families.join(one, other)
        self._groups[self._families.root(one)] = left
        if link.gathers:
            self._gathering |= {link.child, link.parent}

    def families_that_gather(self) -> Iterator[list[int]]:
        """Yield the arrays of each family in which some unit waits for several others."""
        members: dict[int, list[int]] = {}
        for number in range(len(self._groups)):
            members.setdefault(self._families.root(number), []).append(number)
        for root in sorted({self._families.root(number) for number in self._gathering}):
            yield members[root]


def _parts(groups: Sequence[int]) -> list[int]:
    """Return, by unit, its part: neighbouring groups together, as even in units as can be."""
    sizes: dict[int, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    parts = _count(len(sizes), len(groups))
    starts = accumulate(sizes.values(), initial=0)
    part_of = {
        group: (start + size // 2) * parts // len(groups)
        for (group, size), start in zip(sizes.items(), starts, strict=False)
    }
    return [part_of[group] for group in groups]


def _parts_by_urgency(groups: Sequence[int], seconds: Sequence[float]) -> list[int]:
    """Return, by unit, its part: the longest group by itself, the more together the shorter."""
    longest: dict[int, float] = {}
    for group, more in zip(groups, seconds, strict=True):
        longest[group] = max(longest.get(group, 0.0), more)
    parts = _count(len(longest), len(groups))
    part_of, part, end = {}, 0, 0
    for rank, group in enumerate(sorted(longest, key=lambda group: (-longest[group], group))):
        if rank == end:
            part += 1
            end = max(end + 1, round(len(longest) ** (part / parts)))
        part_of[group] = part - 1
    return [part_of[group] for group in groups]


def _count(groups: int, units: int) -> int:
    """Return how many parts a family has at most."""
    return min(PARTS_MAX, groups, max(1, units // UNITS_LEAST))


def _cut(units: int, first: int, part_of: dict[int, int]) -> list[list[int]]:
    """Return the units of an array, a list for each part that has any."""
    found: dict[int, list[int]] = {}
    for unit in range(units):
        found.setdefault(part_of[first + unit], []).append(unit)
    return [found[part] for part in sorted(found)]

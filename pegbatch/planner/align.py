"""Align: order the units of arrays so that links between arrays can be N_TO_N.

Two arrays of the same number of units, between which each unit has one partner at most, can run
unit by unit without a barrier when partners stand at the same position. Links are taken one
after another, widest first. Arrays that are aligned form a family with one common order; joining
two families turns the smaller one, and a link inside a family holds only if it already fits.
An array that cannot be aligned follows its widest parent, so that packing keeps neighbours
together and may still make the link N_TO_N.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from pegbatch.model.graph import Graph
from pegbatch.planner.stages import ArrayDraft, Arrayed, grow

NO_PARTNER = -1


@dataclass(frozen=True, slots=True)
class Match:
    """Partners between two arrays of equal width: unit of the child array to unit of the parent."""

    child: int
    """Position in the drafts."""
    parent: int
    partners: array[int]


@dataclass(slots=True)
class _Family:
    """Arrays with one common order; `places[a][unit]` is the position of a unit of array a."""

    places: dict[int, array[int]] = field(default_factory=dict)


def align(arrayed: Arrayed) -> Arrayed:
    """Order the units of every array.

    Shapes: the same drafts with their units permuted; n log n in tasks and edges.
    """
    if len(arrayed.drafts) < 2:
        return arrayed
    drafts, graph = arrayed.drafts, arrayed.graph
    array_of, unit_of = _places_of_tasks(drafts, len(arrayed.levels))
    relations = _Relations(drafts, graph, array_of, unit_of)
    matches = [match for child in range(len(drafts)) for match in relations.matches(child)]
    families = _join(drafts, matches)
    _follow_widest_parents(drafts, families, relations)
    return grow(
        Arrayed,
        arrayed,
        drafts=tuple(
            _ordered(draft, families[number].places[number]) for number, draft in enumerate(drafts)
        ),
    )


def _places_of_tasks(drafts: tuple[ArrayDraft, ...], tasks: int) -> tuple[array[int], array[int]]:
    """Return, by task, its array and its unit in it."""
    array_of, unit_of = array("i", bytes(4 * tasks)), array("i", bytes(4 * tasks))
    for number, draft in enumerate(drafts):
        for unit, members in enumerate(units_of(draft)):
            for task in members:
                array_of[task] = number
                unit_of[task] = unit
    return array_of, unit_of


def units_of(draft: ArrayDraft) -> Iterator[array[int]]:
    """Yield the tasks of each unit of a draft, in order."""
    offsets = range(len(draft.order) + 1) if draft.unit_offsets is None else draft.unit_offsets
    for first, last in pairwise(offsets):
        yield draft.order[first:last]


@dataclass(frozen=True, slots=True)
class _Relations:
    """Which units of which arrays a unit needs."""

    drafts: tuple[ArrayDraft, ...]
    graph: Graph
    array_of: array[int]
    unit_of: array[int]

    def matches(self, child: int) -> list[Match]:
        """Return the links of one array that could become N_TO_N."""
        draft = self.drafts[child]
        if draft.units < 2:
            return []
        found: dict[int, _Pairing | None] = {}
        for unit, parent, parent_unit in self.needs(child):
            if parent not in found:
                wide = self.drafts[parent].units == draft.units and parent != child
                found[parent] = _Pairing.empty(draft.units) if wide else None
            pairing = found[parent]
            if pairing is not None and not pairing.put(unit, parent_unit):
                found[parent] = None
        return [
            Match(child, parent, pairing.partners)
            for parent, pairing in sorted(found.items())
            if pairing is not None
        ]

    def needs(self, child: int) -> Iterator[tuple[int, int, int]]:
        """Yield (unit, parent array, unit there) for every edge into an array."""
        graph, array_of, unit_of = self.graph, self.array_of, self.unit_of
        offsets, parents = graph.parent_offsets, graph.parents
        for task in self.drafts[child].order:
            for edge in range(offsets[task], offsets[task + 1]):
                parent = parents[edge]
                yield unit_of[task], array_of[parent], unit_of[parent]

    def widest_parent(self, child: int) -> int | None:
        """Return the parent array with the most units, the last one among equals."""
        parents = {parent for _, parent, _ in self.needs(child)}
        return max(parents, key=lambda parent: (self.drafts[parent].units, parent), default=None)


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


def _join(drafts: tuple[ArrayDraft, ...], matches: list[Match]) -> list[_Family]:
    """Return the family of each array after taking the links, widest first."""
    families = [
        _Family({number: array("i", range(draft.units))}) for number, draft in enumerate(drafts)
    ]
    for match in sorted(matches, key=lambda m: (-len(m.partners), m.child, -m.parent)):
        child, parent = families[match.child], families[match.parent]
        if child is parent:
            continue
        turn = _turn(match, child.places[match.child], parent.places[match.parent])
        if len(child.places) > len(parent.places):
            child, parent, turn = parent, child, _inverse(turn)
        for number, places in child.places.items():
            parent.places[number] = array("i", (turn[place] for place in places))
            families[number] = parent
    return families


def _turn(match: Match, child: array[int], parent: array[int]) -> array[int]:
    """Return where each position of the child's family goes in the parent's."""
    turn = array("i", [NO_PARTNER]) * len(child)
    taken = bytearray(len(child))
    for unit, partner in enumerate(match.partners):
        if partner != NO_PARTNER:
            turn[child[unit]] = parent[partner]
            taken[parent[partner]] = 1
    free = (place for place, used in enumerate(taken) if not used)
    for place, target in enumerate(turn):
        if target == NO_PARTNER:
            turn[place] = next(free)
    return turn


def _inverse(turn: array[int]) -> array[int]:
    back = array("i", bytes(4 * len(turn)))
    for place, target in enumerate(turn):
        back[target] = place
    return back


def _follow_widest_parents(
    drafts: tuple[ArrayDraft, ...], families: list[_Family], relations: _Relations
) -> None:
    """Turn each family so that its first array stands in the order of its widest parent."""
    settled: set[int] = set()
    for number in range(len(drafts)):
        family = families[number]
        if id(family) in settled:
            continue
        settled.add(id(family))
        parent = relations.widest_parent(number)
        if parent is not None and families[parent] is not family:
            keys = _positions_of_parents(number, parent, families, relations)
            _reorder(family, _sorted_places(family.places[number], keys))


def _positions_of_parents(
    child: int, parent: int, families: list[_Family], relations: _Relations
) -> Mapping[int, int]:
    """Return, by unit of the child, the first position of its parents in one array."""
    places = families[parent].places[parent]
    keys: dict[int, int] = {}
    for unit, other, parent_unit in relations.needs(child):
        if other == parent:
            place = places[parent_unit]
            keys[unit] = min(keys.get(unit, place), place)
    return keys


def _sorted_places(places: array[int], keys: Mapping[int, int]) -> array[int]:
    """Return, by old position, the new one: by the parents' position, then as before."""
    last = len(keys) and max(keys.values()) + 1
    units = sorted(range(len(places)), key=lambda unit: (keys.get(unit, last), places[unit]))
    turn = array("i", bytes(4 * len(places)))
    for position, unit in enumerate(units):
        turn[places[unit]] = position
    return turn


def _reorder(family: _Family, turn: array[int]) -> None:
    for number, places in family.places.items():
        family.places[number] = array("i", (turn[place] for place in places))


def _ordered(draft: ArrayDraft, places: array[int]) -> ArrayDraft:
    """Return the draft with each unit at its place."""
    by_place = _inverse(places)
    if draft.unit_offsets is None:
        return replace(draft, order=array("i", (draft.order[unit] for unit in by_place)))
    units = list(units_of(draft))
    order, offsets = array("i"), array("i", [0])
    for unit in by_place:
        order.extend(units[unit])
        offsets.append(len(order))
    return replace(draft, order=order, unit_offsets=offsets)

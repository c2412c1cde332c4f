"""Align: order the units of arrays so that links between arrays can be N_TO_N.

Two arrays of the same number of units, between which each unit has one partner at most, can run
unit by unit without a barrier when partners stand at the same position. Links are taken one
after another, widest first. Arrays that are aligned form a family with one common order; joining
two families turns the smaller one, and a link inside a family holds only if it already fits.
A family begins with its most urgent units (where runtimes are known), as Batch starts children in
order; for the rest it follows its widest parent, so that packing keeps neighbours together and may
still make the link N_TO_N.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pegbatch.planner.stages import ArrayDraft, Arrayed, grow
from pegbatch.planner.unit_relations import NO_PARTNER, Match, UnitRelations, units_of
from pegbatch.planner.urgency import urgencies


@dataclass(slots=True)
class _Family:
    """Arrays with one common order; `places[a][unit]` is the position of a unit of array a."""

    places: dict[int, array[int]] = field(default_factory=dict)


def align(arrayed: Arrayed) -> Arrayed:
    """Order the units of every array.

    Shapes: the same drafts with their units permuted; n log n in tasks and edges.
    """
    drafts = arrayed.drafts
    relations = UnitRelations.of(drafts, arrayed.graph)
    matches = [match for child in range(len(drafts)) for match in relations.matches(child)]
    families = _join(drafts, matches)
    _put_in_order(drafts, families, relations, urgencies(arrayed, drafts))
    return grow(
        Arrayed,
        arrayed,
        drafts=tuple(
            _ordered(draft, families[number].places[number]) for number, draft in enumerate(drafts)
        ),
    )


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


def _put_in_order(
    drafts: tuple[ArrayDraft, ...],
    families: list[_Family],
    relations: UnitRelations,
    urgent: Sequence[Sequence[float]] | None,
) -> None:
    """Turn each family: urgent units first, then in the order of the widest parent."""
    settled: set[int] = set()
    for number in range(len(drafts)):
        family = families[number]
        if id(family) in settled:
            continue
        settled.add(id(family))
        parent = _widest_parent(number, relations)
        keys: Mapping[int, int] = {}
        if parent is not None and families[parent] is not family:
            keys = _positions_of_parents(number, parent, families, relations)
        if keys or urgent:
            seconds = _urgency_of_places(family, urgent) if urgent else None
            _reorder(family, _sorted_places(family.places[number], keys, seconds))


def _urgency_of_places(family: _Family, urgent: Sequence[Sequence[float]]) -> array[float]:
    """Return, by position, the most that any array of the family still has before it there."""
    found = array("d", bytes(8 * len(next(iter(family.places.values())))))
    for number, places in family.places.items():
        for place, seconds in zip(places, urgent[number], strict=True):
            found[place] = max(found[place], seconds)
    return found


def _widest_parent(child: int, relations: UnitRelations) -> int | None:
    """Return the parent array with the most units, the last one among equals."""
    drafts = relations.drafts
    return max(
        relations.parents(child), key=lambda parent: (drafts[parent].units, parent), default=None
    )


def _positions_of_parents(
    child: int, parent: int, families: list[_Family], relations: UnitRelations
) -> Mapping[int, int]:
    """Return, by unit of the child, the first position of its parents in one array."""
    places = families[parent].places[parent]
    keys: dict[int, int] = {}
    for unit, other, parent_unit in relations.needs(child):
        if other == parent:
            place = places[parent_unit]
            keys[unit] = min(keys.get(unit, place), place)
    return keys


def _sorted_places(
    places: array[int], keys: Mapping[int, int], seconds: Sequence[float] | None
) -> array[int]:
    """Return, by old position, the new one: by urgency, the parents' position, then as before."""
    last = len(keys) and max(keys.values()) + 1
    order = ((keys.get(unit, last), place, unit) for unit, place in enumerate(places))
    if seconds is None:
        ordered = sorted(order)
    else:
        ordered = sorted(order, key=lambda row: (-seconds[row[1]], row))
    turn = array("i", bytes(4 * len(places)))
    for position, (_, place, _) in enumerate(ordered):
        turn[place] = position
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

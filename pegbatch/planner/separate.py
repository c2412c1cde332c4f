"""Separate: with `pegbatch.array.by = auto`, arrays and bags let a workflow end early.

Tasks that never meet get arrays of their own: what gathers one group (a sample, a chromosome, a
tile) then waits for that group alone. But Batch starts array after array, so that a long unit of a
late part can be left over; arrays apart may lose a partner child by child (N_TO_N), and each costs
a call. So whole levels, the arrays that start and end alike, and these in parts are all played by
expected runtimes (one second each where none is known), and the best is taken. So are bags of
several lengths, where packing by runtime is asked for and the vCPUs are known.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pegbatch.planner.align import align
from pegbatch.planner.components import find_parts
from pegbatch.planner.make_arrays import make_arrays
from pegbatch.planner.rehearse import Rehearsal, Rehearsals
from pegbatch.planner.stages import ArrayDraft, Arrayed, BagShares, grow
from pegbatch.planner.unit_relations import units_of
from pegbatch.planner.urgency import most_urgent_first, urgencies

ALIKE = 1.01
"""Plans that differ by less are alike: each array costs a call, and runtimes are expectations."""

BAG_SHARES = (
    BagShares(),
    BagShares(least=1 / 6),
    BagShares(longest=1 / 2),
    BagShares(longest=1 / 2, least=1 / 6),
)


def separate(arrayed: Arrayed) -> Arrayed:
    """Put arrays in order and, where asked, cut them where the workflow ends earlier for it.

    Shapes: the same tasks in the same units; drafts stand after those they wait for.
    """
    if arrayed.tuning.array_by != "auto" or not arrayed.drafts:
        return _by_level(arrayed, arrayed.drafts)
    rehearsals = Rehearsals(arrayed)
    best = _best(list(_arrangements(arrayed)), lambda plan: rehearsals.play(align(plan)))
    if arrayed.tuning.pack_runtime_seconds is None or arrayed.tuning.pack_vcpus is None:
        return best
    aligned = align(best)  # which does not hang on how long bags are
    plans = [grow(Arrayed, best, bag_shares=shares) for shares in BAG_SHARES]
    return _best(
        plans, lambda plan: rehearsals.play(grow(Arrayed, aligned, bag_shares=plan.bag_shares))
    )


def _best(plans: Sequence[Arrayed], play: Callable[[Arrayed], Rehearsal]) -> Arrayed:
    """Return the first of the best plans; none that takes longer on unlimited vCPUs than the last.

    Shapes: one or more plans, those with fewer arrays first.
    """
    if len(plans) == 1:
        return plans[0]
    played = [play(plan) for plan in plans]
    most = played[-1].unlimited_seconds
    least = min(of.score for of in played if of.unlimited_seconds <= most)
    return next(
        plan
        for plan, of in zip(plans, played, strict=True)
        if of.unlimited_seconds <= most and of.score <= least * ALIKE
    )


def _arrangements(arrayed: Arrayed) -> Iterator[Arrayed]:
    """Yield ways to make arrays, the fewest first, and last `pegbatch.array.by = level`."""
    tuning = replace(arrayed.tuning, array_by="level")
    levels = make_arrays(grow(Arrayed, arrayed, tuning=tuning)).drafts
    whole = _by_urgency(arrayed, arrayed.drafts)
    urgent = urgencies(whole, whole.drafts)
    yield whole
    seen = [_tasks(whole.drafts)]
    for drafts in (
        _cut(whole.drafts, find_parts(whole.drafts, whole.graph, None)),
        _cut(whole.drafts, find_parts(whole.drafts, whole.graph, urgent)),
    ):
        if _tasks(drafts) not in seen:
            seen.append(_tasks(drafts))
            yield _by_urgency(arrayed, drafts)
    yield _by_level(arrayed, levels)


def _tasks(drafts: Sequence[ArrayDraft]) -> frozenset[bytes]:
    return frozenset(draft.order.tobytes() for draft in drafts)


def _by_level(arrayed: Arrayed, drafts: Sequence[ArrayDraft]) -> Arrayed:
    return grow(Arrayed, arrayed, drafts=most_urgent_first(drafts, arrayed, by_level=True))


def _by_urgency(arrayed: Arrayed, drafts: Sequence[ArrayDraft]) -> Arrayed:
    return grow(Arrayed, arrayed, drafts=most_urgent_first(drafts, arrayed, by_level=False))


def _cut(
    drafts: Sequence[ArrayDraft], found: Sequence[Sequence[Sequence[int]]]
) -> list[ArrayDraft]:
    """Return the arrays in parts; one that has but one part stays as it is."""
    return [
        piece
        for draft, parts in zip(drafts, found, strict=True)
        for piece in ([draft] if len(parts) == 1 else _pieces(draft, parts))
    ]


def _pieces(draft: ArrayDraft, parts: Sequence[Sequence[int]]) -> Iterator[ArrayDraft]:
    """Yield an array for each part of another one's units."""
    whole = list(units_of(draft))
    for units in parts:
        order, offsets = array("i"), array("i", [0])
        for unit in units:
            order.extend(whole[unit])
            offsets.append(len(order))
        plain = len(order) == len(units)
        yield replace(draft, order=order, unit_offsets=None if plain else offsets)

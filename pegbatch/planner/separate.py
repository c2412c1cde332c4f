"""Separate: with `pegbatch.array.by = auto`, tasks that never meet get arrays of their own.

What gathers one group (a sample, a chromosome, a tile) then waits for that group alone. But Batch
starts array after array, so that a long unit of a late part can be left over. So both are played
by expected runtimes (one second each where none is known), on unlimited vCPUs and on as many as
make the workflow's critical path as long as its work divided by them, where order matters most.
Arrays that were made apart already go back into one a level where that would end earlier: apart
they may have lost a partner child by child (N_TO_N), and wait for all of it instead.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace

from pegbatch.planner.align import align
from pegbatch.planner.components import find_parts
from pegbatch.planner.make_arrays import make_arrays
from pegbatch.planner.play import Stage, Step, play
from pegbatch.planner.stages import ArrayDraft, Arrayed, grow
from pegbatch.planner.unit_relations import UnitRelations, units_of
from pegbatch.planner.urgency import most_urgent_first, runtimes_of

GAIN = 0.99
"""Parts have to make the workflow this much shorter somewhere: each costs a call."""
LOSS = 1.01
"""And on few vCPUs not longer than this."""


def separate(arrayed: Arrayed) -> Arrayed:
    """Cut arrays into parts where the workflow ends earlier for it.

    Shapes: the same tasks in the same units; drafts by level, the most urgent of a level first.
    """
    whole = _in_order(arrayed, list(arrayed.drafts))
    if arrayed.tuning.array_by != "auto":
        return whole
    levels = _by_level(arrayed)
    if len(levels.drafts) < len(whole.drafts) and _seconds(levels) < _seconds(whole):
        whole = levels
    found = find_parts(whole.drafts, arrayed.graph)
    if all(len(of) == 1 for of in found):
        return whole
    pieces = [
        _piece(draft, units)
        for draft, parts in zip(whole.drafts, found, strict=True)
        for units in parts
    ]
    separated = _in_order(arrayed, pieces)
    return separated if _is_worth_it(align(whole), align(separated)) else whole


def _by_level(arrayed: Arrayed) -> Arrayed:
    """Return the arrays that `pegbatch.array.by = level` makes."""
    tuning = replace(arrayed.tuning, array_by="level")
    return _in_order(arrayed, list(make_arrays(grow(Arrayed, arrayed, tuning=tuning)).drafts))


def _seconds(arrayed: Arrayed) -> float:
    """Return what arrays take on unlimited vCPUs."""
    return play(_steps(align(arrayed)), Stage()).makespan_seconds


def _in_order(arrayed: Arrayed, drafts: list[ArrayDraft]) -> Arrayed:
    return grow(Arrayed, arrayed, drafts=most_urgent_first(drafts, arrayed))


def _piece(draft: ArrayDraft, units: Sequence[int]) -> ArrayDraft:
    """Return an array of some units of another."""
    whole = list(units_of(draft))
    order, offsets = array("i"), array("i", [0])
    for unit in units:
        order.extend(whole[unit])
        offsets.append(len(order))
    plain = len(order) == len(units)
    return ArrayDraft(
        level=draft.level,
        resources=draft.resources,
        order=order,
        unit_offsets=None if plain else offsets,
    )


def _is_worth_it(whole: Arrayed, parts: Arrayed) -> bool:
    """Say whether parts end earlier than whole arrays on one stage, and not later on the other.

    Shapes: on unlimited vCPUs not at all later.
    """
    before, after = _steps(whole), _steps(parts)
    shortest = play(after, Stage()).makespan_seconds
    work = sum(sum(step.seconds) * step.vcpus for step in before)
    if not shortest or not work:
        return False
    least = max(step.vcpus for step in before)
    balanced = Stage(vcpus=float(max(least, math.ceil(work / shortest))))
    unlimited = shortest / play(before, Stage()).makespan_seconds
    on_few = play(after, balanced).makespan_seconds / play(before, balanced).makespan_seconds
    return unlimited <= 1.0 and on_few <= LOSS and min(unlimited, on_few) <= GAIN


def _steps(arrayed: Arrayed) -> list[Step]:
    """Return the arrays as they would run if each unit were a bag."""
    runtimes = runtimes_of(arrayed)
    if runtimes is None:
        runtimes = array("d", [1.0]) * len(arrayed.levels)
    relations = UnitRelations.of(arrayed.drafts, arrayed.graph)
    steps = []
    for number, draft in enumerate(arrayed.drafts):
        parents = relations.parents(number)
        pairs = relations.parents_in_step(number)
        steps.append(
            Step(
                seconds=[sum(map(runtimes.__getitem__, unit)) for unit in units_of(draft)],
                vcpus=draft.resources.vcpus,
                waits_for=tuple(sorted(parents - pairs)),
                pairs_with=tuple(sorted(pairs)),
            )
        )
    return steps

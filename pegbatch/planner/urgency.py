"""Urgency: how long the workflow still takes from the start of a task, by expected runtimes.

Batch starts the children of an array in order as capacity comes free. Units that head the longest
remaining path go first, so that no long one is left over when all others are done.
Source: list scheduling by upward rank (H. Topcuoglu et al., HEFT, IEEE TPDS 13(3), 2002).
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence

from pegbatch.model.graph import Graph
from pegbatch.planner.stages import ArrayDraft, Arrayed, Clustered
from pegbatch.planner.unit_relations import UnitRelations, units_of


def most_urgent_first(
    drafts: Sequence[ArrayDraft], arrayed: Arrayed, *, by_level: bool
) -> tuple[ArrayDraft, ...]:
    """Return the arrays in order, those with the longest path ahead first where that is known.

    Shapes: by_level, those of a level before those of the next one; else each after those it waits
    for, so that an urgent group of tasks goes on while others have not begun.
    """
    seconds = urgencies(arrayed, drafts)
    if seconds is None:
        return tuple(sorted(drafts, key=lambda draft: draft.level))
    urgent = [-max(of_units) for of_units in seconds]
    if by_level:
        numbers = sorted(range(len(drafts)), key=lambda n: (drafts[n].level, urgent[n], n))
    else:
        numbers = _behind_parents(drafts, arrayed.graph, urgent)
    return tuple(drafts[number] for number in numbers)


def _behind_parents(
    drafts: Sequence[ArrayDraft], graph: Graph, ranks: Sequence[float]
) -> list[int]:
    """Return the arrays by rank, each after those it waits for."""
    relations = UnitRelations.of(drafts, graph)
    waiting = [relations.parents(number) for number in range(len(drafts))]
    children: list[list[int]] = [[] for _ in drafts]
    for number, parents in enumerate(waiting):
        for parent in parents:
            children[parent].append(number)
    ready = [(ranks[number], number) for number, parents in enumerate(waiting) if not parents]
    heapq.heapify(ready)
    ordered = []
    while ready:
        number = heapq.heappop(ready)[1]
        ordered.append(number)
        for child in children[number]:
            waiting[child].remove(number)
            if not waiting[child]:
                heapq.heappush(ready, (ranks[child], child))
    return ordered


def urgencies(arrayed: Arrayed, drafts: Sequence[ArrayDraft]) -> list[array[float]] | None:
    """Return, by array and unit, the longest expected path from the unit's start to the end.

    Units: seconds. None where no task has an expected runtime.
    """
    runtimes = runtimes_of(arrayed)
    if runtimes is None:
        return None
    after = _seconds_after(arrayed.graph, runtimes)
    return [_of_units(draft, runtimes, after) for draft in drafts]


def runtimes_of(clustered: Clustered) -> array[float] | None:
    """Return the expected runtime of each task, in seconds; None where none is known.

    Shapes: a task without one, where others have one, counts as none.
    """
    known = [settings.runtime_seconds for settings in clustered.settings_table]
    if not any(known):
        return None
    seconds = [max(0.0, runtime or 0.0) for runtime in known]
    return array("d", map(seconds.__getitem__, clustered.task_settings))


def longest_path(graph: Graph, runtimes: Sequence[float]) -> float:
    """Return the critical path: the longest sum of runtimes along the edges, in seconds."""
    after = _seconds_after(graph, runtimes)
    return max(map(sum, zip(after, runtimes, strict=True)), default=0.0)


def _seconds_after(graph: Graph, runtimes: Sequence[float]) -> array[float]:
    """Return, by task, the longest expected path from its end to the end of the workflow."""
    offsets, parents = graph.parent_offsets, graph.parents
    after = array("d", bytes(8 * len(runtimes)))
    waiting = array("i", bytes(4 * len(runtimes)))
    for parent in parents:
        waiting[parent] += 1
    ready = [task for task, children in enumerate(waiting) if not children]
    while ready:
        task = ready.pop()
        whole = after[task] + runtimes[task]
        for parent in parents[offsets[task] : offsets[task + 1]]:
            if after[parent] < whole:
                after[parent] = whole
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
    return after


def _of_units(draft: ArrayDraft, runtimes: Sequence[float], after: Sequence[float]) -> array[float]:
    """Return the urgency of each unit; its tasks run one after another."""
    if draft.unit_offsets is None:
        return array("d", (runtimes[task] + after[task] for task in draft.order))
    return array(
        "d",
        (
            sum(runtimes[task] for task in unit) + max(after[task] for task in unit)
            for unit in units_of(draft)
        ),
    )

"""Level: each task's longest distance from a root."""

from __future__ import annotations

from array import array
from itertools import pairwise

from pegbatch.model.graph import Graph
from pegbatch.planner.cycles import children_of
from pegbatch.planner.stages import Levelled, Located, grow


def level(located: Located) -> Levelled:
    """Give every task its level, and its number in its level and transformation."""
    levels = longest_distances(located.graph)
    counts: dict[tuple[int, int], int] = {}
    indices = array("i")
    for pair in zip(levels, located.workflow.tasks.transformations, strict=True):
        number = counts.get(pair, 0)
        counts[pair] = number + 1
        indices.append(number)
    return grow(
        Levelled,
        located,
        levels=levels,
        level_count=max(levels, default=-1) + 1,
        task_indices=indices,
    )


def longest_distances(graph: Graph) -> array[int]:
    """Return, by task, the number of edges on the longest path from a task without parents.

    Shapes: the graph has no cycle; linear in tasks and edges.
    """
    count = len(graph.parent_offsets) - 1
    levels = array("i", bytes(4 * count))
    parents = graph.parents
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        if last > first:
            if parents[last - 1] > task:
                return _in_execution_order(graph)
            levels[task] = 1 + max(levels[parent] for parent in parents[first:last])
    return levels


def _in_execution_order(graph: Graph) -> array[int]:
    count = len(graph.parent_offsets) - 1
    levels = array("i", bytes(4 * count))
    waiting = array("i", (last - first for first, last in pairwise(graph.parent_offsets)))
    offsets, children = children_of(graph)
    ready = [task for task in range(count) if waiting[task] == 0]
    while ready:
        task = ready.pop()
        below = levels[task] + 1
        for child in children[offsets[task] : offsets[task + 1]]:
            levels[child] = max(levels[child], below)
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return levels

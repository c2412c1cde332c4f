"""Finding a cycle in a graph of tasks."""

from __future__ import annotations

from array import array
from itertools import pairwise

from pegbatch.model.graph import Graph


def find_cycle(graph: Graph) -> list[int]:
    """Return the tasks of one cycle, each waiting for the next; empty where there is none.

    Shapes: linear in tasks and edges; the answer starts with its smallest task number.
    """
    if _parents_come_first(graph):
        return []
    left = _tasks_on_or_behind_cycles(graph)
    if not left:
        return []
    return _walk(graph, left)


def _parents_come_first(graph: Graph) -> bool:
    """Tell whether document order is an order of execution: then there is no cycle."""
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        if last > first and graph.parents[last - 1] >= task:
            return False
    return True


def _tasks_on_or_behind_cycles(graph: Graph) -> set[int]:
    """Take away tasks whose parents are all taken away (Kahn); return what stays."""
    waiting = array("i", (last - first for first, last in pairwise(graph.parent_offsets)))
    offsets, children = children_of(graph)
    ready = [task for task, count in enumerate(waiting) if count == 0]
    done = len(ready)
    while ready:
        task = ready.pop()
        for child in children[offsets[task] : offsets[task + 1]]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
                done += 1
    if done == len(waiting):
        return set()
    return {task for task, count in enumerate(waiting) if count > 0}


def children_of(graph: Graph) -> tuple[array[int], array[int]]:
    """Return the edges turned round: offsets (n + 1) and children, ascending within a task."""
    count = len(graph.parent_offsets) - 1
    offsets = array("q", bytes(8 * (count + 1)))
    for parent in graph.parents:
        offsets[parent + 1] += 1
    for task in range(count):
        offsets[task + 1] += offsets[task]
    place = offsets[:]
    children = array("i", bytes(4 * len(graph.parents)))
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        for parent in graph.parents[first:last]:
            children[place[parent]] = task
            place[parent] += 1
    return offsets, children


def _walk(graph: Graph, left: set[int]) -> list[int]:
    """Follow parents inside `left`, where each task has one, until a task comes twice."""
    seen: dict[int, int] = {}
    path: list[int] = []
    task = min(left)
    while task not in seen:
        seen[task] = len(path)
        path.append(task)
        task = next(parent for parent in graph.parents_of(task) if parent in left)
    cycle = path[seen[task] :]
    start = cycle.index(min(cycle))
    return cycle[start:] + cycle[:start]

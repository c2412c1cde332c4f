"""Contract: levels of a workflow in which each cluster that is one bag counts as one node."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from pegbatch.errors import InputError
from pegbatch.model.graph import Graph
from pegbatch.planner.clusters import ClusterTable
from pegbatch.planner.cycles import find_cycle
from pegbatch.planner.level import longest_distances
from pegbatch.planner.scopes import where_of
from pegbatch.planner.stages import Levelled


def level_bags(levelled: Levelled, table: ClusterTable) -> array[int]:
    """Return the levels of tasks after contraction; tasks of one bag have the same.

    Errors: InputError where bags would wait for each other, naming the tasks that make them.
    Source: Pegasus, "Invalid labelled graph".
    """
    node_of = _number_nodes(table)
    contracted = _contract(levelled.graph, node_of)
    cycle = find_cycle(contracted)
    if cycle:
        raise _invalid(levelled, table, node_of, cycle)
    levels = longest_distances(contracted)
    return array("i", (levels[node] for node in node_of))


def _number_nodes(table: ClusterTable) -> array[int]:
    """Return, by task, the node it belongs to; nodes are numbered by their first tasks."""
    numbers: dict[int, int] = {}
    return array(
        "i",
        (
            numbers.setdefault(cluster if table.is_bag(cluster) else -2 - task, len(numbers))
            for task, cluster in enumerate(table.clusters)
        ),
    )


def _contract(graph: Graph, node_of: array[int]) -> Graph:
    parents: list[set[int]] = [set() for _ in range(max(node_of, default=-1) + 1)]
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        parents[node_of[task]].update(node_of[parent] for parent in graph.parents[first:last])
    offsets, flat = array("q", [0]), array("i")
    for node, of in enumerate(parents):
        flat.extend(sorted(of - {node}))
        offsets.append(len(flat))
    return Graph(parent_offsets=offsets, parents=flat, producers=graph.producers, read=graph.read)


def _invalid(
    levelled: Levelled, table: ClusterTable, node_of: array[int], cycle: Sequence[int]
) -> InputError:
    """Tell a cycle of bags task by task: each waits for one of the next bag."""
    tasks: dict[int, list[int]] = defaultdict(list)
    wanted = set(cycle)
    for task, node in enumerate(node_of):
        if node in wanted:
            tasks[node].append(task)
    waits = [
        _wait(levelled, table, tasks[node], frozenset(tasks[after]))
        for node, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    ]
    return InputError(
        f"Invalid labelled graph: clusters would wait for each other: {'; '.join(waits)}",
        where=where_of(levelled, tasks[cycle[0]][0]),
        hint="a cluster runs as a whole: no path may leave it and come back; "
        "give the jobs between the same label, or split the label",
    )


def _wait(
    levelled: Levelled, table: ClusterTable, tasks: Sequence[int], after: frozenset[int]
) -> str:
    """Return `task (cluster) waits for task (cluster)` for one edge between two nodes."""
    child, parent = next(
        (task, parent)
        for task in tasks
        for parent in levelled.graph.parents_of(task)
        if parent in after
    )
    return f"{_named(levelled, table, child)} waits for {_named(levelled, table, parent)}"


def _named(levelled: Levelled, table: ClusterTable, task: int) -> str:
    cluster = table.clusters[task]
    return levelled.workflow.tasks.ids[task] + (
        f" ({table.names[cluster]})" if table.is_bag(cluster) else ""
    )

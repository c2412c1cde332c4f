"""Chains: tasks that only wait for each other run in one bag and hand files over on local disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import pairwise

from pegbatch.model.graph import NO_TASK, Graph
from pegbatch.planner.clusters import NO_CLUSTER
from pegbatch.planner.cycles import children_of
from pegbatch.planner.level import longest_distances


def find_chains(graph: Graph) -> Iterator[list[int]]:
    """Yield the longest runs of tasks of which each is the only child of the one before.

    Shapes: two or more tasks each, in order of their first tasks; none has another parent.
    """
    follower = _only_followers(graph)
    followed = bytearray(len(follower))
    for task in follower:
        if task != NO_TASK:
            followed[task] = 1
    for task, after in enumerate(follower):
        if after != NO_TASK and not followed[task]:
            chain = [task]
            while follower[chain[-1]] != NO_TASK:
                chain.append(follower[chain[-1]])
            yield chain


def _only_followers(graph: Graph) -> array[int]:
    """Return, by task, its only child where that child has no other parent."""
    offsets, children = children_of(graph)
    follower = array("i", [NO_TASK]) * (len(offsets) - 1)
    for task, (first, last) in enumerate(pairwise(offsets)):
        if last - first == 1:
            child = children[first]
            if graph.parent_offsets[child + 1] - graph.parent_offsets[child] == 1:
                follower[task] = child
    return follower


def level_chains(graph: Graph, clusters: array[int]) -> array[int]:
    """Return the levels of tasks where each cluster counts as one node.

    Shapes: clusters are chains (or side by side), so that contracting them makes no cycle.
    """
    nodes, node_of = _number_nodes(clusters)
    parents: list[set[int]] = [set() for _ in range(nodes)]
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        node = node_of[task]
        parents[node].update(node_of[parent] for parent in graph.parents[first:last])
    offsets, flat = array("q", [0]), array("i")
    for node, of in enumerate(parents):
        flat.extend(sorted(of - {node}))
        offsets.append(len(flat))
    contracted = Graph(
        parent_offsets=offsets, parents=flat, producers=graph.producers, read=graph.read
    )
    levels = longest_distances(contracted)
    return array("i", (levels[node] for node in node_of))


def _number_nodes(clusters: array[int]) -> tuple[int, array[int]]:
    """Return the number of nodes, and by task the node it belongs to."""
    numbers: dict[int, int] = {}
    node_of = array("i")
    for task, number in enumerate(clusters):
        key = number if number != NO_CLUSTER else -2 - task
        node_of.append(numbers.setdefault(key, len(numbers)))
    return len(numbers), node_of

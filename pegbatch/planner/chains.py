"""Chains: tasks that only wait for each other run in one bag and hand files over on local disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from pegbatch.model.cluster_kinds import CHAIN
from pegbatch.model.graph import NO_TASK, Graph
from pegbatch.planner.clusters import NO_CLUSTER, ClusterTable
from pegbatch.planner.cycles import children_of
from pegbatch.planner.nodes import container_of
from pegbatch.planner.scopes import scope_of
from pegbatch.planner.stages import Levelled


def cluster_chains(levelled: Levelled, table: ClusterTable, taking: frozenset[int]) -> None:
    """Make a cluster of each chain of tasks that are in none and ask for the same child.

    Shapes: of the workflows of the plan that ask for it; a chain stays in one of them.
    """
    ids = levelled.workflow.tasks.ids
    resources = [settings.resources for settings in levelled.settings_table]
    numbers, clusters = levelled.task_settings, table.clusters
    alone = levelled.workflow.sub_workflows
    container = partial(container_of, levelled)
    scope = partial(scope_of, levelled.workflow)
    for chain in find_chains(levelled.graph):
        keys: list[object] = [
            # The task of a sub-workflow is in no chain.
            (resources[numbers[t]], clusters[t], container(t), scope(t), t if t in alone else None)
            for t in chain
        ]
        for part in list(_equal_runs(chain, keys)):
            is_free = clusters[part[0]] == NO_CLUSTER and scope(part[0]) in taking
            if len(part) > 1 and is_free:
                table.add(f"chain_{ids[part[0]]}", part, CHAIN)


def _equal_runs(tasks: list[int], keys: list[object]) -> Iterator[list[int]]:
    """Cut where the key changes: a bag's tasks share the resources and image of its child."""
    run: list[int] = []
    for position, task in enumerate(tasks):
        if run and keys[position] != keys[position - 1]:
            yield run
            run = []
        run.append(task)
    yield run


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

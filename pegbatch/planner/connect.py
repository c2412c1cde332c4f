"""Connect: who waits for whom, by explicit edges and by files."""

from __future__ import annotations

from array import array
from itertools import pairwise

from pegbatch.model.graph import NO_TASK, Graph
from pegbatch.model.workflow import CHECKPOINT, INPUT, OUTPUT, Workflow

MADE = OUTPUT | CHECKPOINT
"""A checkpoint file is made by its task, which reads it only to go on with its own work."""


def connect(workflow: Workflow, *, data_edges: bool) -> tuple[Graph, list[int]]:
    """Return the graph, and the LFNs that several tasks write.

    A task that only saves a file as its checkpoint takes it from none that writes it as output.
    """
    tasks = workflow.tasks
    producers = array("i", [NO_TASK]) * len(workflow.lfns)
    read, written = bytearray(len(workflow.lfns)), bytearray(len(workflow.lfns))
    doubled = set()
    for task, lfn, flags in tasks.uses():
        if flags & MADE:
            if producers[lfn] != NO_TASK and producers[lfn] != task:
                doubled.add(lfn)
            if flags & OUTPUT or not written[lfn]:
                producers[lfn] = task
            written[lfn] |= flags & OUTPUT
        elif flags & INPUT:
            read[lfn] = 1
    offsets, parents = _collect_parents(workflow, producers, data_edges=data_edges)
    graph = Graph(parent_offsets=offsets, parents=parents, producers=producers, read=read)
    return graph, sorted(doubled)


def _collect_parents(
    workflow: Workflow, producers: array[int], *, data_edges: bool
) -> tuple[array[int], array[int]]:
    tasks = workflow.tasks
    flags, lfns = tasks.use_flags, tasks.use_lfns
    edge_children, edge_parents = workflow.edges.children, workflow.edges.parents
    # Documents list edges child by child, so this sort is next to free.
    by_child = sorted(range(len(edge_children)), key=edge_children.__getitem__)
    edge_count, edge = len(by_child), 0
    offsets, parents = array("q", [0]), array("i")
    for task, (first, last) in enumerate(pairwise(tasks.use_offsets)):
        found = set()
        while edge < edge_count and edge_children[by_child[edge]] == task:
            found.add(edge_parents[by_child[edge]])
            edge += 1
        if data_edges:
            for use in range(first, last):
                if flags[use] & INPUT:
                    producer = producers[lfns[use]]
                    if producer != NO_TASK and producer != task:
                        found.add(producer)
        parents.extend(sorted(found))
        offsets.append(len(parents))
    return offsets, parents

"""Deliver: which outputs leave the run for the output sites."""

from __future__ import annotations

from itertools import pairwise

from pegbatch.model.graph import Graph
from pegbatch.model.workflow import OUTPUT, TRANSFER, Workflow


def delivered_files(workflow: Workflow, graph: Graph) -> bytearray:
    """Return, by LFN number, 1 where its producer asks for transfer."""
    tasks = workflow.tasks
    delivered = bytearray(len(workflow.lfns))
    wanted = OUTPUT | TRANSFER
    for task, (first, last) in enumerate(pairwise(tasks.use_offsets)):
        for use in range(first, last):
            if tasks.use_flags[use] & wanted == wanted:
                lfn = tasks.use_lfns[use]
                if graph.producers[lfn] == task:
                    delivered[lfn] = 1
    return delivered

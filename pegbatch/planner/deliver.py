"""Deliver: which outputs leave the run for the output sites."""

from __future__ import annotations

from itertools import pairwise

from pegbatch.model.graph import Graph
from pegbatch.model.workflow import CHECKPOINT, OUTPUT, REGISTER, TRANSFER, Workflow


def delivered_files(workflow: Workflow, graph: Graph) -> bytearray:
    """Return, by LFN number, 1 where its producer asks for transfer."""
    tasks = workflow.tasks
    delivered = bytearray(len(workflow.lfns))
    for task, (first, last) in enumerate(pairwise(tasks.use_offsets)):
        for use in range(first, last):
            flags = tasks.use_flags[use]
            if flags & TRANSFER and flags & (OUTPUT | CHECKPOINT):
                lfn = tasks.use_lfns[use]
                if graph.producers[lfn] == task:
                    delivered[lfn] = 1
    return delivered


def registered_files(workflow: Workflow, delivered: bytearray) -> bytearray:
    """Return, by LFN number, 1 where a delivered file is to be registered as well.

    Shapes: what stays in the run is not: its clean-up may delete it.
    """
    registered = bytearray(len(delivered))
    wanted = OUTPUT | TRANSFER | REGISTER
    for lfn, flags in zip(workflow.tasks.use_lfns, workflow.tasks.use_flags, strict=True):
        if flags & wanted == wanted and delivered[lfn]:
            registered[lfn] = 1
    return registered

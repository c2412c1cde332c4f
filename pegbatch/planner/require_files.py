"""Require files: what a compound transformation needs becomes an input of each of its tasks.

Source: Pegasus user guide, transformations with `uses` of plain files.
"""

from __future__ import annotations

from array import array
from dataclasses import replace

from pegbatch.model.workflow import INPUT, Workflow
from pegbatch.planner.stages import Given


def require_files(given: Given) -> Given:
    """Add the files that transformations require to the uses of their tasks.

    Shapes: a task that uses such a file in any way already stays as it is, so that nothing
    changes the second time; nothing is looked at where no transformation requires a file.
    """
    workflow, entries = given.workflow, given.transformations.transformations
    required = {
        number: entries[name].requires_files
        for number, name in enumerate(workflow.transformations)
        if name in entries and entries[name].requires_files
    }
    if given.scopes or not required or not given.options.catalogs:
        return given  # of sub-workflows, each has done it by itself (parts)
    return replace(given, workflow=_with_uses(workflow, required))


def _with_uses(workflow: Workflow, required: dict[int, tuple[str, ...]]) -> Workflow:
    tasks = workflow.tasks
    lfns = {lfn: number for number, lfn in enumerate(workflow.lfns)}
    numbers = {
        transformation: [lfns.setdefault(lfn, len(lfns)) for lfn in files]
        for transformation, files in required.items()
    }
    offsets, use_lfns, use_flags = array("q", [0]), array("i"), array("B")
    for task, transformation in enumerate(tasks.transformations):
        first, last = tasks.use_offsets[task], tasks.use_offsets[task + 1]
        own = tasks.use_lfns[first:last]
        use_lfns += own
        use_flags += tasks.use_flags[first:last]
        for lfn in numbers.get(transformation, ()):
            if lfn not in own:
                use_lfns.append(lfn)
                use_flags.append(INPUT)
        offsets.append(len(use_lfns))
    return replace(
        workflow,
        tasks=replace(tasks, use_offsets=offsets, use_lfns=use_lfns, use_flags=use_flags),
        lfns=list(lfns),
    )

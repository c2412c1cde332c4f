"""Map outputs: files that an outer workflow wants are delivered, whatever their jobs say.

Source: pegasus-plan --output-map, which Pegasus gives to sub-workflows.
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TypeVar

from pegbatch.model.workflow import OUTPUT, TRANSFER
from pegbatch.planner.scopes import scope_of_file
from pegbatch.planner.stages import Given

Stage = TypeVar("Stage", bound=Given)


def map_outputs(given: Stage) -> Stage:
    """Mark the outputs that have a place of their own as delivered."""
    wanted = given.options.output_map
    if not wanted:
        return given
    workflow = given.workflow
    tasks = workflow.tasks
    numbers = {
        number
        for number, lfn in enumerate(workflow.lfns)
        if lfn in wanted and scope_of_file(workflow, number) == 0
    }
    flags = array(
        "B",
        (
            flag | TRANSFER if flag & OUTPUT and lfn in numbers else flag
            for lfn, flag in zip(tasks.use_lfns, tasks.use_flags, strict=True)
        ),
    )
    return replace(given, workflow=replace(workflow, tasks=replace(tasks, use_flags=flags)))

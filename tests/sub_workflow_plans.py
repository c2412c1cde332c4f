"""Small plans with sub-workflows that are planned in the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pegbatch.batch.bag_lines import BagLines
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from pegbatch.model.workflow import SubWorkflowJob, Workflow
from tests.workflows import T, make_workflow


def with_sub_workflows(
    tasks: Sequence[T],
    files: Mapping[str, str],
    edges: Sequence[tuple[str, str]] = (),
    for_planning: frozenset[str] = frozenset(),
) -> Workflow:
    """Return a workflow in which some tasks stand for workflows; files by their ids.

    Shapes: these tasks have the name `sub`.
    """
    workflow = make_workflow(tasks, edges)
    ids = list(workflow.tasks.ids)
    return replace(
        workflow,
        transformations=[
            SUB_WORKFLOW if name.name == "sub" else name for name in workflow.transformations
        ],
        sub_workflows={
            ids.index(id): SubWorkflowJob(file=file, for_planning=for_planning)
            for id, file in files.items()
        },
    )


def lines_of(planned: PlannedWorkflow) -> dict[str, dict[str, Any]]:
    """Return the bag lines by task."""
    writer = BagLines(planned)
    return {
        line["id"]: line
        for tasks in planned.arrays
        for bag in writer.lines(tasks)
        for line in map(json.loads, bag)
    }

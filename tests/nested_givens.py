"""Workflows inside workflows, for tests of the planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.workflow import SubWorkflowJob
from pegbatch.planner.expand import expand
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.stages import Given
from tests.workflows import T, make_given, make_workflow

Edge = tuple[str, str]


def workflow_of(
    *tasks: T,
    edges: Sequence[Edge] = (),
    inner: Mapping[str, Given] | None = None,
    properties: Mapping[str, str] | None = None,
    source: str = "workflow.xml",
    **options: object,
) -> Given:
    """Return what a workflow is planned with; inner, by job id, stands for some of its jobs."""
    found = make_given(make_workflow(tasks, edges), properties, **options)  # type: ignore[arg-type]
    numbers = {task.id: number for number, task in enumerate(tasks)}
    inside = {numbers[job]: one for job, one in (inner or {}).items()}
    workflow = replace(
        found.workflow,
        source=source,
        sub_workflows={number: SubWorkflowJob(file="inner.yml") for number in inside},
    )
    return replace(found, workflow=workflow, inner=inside)


def plan_nested(given: Given) -> PlannedWorkflow:
    """Plan a workflow with all that is inside it."""
    return plan_workflow(expand(given))


def parents_by_id(planned: PlannedWorkflow) -> dict[str, set[str]]:
    """Return the ids of the parents of each task."""
    ids, graph = planned.workflow.tasks.ids, planned.graph
    return {id_: {ids[parent] for parent in graph.parents_of(task)} for task, id_ in enumerate(ids)}

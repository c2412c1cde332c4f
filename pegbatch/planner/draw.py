"""Draw: a plan's array jobs, or a workflow's tasks, as boxes and links."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from pegbatch.model.drawing import Box, Connection, Drawing
from pegbatch.model.plan import Job, LinkType, Plan
from pegbatch.planner.stages import Levelled

BOXES_MAX = 500
"""More tasks than this are folded by level and transformation."""


def draw_arrays(plan: Plan) -> Drawing:
    """Return the jobs of a plan; a link is N_TO_N or waits for all."""
    layers = _layers(plan)
    return Drawing(
        title=plan.workflow,
        boxes=tuple(
            sorted((_job_box(job, layers[job.name]) for job in plan.jobs), key=lambda b: b.layer)
        ),
        connections=tuple(
            Connection(link.array, job.name, "n_to_n" if link.type is LinkType.N_TO_N else "all")
            for job in plan.jobs
            for link in job.depends_on
        ),
    )


def _layers(plan: Plan) -> dict[str, int]:
    layers: dict[str, int] = {}
    for job in plan.jobs:
        below = max((layers[link.array] + 1 for link in job.depends_on), default=0)
        layers[job.name] = below
    return layers


def _job_box(job: Job, layer: int) -> Box:
    if job.kind != "compute":
        return Box(job.name, (job.name,), layer, "helper")
    tasks = f"{job.tasks:,} task" + ("" if job.tasks == 1 else "s")
    children = f"{job.size:,} children, {tasks}" if job.size > 1 else f"plain job, {tasks}"
    return Box(job.name, (job.name, children), layer, "array" if job.size > 1 else "plain")


def draw_tasks(levelled: Levelled) -> Drawing:
    """Return the tasks of a workflow and their edges, folded above 500."""
    if len(levelled.levels) > BOXES_MAX:
        return _folded(levelled)
    workflow = levelled.workflow
    ids, tasks = workflow.tasks.ids, workflow.tasks
    names = [workflow.transformations[number].name for number in tasks.transformations]
    order = sorted(range(len(ids)), key=lambda task: (levelled.levels[task], task))
    return Drawing(
        title=workflow.name,
        boxes=tuple(
            Box(str(task), (ids[task], names[task]), levelled.levels[task], "task")
            for task in order
        ),
        connections=tuple(
            Connection(str(parent), str(task), "edge")
            for task, (first, last) in enumerate(pairwise(levelled.graph.parent_offsets))
            for parent in levelled.graph.parents[first:last]
        ),
    )


def _folded(levelled: Levelled) -> Drawing:
    workflow, levels = levelled.workflow, levelled.levels
    kinds = list(zip(levels, workflow.tasks.transformations, strict=True))
    connections = {
        (kinds[parent], kinds[task])
        for task, (first, last) in enumerate(pairwise(levelled.graph.parent_offsets))
        for parent in levelled.graph.parents[first:last]
    }
    return Drawing(
        title=workflow.name,
        boxes=tuple(
            Box(
                f"{level}.{kind}",
                (workflow.transformations[kind].name, f"{count:,} tasks"),
                level,
                "task",
            )
            for (level, kind), count in sorted(Counter(kinds).items())
        ),
        connections=tuple(
            Connection(f"{a[0]}.{a[1]}", f"{b[0]}.{b[1]}", "edge") for a, b in sorted(connections)
        ),
    )

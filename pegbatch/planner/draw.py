"""Draw: a plan's array jobs as boxes and links; above 500, folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pegbatch.model.drawing import Box, BoxKind, BoxState, Connection, Drawing, LinkKind
from pegbatch.model.plan import Job, LinkType, Plan, layers_of
from pegbatch.planner.fold_boxes import BOXES_MAX, Group, Key, StateCounts, counted, fold, told


def draw_arrays(plan: Plan, counts: Mapping[str, StateCounts] | None = None) -> Drawing:
    """Return the jobs of a plan; a link is N_TO_N or waits for all.

    Shapes: counts, by job, where a run has begun: its tasks by state; of a helper, itself.
    """
    known = counts or {}
    layers = layers_of(plan.jobs)
    jobs = sorted(plan.jobs, key=lambda job: layers[job.name])
    if len(jobs) > BOXES_MAX:
        return _folded(plan, jobs, layers, known)
    return Drawing(
        title=plan.workflow,
        boxes=tuple(_box(job, layers[job.name], known.get(job.name, {})) for job in jobs),
        connections=tuple(
            Connection(link.array, job.name, _kind(link.type))
            for job in plan.jobs
            for link in job.depends_on
        ),
    )


def _kind(link: LinkType) -> LinkKind:
    return "n_to_n" if link is LinkType.N_TO_N else "all"


def _box(job: Job, layer: int, counts: StateCounts) -> Box:
    if job.kind != "compute":
        return Box(job.name, (job.name, *told(counts)), layer, "helper", counts)
    tasks = counted(job.tasks, "task")
    children = f"{job.size:,} children, {tasks}" if job.size > 1 else f"plain job, {tasks}"
    kind: BoxKind = "array" if job.size > 1 else "plain"
    return Box(job.name, (job.name, children, *told(counts)), layer, kind, counts)


def _folded(
    plan: Plan, jobs: Sequence[Job], layers: Mapping[str, int], known: Mapping[str, StateCounts]
) -> Drawing:
    keys: dict[str, Key] = {
        job.name: (layers[job.name], " ".join(job.transformations) or job.kind) for job in jobs
    }
    sizes = Counter(keys.values())
    counts: dict[Key, Counter[BoxState]] = {key: Counter() for key in sizes}
    for name, key in keys.items():
        counts[key].update(known.get(name, {}))
    links = (
        (keys[link.array], keys[job.name], _kind(link.type))
        for job in jobs
        for link in job.depends_on
    )
    groups = {key: Group(size, counts[key]) for key, size in sizes.items()}
    return fold(plan.workflow, groups, links, "array job")

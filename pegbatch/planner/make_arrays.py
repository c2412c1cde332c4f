"""Make arrays: tasks of one level that ask for the same resources become one array job.

`pegbatch.array.by = cluster` gives each transformation of a level an array of its own, so that
branches of a workflow do not wait for each other.
"""

from __future__ import annotations

from array import array

from pegbatch.model.plan import Resources
from pegbatch.planner.cluster import NO_CLUSTER
from pegbatch.planner.stages import ArrayDraft, Arrayed, Clustered, grow


def make_arrays(clustered: Clustered) -> Arrayed:
    """Gather tasks in array drafts, ordered by level, transformation and resources.

    Shapes: every task is in exactly one draft; inside a draft tasks are ordered by
    transformation, cluster and document.
    """
    split = clustered.tuning.array_by == "cluster"
    resources = [settings.resources for settings in clustered.settings_table]
    transformations = clustered.workflow.tasks.transformations
    groups: dict[tuple[int, str, Resources], list[int]] = {}
    names = [str(name) for name in clustered.workflow.transformations]
    for task, level in enumerate(clustered.levels):
        of_task = resources[clustered.task_settings[task]]
        name = names[transformations[task]] if split else ""
        groups.setdefault((level, name, of_task), []).append(task)
    drafts = tuple(_draft(clustered, key[0], key[2], groups[key], names) for key in sorted(groups))
    return grow(Arrayed, clustered, drafts=drafts)


def _draft(
    clustered: Clustered, level: int, resources: Resources, tasks: list[int], names: list[str]
) -> ArrayDraft:
    transformations, clusters = clustered.workflow.tasks.transformations, clustered.clusters
    ordered = sorted(tasks, key=lambda task: (names[transformations[task]], clusters[task], task))
    return ArrayDraft(
        level=level,
        resources=resources,
        order=array("i", ordered),
        unit_offsets=_serial_units(clustered, ordered),
    )


def _serial_units(clustered: Clustered, ordered: list[int]) -> array[int] | None:
    """Return where units begin, or None where no unit has more than one task."""
    if not any(clustered.serial_clusters):
        return None
    offsets = array("i")
    previous = NO_CLUSTER
    for position, task in enumerate(ordered):
        number = clustered.clusters[task]
        serial = number != NO_CLUSTER and clustered.serial_clusters[number]
        if not (serial and number == previous):
            offsets.append(position)
        previous = number
    offsets.append(len(ordered))
    return offsets if len(offsets) <= len(ordered) else None

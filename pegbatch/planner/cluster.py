"""Cluster: tasks are gathered by the techniques that `--cluster` names, in that order.

`horizontal` is Pegasus's: a cluster holds tasks of one level, transformation and site. Under the
aggregator AWSBatch its tasks are children side by side and the cluster is a name; under seqexec
it is one bag, its tasks one after another. `chain` is ours (chains).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pegbatch.errors import PlanError
from pegbatch.model.bags import TaskSettings
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.chains import find_chains, level_chains
from pegbatch.planner.clusters import NO_CLUSTER, ClusterTable
from pegbatch.planner.stages import Clustered, Levelled, grow


def cluster(levelled: Levelled) -> Clustered:
    """Gather tasks in clusters; a task that one technique took stays where it is.

    Errors: PlanError for a technique that is not there.
    """
    table = ClusterTable.empty(len(levelled.levels))
    levels = levelled.levels
    for technique in levelled.options.cluster:
        match technique:
            case "horizontal":
                _cluster_horizontally(levelled, table)
            case "chain":
                _cluster_chains(levelled, table)
                levels = level_chains(levelled.graph, table.clusters)
            case _:
                raise PlanError(
                    f"--cluster {technique} is not supported",
                    hint="what there is: horizontal, chain",
                )
    return grow(
        Clustered,
        levelled,
        levels=levels,
        level_count=max(levels, default=-1) + 1,
        clusters=table.clusters,
        cluster_names=table.names,
        serial_clusters=table.serial,
        leaders=table.leaders,
        ranks=table.ranks,
    )


def _cluster_chains(levelled: Levelled, table: ClusterTable) -> None:
    ids = levelled.workflow.tasks.ids
    resources = [settings.resources for settings in levelled.settings_table]
    for chain in find_chains(levelled.graph):
        for part in _equal_runs(chain, [resources[levelled.task_settings[t]] for t in chain]):
            if len(part) > 1 and all(table.clusters[task] == NO_CLUSTER for task in part):
                table.add(f"chain_{ids[part[0]]}", part, serial=True)


def _equal_runs(tasks: list[int], keys: list[object]) -> Iterator[list[int]]:
    """Cut where the key changes: a bag's tasks share the resources of its child."""
    run: list[int] = []
    for position, task in enumerate(tasks):
        if run and keys[position] != keys[position - 1]:
            yield run
            run = []
        run.append(task)
    yield run


def _cluster_horizontally(levelled: Levelled, table: ClusterTable) -> None:
    """Cut each level's tasks of one transformation into clusters.

    Source: Pegasus user guide, "Horizontal Clustering". Its code leaves single tasks out of
    clusters and stops cutting at chunks of one; this follows the documentation.
    """
    named: Counter[str] = Counter()
    for level, transformation, settings, tasks in _groups(levelled):
        stem = _name_stem(levelled.workflow.transformations[transformation], level)
        free = [task for task in tasks if table.clusters[task] == NO_CLUSTER]
        for chunk in _cut(free, settings):
            named[stem] += 1
            table.add(f"{stem}_ID{named[stem]}", chunk, serial=settings.aggregator == "seqexec")


def _groups(levelled: Levelled) -> Iterator[tuple[int, int, TaskSettings, list[int]]]:
    """Yield (level, transformation, settings, tasks): tasks in document order.

    Tasks with other resources cannot share a child, so they form a group of their own.
    """
    groups: dict[tuple[int, int, int], list[int]] = {}
    keys: dict[tuple[object, ...], int] = {}
    kinds = [
        keys.setdefault((s.resources, s.clusters_num, s.clusters_size, s.aggregator), len(keys))
        for s in levelled.settings_table
    ]
    settings_by_kind = dict(zip(reversed(kinds), reversed(levelled.settings_table), strict=True))
    transformations = levelled.workflow.tasks.transformations
    for task, number in enumerate(levelled.task_settings):
        key = (levelled.levels[task], transformations[task], kinds[number])
        groups.setdefault(key, []).append(task)
    names = levelled.workflow.transformations
    for key in sorted(groups, key=lambda key: (key[0], str(names[key[1]]), key[1], key[2])):
        yield key[0], key[1], settings_by_kind[key[2]], groups[key]


def _cut(tasks: list[int], settings: TaskSettings) -> Iterator[list[int]]:
    """Yield the clusters of one group, none without a profile; num goes before size."""
    if settings.clusters_num is not None and tasks:
        yield from even_parts(tasks, min(settings.clusters_num, len(tasks)))
    elif settings.clusters_size is not None:
        for first in range(0, len(tasks), settings.clusters_size):
            yield tasks[first : first + settings.clusters_size]


def even_parts(tasks: list[int], parts: int) -> Iterator[list[int]]:
    """Yield that many parts whose sizes differ by one at most, the larger ones first."""
    base, larger = divmod(len(tasks), parts)
    first = 0
    for part in range(parts):
        size = base + (part < larger)
        yield tasks[first : first + size]
        first += size


def _name_stem(name: TransformationName, level: int) -> str:
    """Return `merge_<transformation>_PID<level>`, levels counted from 1 as Pegasus does."""
    joined = "-".join(part for part in (name.namespace, name.name, name.version) if part)
    return f"merge_{re.sub(r'[.+=]', '_', joined)}_PID{level + 1}"

"""Cluster: Pegasus's horizontal clustering by `clusters.num` and `clusters.size`.

A cluster holds tasks of one level, transformation and site. Under the aggregator AWSBatch its
tasks are children side by side and the cluster is a name; under seqexec it is one bag, its
tasks one after another.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator

from pegbatch.errors import PlanError
from pegbatch.model.bags import TaskSettings
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.stages import Clustered, Levelled, grow

NO_CLUSTER = -1
TECHNIQUES = ("horizontal",)


def cluster(levelled: Levelled) -> Clustered:
    """Cut each level's tasks of one transformation into clusters, where this is asked for.

    Errors: PlanError for a technique that is not there.
    Source: Pegasus user guide, "Horizontal Clustering". Its code leaves single tasks out of
    clusters and stops cutting at chunks of one; this follows the documentation.
    """
    for technique in levelled.options.cluster:
        if technique not in TECHNIQUES:
            raise PlanError(
                f"--cluster {technique} is not supported",
                hint=f"what there is: {', '.join(TECHNIQUES)}",
            )
    clusters = array("i", [NO_CLUSTER]) * len(levelled.levels)
    names: list[str] = []
    serial = bytearray()
    if levelled.options.cluster:
        named: Counter[str] = Counter()
        for level, transformation, settings, tasks in _groups(levelled):
            stem = _name_stem(levelled.workflow.transformations[transformation], level)
            for chunk in _cut(tasks, settings):
                for task in chunk:
                    clusters[task] = len(names)
                named[stem] += 1
                names.append(f"{stem}_ID{named[stem]}")
                serial.append(settings.aggregator == "seqexec")
    return grow(Clustered, levelled, clusters=clusters, cluster_names=names, serial_clusters=serial)


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
    if settings.clusters_num is not None:
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

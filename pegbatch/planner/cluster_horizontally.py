"""Cluster horizontally: jobs of one level, transformation and site, cut by number or by runtime.

Under AWSBatch the tasks of a cluster are children side by side and the cluster is a name; under
seqexec and mpiexec it is one bag.
Source: Pegasus user guide, "Horizontal Clustering"; docs/clustering.md has the differences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pegbatch.errors import InputError, Problem
from pegbatch.model.bags import TaskSettings
from pegbatch.model.cluster_kinds import NAMED, PARALLEL, SERIAL
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.clusters import NO_CLUSTER, ClusterTable, kind_of
from pegbatch.planner.cut_by_runtime import first_fit, least_loaded
from pegbatch.planner.nodes import Nodes, refuse_mixed_containers, refuse_nesting
from pegbatch.planner.scopes import Scope, scopes_of, where_of
from pegbatch.planner.stages import Levelled

IDS_SHOWN = 5


def cluster_horizontally(
    levelled: Levelled, nodes: Nodes, table: ClusterTable
) -> tuple[Problem, ...]:
    """Put the clusters of all levels in the table; return warnings.

    Errors: PlanError for a cluster inside another one under AWSBatch, or of several containers;
    InputError naming every group in which a runtime is missing that clustering needs.
    """
    cut = _Cut(levelled, nodes, scopes_of(levelled), [], [])
    named: Counter[str] = Counter()
    for group in _groups(levelled, nodes):
        scope = cut.scopes[group.scope]
        stem = _name_stem(scope, nodes.names[group.transformation], group.level)
        strict = scope.given.tuning.first_job_fail
        kind = kind_of(group.settings.aggregator, strict=strict, otherwise=NAMED)
        if kind == PARALLEL and len(group.nodes) == 1:
            kind = SERIAL  # nothing will ever run beside it
        for chunk in cut.clusters(group):
            tasks = nodes.tasks_of(chunk)
            if nodes.members is not None:
                if len(chunk) == 1 and table.clusters[tasks[0]] != NO_CLUSTER:
                    continue
                refuse_nesting(levelled, table, tasks, group.settings, "horizontal")
                refuse_mixed_containers(levelled, tasks, "horizontal")
            named[stem] += 1
            table.add(f"{stem}_ID{named[stem]}", tasks, kind)
    if cut.problems:
        raise InputError(problems=cut.problems)
    return tuple(cut.warnings)


@dataclass(frozen=True, slots=True)
class _Group:
    """Jobs that may share clusters, in document order."""

    scope: int
    level: int
    transformation: int
    settings: TaskSettings
    """Of one of them: in all of them what steers clustering is the same."""
    nodes: list[int]


def _groups(levelled: Levelled, nodes: Nodes) -> Iterator[_Group]:
    table = levelled.settings_table
    keys: dict[tuple[object, ...], int] = {}
    kinds = [
        keys.setdefault(
            (s.clusters_num, s.clusters_size, s.clusters_maxruntime, s.aggregator), len(keys)
        )
        for s in table
    ]
    settings_by_kind = dict(zip(reversed(kinds), reversed(table), strict=True))
    groups: dict[tuple[int, int, int, int], list[int]] = {}
    levels, transformations, settings = nodes.levels, nodes.transformations, nodes.settings
    scope = nodes.scope
    for node in nodes.for_clusters():
        key = (levels[node], transformations[node], kinds[settings[node]], scope(node))
        groups.setdefault(key, []).append(node)
    names = [str(name) for name in nodes.names]
    for key in sorted(groups, key=lambda key: (key[0], names[key[1]], *key[1:])):
        yield _Group(key[3], key[0], key[1], settings_by_kind[key[2]], groups[key])


@dataclass(frozen=True, slots=True)
class _Cut:
    """Cuts groups into clusters, and notes what is wrong."""

    levelled: Levelled
    nodes: Nodes
    scopes: Sequence[Scope]
    problems: list[Problem]
    warnings: list[Problem]

    def clusters(self, group: _Group) -> Iterator[Sequence[int]]:
        """Yield the clusters of one group; jobs that are in none are left out."""
        scope = self.scopes[group.scope]
        tuning = scope.given.tuning
        allowed = tuning.allow_single
        if len(group.nodes) == 1 and not allowed:
            return
        if tuning.by_runtime:
            chunks = self._by_runtime(group)
        else:
            chunks = list(_by_count(group, dict(tuning.site_sizes).get(scope.site.name)))
        if allowed or any(len(chunk) > 1 for chunk in chunks):
            yield from chunks

    def _by_runtime(self, group: _Group) -> list[list[int]]:
        settings, nodes = group.settings, group.nodes
        runtimes = self._runtimes(group)
        if runtimes is None:
            return []
        if settings.clusters_maxruntime is not None:
            parts = first_fit(runtimes, settings.clusters_maxruntime)
        elif settings.clusters_num is not None:
            parts = least_loaded(runtimes, min(settings.clusters_num, len(nodes)))
        else:
            self.warnings.append(self._undecided(group))
            parts = [list(range(len(nodes)))]
        return [[nodes[position] for position in part] for part in parts]

    def _runtimes(self, group: _Group) -> list[float] | None:
        """Return the runtime of each job, that of a cluster being the sum of its tasks'."""
        levelled, found, missing = self.levelled, [], []
        for node in group.nodes:
            total = 0.0
            for task in self.nodes.tasks_of([node]):
                seconds = levelled.settings_table[levelled.task_settings[task]].runtime_seconds
                if seconds is None:
                    missing.append(task)
                total += max(0.0, seconds or 0.0)
            found.append(total)
        if missing and len(group.nodes) > 1:  # nothing to cut in a job alone
            self.problems.append(self._without_runtime(group, missing))
            return None
        return found

    def _without_runtime(self, group: _Group, missing: Sequence[int]) -> Problem:
        ids = self.levelled.workflow.tasks.ids
        shown = ", ".join(ids[task] for task in missing[:IDS_SHOWN])
        more = f" and {len(missing) - IDS_SHOWN:,} more" if len(missing) > IDS_SHOWN else ""
        jobs = "job" if len(missing) == 1 else "jobs"
        return Problem(
            f"{jobs} {shown}{more} ({self.nodes.names[group.transformation]}): "
            "no profile pegasus runtime, and clusters are to be cut by it",
            where_of(self.levelled, missing[0]),
            "set the profile runtime (seconds), or leave out pegasus.clusterer.preference",
        )

    def _undecided(self, group: _Group) -> Problem:
        name = self.nodes.names[group.transformation]
        return Problem(
            f"clustering by runtime: neither clusters.maxruntime nor clusters.num is set for "
            f"{name}, so all {len(group.nodes):,} jobs of level {group.level} are one cluster",
            self.scopes[group.scope].given.settings.where("pegasus.clusterer.preference"),
        )


def _by_count(group: _Group, site_size: int | None) -> Iterator[list[int]]:
    """Yield clusters by clusters.num, else by clusters.size; none without either."""
    settings, nodes = group.settings, group.nodes
    size = settings.clusters_size if settings.clusters_size is not None else site_size
    if settings.clusters_num is not None:
        yield from even_parts(nodes, min(settings.clusters_num, len(nodes)))
    elif size is not None:
        for first in range(0, len(nodes), size):
            yield nodes[first : first + size]


def even_parts(tasks: list[int], parts: int) -> Iterator[list[int]]:
    """Yield that many parts whose sizes differ by one at most, the larger ones first."""
    base, larger = divmod(len(tasks), parts)
    first = 0
    for part in range(parts):
        size = base + (part < larger)
        yield tasks[first : first + size]
        first += size


def _name_stem(scope: Scope, name: TransformationName, level: int) -> str:
    """Return `merge_<transformation>_PID<level>`, levels counted from 1 as Pegasus does.

    Shapes: in a sub-workflow, its path and a dot before the transformation.
    """
    joined = "-".join(part for part in (name.namespace, name.name, name.version) if part)
    return f"merge_{scope.label(re.sub(r'[.+=]', '_', joined))}_PID{level + 1}"

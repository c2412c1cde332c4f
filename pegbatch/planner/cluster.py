"""Cluster: tasks are gathered by the techniques that `--cluster` names, in that order.

`horizontal`, `label` (also `vertical`) and `whole` are Pegasus's; to each of them a cluster of an
earlier one is a single job (nodes). `chain` is ours, takes tasks that are in no cluster, and what
it took stays as it is. Where clusters are bags that reach over levels, levels are counted anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from pegbatch.errors import Problem, UsageError
from pegbatch.planner.chains import cluster_chains
from pegbatch.planner.cluster_by_label import cluster_by_label, cluster_whole
from pegbatch.planner.cluster_horizontally import cluster_horizontally
from pegbatch.planner.clusters import ClusterTable
from pegbatch.planner.contract import level_bags
from pegbatch.planner.nodes import gather_nodes
from pegbatch.planner.scopes import given_of
from pegbatch.planner.size_bags import size_bags
from pegbatch.planner.stages import Clustered, Levelled, grow

TECHNIQUES = ("horizontal", "label", "vertical", "whole", "chain")


def cluster(levelled: Levelled) -> Clustered:
    """Gather tasks in clusters.

    Errors: UsageError for a technique that is not there; PlanError for a cluster inside another
    one under AWSBatch; InputError where a runtime is missing, or labels cannot be clusters.
    """
    table = ClusterTable.empty(len(levelled.levels))
    levels = levelled.levels
    warnings: list[Problem] = []
    for techniques, taking in _asking(levelled):
        for technique in techniques:
            levels = _apply(technique, levelled, levels, table, warnings, taking)
    table = table.compacted()
    return grow(
        Clustered,
        levelled,
        warnings=(*levelled.warnings, *warnings),
        levels=levels,
        level_count=max(levels, default=-1) + 1,
        clusters=table.clusters,
        cluster_names=table.names,
        cluster_kinds=bytes(table.kinds),
        cluster_resources=size_bags(levelled, table),
        leaders=table.leaders,
        ranks=table.ranks,
    )


def _asking(levelled: Levelled) -> Iterator[tuple[tuple[str, ...], frozenset[int]]]:
    """Yield what is asked for, each with the workflows of the plan that ask for it."""
    asking: dict[tuple[str, ...], list[int]] = {}
    for number in range(max(1, len(levelled.scopes))):
        techniques = _techniques(given_of(levelled, number).options.cluster)
        asking.setdefault(techniques, []).append(number)
    for techniques, numbers in asking.items():
        yield techniques, frozenset(numbers)


def _techniques(asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the techniques in lower case, as Pegasus takes them in any."""
    unknown = [
        Problem(f"--cluster {name} is not supported", hint=f"there is {', '.join(TECHNIQUES)}")
        for name in asked
        if name.lower() not in TECHNIQUES
    ]
    if unknown:
        raise UsageError(problems=unknown)
    return tuple(name.lower() for name in asked)


def _apply(
    technique: str,
    levelled: Levelled,
    levels: array[int],
    table: ClusterTable,
    warnings: list[Problem],
    taking: frozenset[int],
) -> array[int]:
    """Put one technique's clusters in the table and return the levels after it."""
    if technique == "chain":
        cluster_chains(levelled, table, taking)
        return level_bags(levelled, table)
    nodes = gather_nodes(levelled, levels, table, taking)
    if technique == "horizontal":
        warnings += cluster_horizontally(levelled, nodes, table)
        return levels  # all tasks of a cluster have the same level already
    if technique == "whole":
        cluster_whole(levelled, nodes, table)
    else:
        cluster_by_label(levelled, nodes, table)
    return level_bags(levelled, table)

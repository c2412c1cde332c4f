"""The clusters found so far."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from pegbatch.model.cluster_kinds import CHAIN, NAMED, PARALLEL, SERIAL, STRICT
from pegbatch.planner.tuning import MPIEXEC, SEQEXEC

NO_CLUSTER = -1


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """Who is in which cluster; filled by the techniques one after another."""

    clusters: array[int]
    """By task: number of its cluster, or NO_CLUSTER."""
    names: list[str]
    kinds: bytearray
    """By cluster: what becomes of its tasks."""
    leaders: array[int]
    """By task: the first task of its cluster, or the task itself."""
    ranks: array[int]
    """By task: its place in its cluster, or its number where it is in none."""

    @classmethod
    def empty(cls, tasks: int) -> ClusterTable:
        """Return a table in which no task is in a cluster."""
        return cls(
            array("i", [NO_CLUSTER]) * tasks,
            [],
            bytearray(),
            array("i", range(tasks)),
            array("i", range(tasks)),
        )

    def add(self, name: str, tasks: Sequence[int], kind: int) -> None:
        """Put tasks in a new cluster, in the order in which they run.

        A cluster all of whose tasks go into the new one is left empty (`compacted`).
        """
        leader = tasks[0]
        for rank, task in enumerate(tasks):
            self.clusters[task] = len(self.names)
            self.leaders[task] = leader
            self.ranks[task] = rank
        self.names.append(name)
        self.kinds.append(kind)

    def is_bag(self, cluster: int) -> bool:
        """Tell whether a cluster (or NO_CLUSTER) is one bag."""
        return cluster != NO_CLUSTER and self.kinds[cluster] != NAMED

    def is_taken(self, cluster: int) -> bool:
        """Tell whether later techniques leave the tasks of a cluster where they are."""
        return cluster != NO_CLUSTER and self.kinds[cluster] == CHAIN

    def compacted(self) -> ClusterTable:
        """Return the table without clusters that are empty."""
        used = sorted(set(self.clusters) - {NO_CLUSTER})
        if len(used) == len(self.names):
            return self
        numbers = {old: new for new, old in enumerate(used)} | {NO_CLUSTER: NO_CLUSTER}
        return ClusterTable(
            array("i", (numbers[cluster] for cluster in self.clusters)),
            [self.names[cluster] for cluster in used],
            bytearray(self.kinds[cluster] for cluster in used),
            self.leaders,
            self.ranks,
        )


def kind_of(aggregator: str, *, strict: bool, otherwise: int) -> int:
    """Return what becomes of a cluster under an aggregator; `otherwise` under AWSBatch."""
    if aggregator == MPIEXEC:
        return PARALLEL
    if aggregator == SEQEXEC:
        return STRICT if strict else SERIAL
    return otherwise

"""The clusters found so far."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

NO_CLUSTER = -1


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """Who is in which cluster; filled by the techniques one after another."""

    clusters: array[int]
    """By task: number of its cluster, or NO_CLUSTER."""
    names: list[str]
    serial: bytearray
    """By cluster: 1 where its tasks run one after another in one bag."""
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

    def add(self, name: str, tasks: Sequence[int], *, serial: bool) -> None:
        """Put tasks in a new cluster, in the order in which they run."""
        leader = tasks[0]
        for rank, task in enumerate(tasks):
            self.clusters[task] = len(self.names)
            self.leaders[task] = leader
            self.ranks[task] = rank
        self.names.append(name)
        self.serial.append(serial)

"""Cut by runtime: jobs with an expected runtime are put in bins.

Source: Pegasus user guide, "Runtime based clustering"; the two heuristics are those of the
literature on bin packing and on makespans.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

SLACK = 1e-9
"""Sums of runtimes may be off by rounding, as a part of the maximum."""


def first_fit(runtimes: Sequence[float], maximum: float) -> list[list[int]]:
    """Put each job, longest first, in the first bin that still holds it.

    Shapes: positions in runtimes, ascending in each bin; a job longer than the maximum is in no
    bin. n log n.
    """
    fitting = [job for job, seconds in enumerate(runtimes) if seconds <= maximum]
    room = _Room(len(fitting), maximum)
    bins: list[list[int]] = []
    for job in sorted(fitting, key=lambda job: (-runtimes[job], job)):
        number = room.take(runtimes[job])
        if number == len(bins):
            bins.append([])
        bins[number].append(job)
    return [sorted(jobs) for jobs in bins]


def least_loaded(runtimes: Sequence[float], parts: int) -> list[list[int]]:
    """Put each job, longest first, in the bin with the least runtime so far.

    Shapes: positions in runtimes, ascending in each bin; no bin is empty where there are as many
    jobs as parts. n log n.
    """
    loads = [(0.0, 0, number) for number in range(parts)]
    bins: list[list[int]] = [[] for _ in range(parts)]
    for job in sorted(range(len(runtimes)), key=lambda job: (-runtimes[job], job)):
        seconds, count, number = loads[0]
        heapq.heapreplace(loads, (seconds + runtimes[job], count + 1, number))
        bins[number].append(job)
    return [sorted(jobs) for jobs in bins]


class _Room:
    """What is left in each of many bins; finds the first that holds a job in log n.

    A tree in one list: node i has the larger room of nodes 2i and 2i + 1; leaves are bins.
    """

    def __init__(self, bins: int, capacity: float) -> None:
        self._leaves = 1 << max(0, bins - 1).bit_length()
        self._slack = capacity * SLACK
        self._room = [capacity] * (2 * self._leaves)

    def take(self, seconds: float) -> int:
        """Take room in the first bin that has it, and return the bin."""
        wanted, node = seconds - self._slack, 1
        while node < self._leaves:
            node *= 2
            if self._room[node] < wanted:
                node += 1
        self._room[node] -= seconds
        leaf = node - self._leaves
        while node > 1:
            node //= 2
            self._room[node] = max(self._room[2 * node], self._room[2 * node + 1])
        return leaf

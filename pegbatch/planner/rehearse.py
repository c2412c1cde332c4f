"""Rehearse: arrays in the making, played as the bags and links that they would become."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pegbatch.model.plan import LinkType
from pegbatch.planner.link import links_into
from pegbatch.planner.pack import pack
from pegbatch.planner.play import Stage, Step, play
from pegbatch.planner.reduce_links import reduce_links
from pegbatch.planner.stages import Arrayed, Packed
from pegbatch.planner.tuning import Tuning
from pegbatch.planner.urgency import longest_path, runtimes_of

STARTS = 24
"""So many times what a container takes to start is the runtime of a bag that was asked for, where
nobody says how long a start takes."""
BILLED = 1.1
"""So many times their own time tasks may cost, starts included, before it counts as a loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of playing one plan; less is better everywhere."""

    unlimited_seconds: float
    """On unlimited vCPUs; 0 where their number is known."""
    score: float


class Rehearsals:
    """Plays plans of one workflow under the same conditions.

    Where the vCPUs are known (`pegbatch.pack.vcpus`) these are what counts, with what it costs to
    start containers. Otherwise plans are played on unlimited vCPUs and, which counts half as much,
    on as many as make the work divided by them as long as the critical path: there order matters
    most.
    """

    def __init__(self, arrayed: Arrayed) -> None:
        """Find out what counts."""
        tuning = arrayed.tuning
        runtimes = runtimes_of(arrayed)
        self._runtimes = array("d", [1.0]) * len(arrayed.levels) if runtimes is None else runtimes
        self._start = _start_seconds(tuning)
        self._work = math.fsum(
            self._runtimes[task] * draft.resources.vcpus
            for draft in arrayed.drafts
            for task in draft.order
        )
        self._vcpus = tuning.pack_vcpus
        self._few = self._vcpus or self._balanced(arrayed)

    def _balanced(self, arrayed: Arrayed) -> int:
        largest = max(draft.resources.vcpus for draft in arrayed.drafts)
        shortest = longest_path(arrayed.graph, self._runtimes)
        return max(largest, math.ceil(self._work / shortest) if shortest else 1)

    def play(self, aligned: Arrayed) -> Rehearsal:
        """Play a plan whose units are in order."""
        steps = _steps(pack(aligned), self._runtimes)
        on_few = play(steps, Stage(vcpus=float(self._few), start_seconds=self._start))
        if self._vcpus is not None:
            billed = on_few.vcpu_seconds / self._work if self._work else 1.0
            score = on_few.makespan_seconds * max(1.0, billed / BILLED) ** 3
            return Rehearsal(unlimited_seconds=0.0, score=score)
        unlimited = play(steps, Stage(start_seconds=self._start)).makespan_seconds
        score = unlimited**2 * on_few.makespan_seconds
        return Rehearsal(unlimited_seconds=unlimited, score=score)


def _start_seconds(tuning: Tuning) -> float:
    """Return what a container takes to start, as far as anybody says."""
    if tuning.pack_start_seconds is not None:
        return tuning.pack_start_seconds
    start = (tuning.pack_runtime_seconds or 0.0) / STARTS
    return start if math.isfinite(start) else 0.0


def _steps(packed: Packed, runtimes: Sequence[float]) -> list[Step]:
    links = reduce_links([links_into(packed, number) for number in range(len(packed.arrays))])
    return [_step(packed, number, into, runtimes) for number, into in enumerate(links)]


def _step(
    packed: Packed, number: int, links: Mapping[int, LinkType], runtimes: Sequence[float]
) -> Step:
    tasks = packed.arrays[number]
    seconds = list(map(runtimes.__getitem__, tasks.order))
    return Step(
        seconds=[sum(seconds[first:last]) for first, last in pairwise(tasks.bag_offsets)],
        vcpus=packed.array_resources[number].vcpus,
        waits_for=tuple(other for other, kind in links.items() if kind is LinkType.ALL),
        pairs_with=tuple(other for other, kind in links.items() if kind is LinkType.N_TO_N),
    )

"""Play: what an array of children would take on a number of vCPUs, by expected runtimes.

The rules are those of a queue of AWS Batch, as far as they decide about time: children start in
the order of submission as far as vCPUs are free, one that does not fit holds up those behind it,
and a child waits for the whole array before it (ALL) or for the one child of its number (N_TO_N).
Nothing here is random but the loss of machines, which is drawn from a fixed seed.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One array job as it is played."""

    seconds: Sequence[float]
    """By child: how long its tasks take."""
    tasks: Sequence[int] = ()
    """By child: how many they are; empty where each child has one."""
    vcpus: int = 1
    """Of one child."""
    memory_mib: int = 0
    """Of one child."""
    waits_for: tuple[int, ...] = ()
    """Positions of the steps that must be over before any child starts."""
    pairs_with: tuple[int, ...] = ()
    """Positions of the steps, of equal size, whose child of the same number must be over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the steps are played on."""

    vcpus: float = math.inf
    start_seconds: float = 0.0
    """Of a container, before its first task; its vCPUs are taken and billed."""
    losses_per_hour: float = 0.0
    """How often the machine of a child is taken away, on average (Spot)."""
    least_billed_seconds: float = 0.0
    """What a container is billed for at least."""
    in_order: bool = True
    """Whether one that does not fit holds up those behind it, as in a queue of Batch; else they
    pass it, as in a bag whose tasks run side by side."""


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of it."""

    makespan_seconds: float = 0.0
    vcpu_seconds: float = 0.0
    """Billed: from the start of each container to its end."""
    seconds_by_step: list[float] = field(default_factory=list)
    """Billed, of all children of each step together."""
    containers: int = 0
    """Started, those that were lost included."""
    losses: int = 0
    given_up: int = 0
    """Children that were lost ATTEMPTS_MAX times; they are played to their end all the same."""


ATTEMPTS_MAX = 10
"""Source: AWS Batch API, RetryStrategy."""


def play(steps: Sequence[Step], stage: Stage) -> Played:
    """Run all children to their end.

    Shapes: steps stand after those they wait for. n log n in children.
    """
    return _Run(steps, stage).run()


@dataclass(slots=True)
class _Waiting:
    """What the children of one step still wait for."""

    steps: int
    """To be over as a whole."""
    partners: list[int] | None
    """By child: partners that are not over; None where there are none."""
    left: int
    """Children that are not over."""
    followers: list[int] = field(default_factory=list)
    pair_followers: list[int] = field(default_factory=list)


class _Run:
    """The queue and the clock."""

    def __init__(self, steps: Sequence[Step], stage: Stage) -> None:
        self._steps = steps
        self._stage = stage
        self._random = Random(0)
        self._free = stage.vcpus
        self._ready: dict[int, list[tuple[int, int]]] = {}
        """By vCPUs of a child: (step, child), the first submitted first."""
        self._ends: list[tuple[float, int, int]] = []
        """(time, step, child) of those that run."""
        self._played = Played(seconds_by_step=[0.0] * len(steps))
        self._waiting = [
            _Waiting(
                steps=len(step.waits_for),
                partners=[len(step.pairs_with)] * len(step.seconds) if step.pairs_with else None,
                left=len(step.seconds),
            )
            for step in steps
        ]
        for number, step in enumerate(steps):
            for parent in step.waits_for:
                self._waiting[parent].followers.append(number)
            for parent in step.pairs_with:
                self._waiting[parent].pair_followers.append(number)

    def run(self) -> Played:
        """Play until nothing runs any more."""
        for number in range(len(self._steps)):
            self._offer_all(number)
        self._start(0.0)
        while self._ends:
            now, number, child = heapq.heappop(self._ends)
            self._free += self._vcpus(number)
            self._end(number, child)
            self._played.makespan_seconds = now
            self._start(now)
        return self._played

    def _vcpus(self, number: int) -> float:
        """Return what a child takes: one that is larger than all there is runs on all of it."""
        return min(self._steps[number].vcpus, self._stage.vcpus)

    def _offer_all(self, number: int) -> None:
        """Put the children of a step in the queue that wait for nothing (any more)."""
        waiting = self._waiting[number]
        if waiting.steps:
            return
        for child in range(len(self._steps[number].seconds)):
            if waiting.partners is None or not waiting.partners[child]:
                self._offer(number, child)

    def _offer(self, number: int, child: int) -> None:
        queue = self._ready.setdefault(self._steps[number].vcpus, [])
        heapq.heappush(queue, (number, child))

    def _start(self, now: float) -> None:
        """Start what fits, in the order of submission."""
        while True:
            queue = self._next_queue()
            if queue is None:
                return
            number, child = heapq.heappop(queue)
            self._free -= self._vcpus(number)
            taken = self._seconds_of(self._steps[number], child)
            self._bill(number, taken)
            heapq.heappush(self._ends, (now + taken, number, child))

    def _next_queue(self) -> list[tuple[int, int]] | None:
        """Return the queue whose head starts now; None where nothing does."""
        queues = [queue for queue in self._ready.values() if queue]
        if self._stage.in_order and queues:
            queues = [min(queues)]
        fitting = [queue for queue in queues if self._vcpus(queue[0][0]) <= self._free]
        return min(fitting, default=None)

    def _seconds_of(self, step: Step, child: int) -> float:
        """Return how long a child takes, starts and lost machines included."""
        self._played.containers += 1
        rate = self._stage.losses_per_hour / 3600
        if not rate:
            return self._stage.start_seconds + step.seconds[child]
        task_seconds = step.seconds[child] / (step.tasks[child] if step.tasks else 1)
        return self._with_losses(step.seconds[child], task_seconds, rate)

    def _with_losses(self, work: float, task_seconds: float, rate: float) -> float:
        """Play a child that may lose its machine; tasks that have ended by then are recorded."""
        start, total = self._stage.start_seconds, 0.0
        for _ in range(ATTEMPTS_MAX - 1):
            lost_after = self._random.expovariate(rate)
            if lost_after >= start + work:
                return total + start + work
            self._played.losses += 1
            self._played.containers += 1
            total += lost_after
            if task_seconds and lost_after > start:
                work -= (lost_after - start) // task_seconds * task_seconds
        self._played.given_up += 1
        return total + start + work

    def _bill(self, number: int, taken: float) -> None:
        step, played = self._steps[number], self._played
        billed = max(taken, self._stage.least_billed_seconds)
        played.seconds_by_step[number] += billed
        played.vcpu_seconds += billed * step.vcpus

    def _end(self, number: int, child: int) -> None:
        waiting = self._waiting[number]
        waiting.left -= 1
        for follower in waiting.pair_followers:
            partners = self._waiting[follower].partners
            if partners is not None:
                partners[child] -= 1
                if not partners[child] and not self._waiting[follower].steps:
                    self._offer(follower, child)
        if waiting.left:
            return
        for follower in waiting.followers:
            self._waiting[follower].steps -= 1
            self._offer_all(follower)

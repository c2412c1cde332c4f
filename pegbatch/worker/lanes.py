"""Lanes: tasks of a bag side by side, as many as its vCPUs hold, each after its parents.

Tasks start in the order of their lines; one that does not fit is passed over until it does. When
something goes wrong that ends the child (a stop, a store that cannot be reached), nothing new
starts and what runs is waited for: a stop ends it, and otherwise its outputs may still be saved.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from pegbatch.model.manifest import TaskLine
from pegbatch.model.records import TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What is done with a task, which is told with its number.

    Only `run` is called from other threads than the caller's.
    """

    run: Callable[[int, TaskLine, int], TaskRecord]
    """Run it in the lane of the last number, or say why not."""
    take: Callable[[int, TaskLine, TaskRecord], None]
    expect: Callable[[int, TaskLine], None]
    """It is next, but there is no room yet."""
    parents: Callable[[int, TaskLine], Collection[int]]
    """Those tasks that it waits for."""


def run_in_lanes(tasks: Sequence[TaskLine], numbers: Sequence[int], steps: Steps) -> None:
    """Run the tasks of these numbers, each when those of its parents that are among them are done.

    Shapes: one number or more, ascending.
    Errors: the first that a step raises, once nothing runs any more.
    """
    lanes = _Lanes(tasks, numbers, steps)
    with ThreadPoolExecutor(lanes.width) as pool:
        lanes.run(pool)


class _Children:
    """Who waits for a task: for each the last that was added, and for that the one before it."""

    def __init__(self, size: int) -> None:
        self._last = array("l", [-1]) * size
        self._before = array("l")
        self._child = array("l")

    def add(self, parent: int, child: int) -> None:
        self._before.append(self._last[parent])
        self._child.append(child)
        self._last[parent] = len(self._child) - 1

    def of(self, parent: int) -> Iterator[int]:
        place = self._last[parent]
        while place >= 0:
            yield self._child[place]
            place = self._before[place]


class _Lanes:
    """The tasks that wait, and those that run."""

    def __init__(self, tasks: Sequence[TaskLine], numbers: Sequence[int], steps: Steps) -> None:
        self.width = max(tasks[number].bag_cores for number in numbers)
        self._steps = steps
        self._free = self.width
        self._free_lanes = list(range(self.width))
        self._running: dict[Future[TaskRecord], tuple[int, int]] = {}
        """Task and lane."""
        self._trouble: BaseException | None = None
        self._tasks = tasks
        self._children = _Children(len(tasks))
        self._waits_for = array("l", [0]) * len(tasks)
        self._count_parents(numbers)
        self._ready = [number for number in numbers if not self._waits_for[number]]
        """A heap."""
        self._least = min(map(self._cores, numbers))

    def _count_parents(self, numbers: Sequence[int]) -> None:
        among = bytearray(len(self._tasks))
        for number in numbers:
            among[number] = 1
        for number in numbers:
            for parent in self._steps.parents(number, self._tasks[number]):
                if among[parent]:
                    self._children.add(parent, number)
                    self._waits_for[number] += 1

    def run(self, pool: ThreadPoolExecutor) -> None:
        """Run everything."""
        self._start(pool)
        while self._running:
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: self._running[future]):
                self._end(future)
            if self._trouble is None:
                self._start(pool)
        if self._trouble is not None:
            raise self._trouble

    def _start(self, pool: ThreadPoolExecutor) -> None:
        too_large = []
        while self._ready and self._free >= self._least:
            number = heapq.heappop(self._ready)
            if self._cores(number) > self._free:
                too_large.append(number)
                continue
            lane = self._free_lanes.pop()
            self._free -= self._cores(number)
            future = pool.submit(self._steps.run, number, self._tasks[number], lane)
            self._running[future] = number, lane
        for number in too_large:
            heapq.heappush(self._ready, number)
        if self._ready:
            self._steps.expect(self._ready[0], self._tasks[self._ready[0]])

    def _end(self, future: Future[TaskRecord]) -> None:
        number, lane = self._running.pop(future)
        self._free += self._cores(number)
        self._free_lanes.append(lane)
        try:
            self._steps.take(number, self._tasks[number], future.result())
        except Exception as error:
            self._trouble = self._trouble or error
            return
        for child in self._children.of(number):
            self._waits_for[child] -= 1
            if not self._waits_for[child]:
                heapq.heappush(self._ready, child)

    def _cores(self, number: int) -> int:
        cores = self._tasks[number].cores
        return self.width if cores is None else min(cores, self.width)

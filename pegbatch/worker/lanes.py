"""Lanes: tasks of a bag side by side, as many as its vCPUs hold, each after its parents.

Tasks start in the order of their lines; one that does not fit is passed over until it does. When
something goes wrong that ends the child (a stop, a store that cannot be reached), nothing new
starts and what runs is waited for: a stop ends it, and otherwise its outputs may still be saved.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from pegbatch.model.manifest import TaskLine
from pegbatch.model.records import TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What is done with a task. Only `run` is called from other threads than the caller's."""

    run: Callable[[TaskLine, int], TaskRecord]
    """Run it in the lane of that number, or say why not."""
    take: Callable[[TaskLine, TaskRecord], None]
    expect: Callable[[TaskLine], None]
    """It is next, but there is no room yet."""


def run_in_lanes(
    tasks: Sequence[TaskLine], parents: Mapping[str, frozenset[str]], steps: Steps
) -> None:
    """Run tasks, each when those of its parents that are among them are done.

    Errors: the first that a step raises, once nothing runs any more.
    """
    lanes = _Lanes(tasks, parents, steps)
    with ThreadPoolExecutor(lanes.width) as pool:
        lanes.run(pool)


class _Lanes:
    """The tasks that wait, and those that run."""

    def __init__(
        self, tasks: Sequence[TaskLine], parents: Mapping[str, frozenset[str]], steps: Steps
    ) -> None:
        self.width = max(task.bag_cores for task in tasks)
        self._steps = steps
        self._free = self.width
        self._free_lanes = list(range(self.width))
        self._running: dict[Future[TaskRecord], tuple[int, int]] = {}
        """Task and lane."""
        self._trouble: BaseException | None = None
        self._tasks = tasks
        among = {task.id for task in tasks}
        self._waits_for = [len(parents[task.id] & among) for task in tasks]
        self._children: dict[str, list[int]] = {}
        for number, task in enumerate(tasks):
            for parent in parents[task.id] & among:
                self._children.setdefault(parent, []).append(number)
        self._ready = [number for number, count in enumerate(self._waits_for) if not count]
        """A heap."""
        self._least = min(self._cores(number) for number in range(len(tasks)))

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
            future = pool.submit(self._steps.run, self._tasks[number], lane)
            self._running[future] = number, lane
        for number in too_large:
            heapq.heappush(self._ready, number)
        if self._ready:
            self._steps.expect(self._tasks[self._ready[0]])

    def _end(self, future: Future[TaskRecord]) -> None:
        number, lane = self._running.pop(future)
        self._free += self._cores(number)
        self._free_lanes.append(lane)
        try:
            self._steps.take(self._tasks[number], future.result())
        except Exception as error:
            self._trouble = self._trouble or error
            return
        for child in self._children.get(self._tasks[number].id, ()):
            self._waits_for[child] -= 1
            if not self._waits_for[child]:
                heapq.heappush(self._ready, child)

    def _cores(self, number: int) -> int:
        cores = self._tasks[number].cores
        return self.width if cores is None else min(cores, self.width)

"""What tasks asked for and what they took, by transformation, and what would do."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pegbatch.engine.statistics.invocations import invocations
from pegbatch.model.history import Execution, History, PlannedTask
from pegbatch.model.plan import Job
from pegbatch.model.statistics import ResourceRow

WORKER_MIB = 128
"""What the worker, which shares the container, may take itself."""
MEMORY_HEADROOM = 1.2
"""Advice leaves so much above the most that was seen."""
MEMORY_STEP_MIB = 128
WORTH_SAVING = 0.75
"""Less is advised only where it is at most this part of what is asked for."""
NEARLY_ALL = 0.8
"""A task that was killed with this part of the memory in use was killed for it."""
CLOSE = 0.9
"""More is advised where a success has used more than this part."""
LEAST_SECONDS = 1.0
"""Shorter tasks say nothing of how many cores they keep busy."""
CORES_NOISE = 0.25
"""Of a core: what interpreters and clocks add."""
_KILLED = 9
_EXIT_KILLED = 128 + _KILLED
"""What a shell says of a program that SIGKILL ended; and Docker of a container."""


def resource_rows(history: History) -> tuple[ResourceRow, ...]:
    """Return a row for each transformation of the plan, by name."""
    jobs = {job.name: job for job in history.jobs}
    uses: dict[str, _Use] = {}
    starved = {(one.array, one.bag) for one in history.attempts if _is_starved(one.reason)}
    for task in history.tasks.values():
        use = uses.get(task.transformation)
        if use is None:
            use = uses[task.transformation] = _Use()
        use.add_task(task, jobs[task.array])
        if starved and (task.array, task.bag) in starved:
            use.starved_bags.add((task.array, task.bag))
    for execution, task in invocations(history):
        if execution.state == "failed":
            uses[task.transformation].add_failure(execution, task, jobs[task.array])
    _add_successes(history, history.newest.values(), uses, jobs)
    return tuple(uses[name].row(name) for name in sorted(uses))


def _add_successes(
    history: History, newest: Iterable[Execution], uses: dict[str, _Use], jobs: dict[str, Job]
) -> None:
    for execution in newest:
        task = history.tasks.get(execution.id)
        if task is not None and execution.state == "succeeded":
            uses[task.transformation].add_success(execution, task, jobs[task.array])


def _is_starved(reason: str) -> bool:
    """Say whether an attempt was ended for lack of memory, in Batch's words."""
    return "OutOfMemory" in reason


def _side_by_side(task: PlannedTask, job: Job) -> int:
    """Return how many tasks like this one run in its bag at the same time."""
    return max(1, job.resources.vcpus // task.cores) if task.cores else 1


class _Use:
    """What one transformation asked for and took."""

    def __init__(self) -> None:
        self.memory_asked = 0
        self.cores_asked = 0
        self.memory_used: float | None = None
        self.cores_used: float | None = None
        self.starved_bags: set[tuple[str, int]] = set()
        self.starved = 0
        self.killed = 0

    def add_task(self, task: PlannedTask, job: Job) -> None:
        self.memory_asked = max(self.memory_asked, job.resources.memory_mib)
        self.cores_asked = max(self.cores_asked, task.cores or job.resources.vcpus)

    def add_success(self, execution: Execution, task: PlannedTask, job: Job) -> None:
        if execution.max_rss_mib is not None:
            used = execution.max_rss_mib * _side_by_side(task, job)
            self.memory_used = max(used, self.memory_used or 0.0)
        if execution.cpu_seconds is not None and execution.seconds >= LEAST_SECONDS:
            busy = execution.cpu_seconds / execution.seconds
            self.cores_used = max(busy, self.cores_used or 0.0)

    def add_failure(self, execution: Execution, task: PlannedTask, job: Job) -> None:
        if execution.signal != _KILLED and execution.exit_code != _EXIT_KILLED:
            return
        used = (execution.max_rss_mib or 0.0) * _side_by_side(task, job)
        if used >= NEARLY_ALL * job.resources.memory_mib:
            self.starved += 1
        else:
            self.killed += 1

    def row(self, transformation: str) -> ResourceRow:
        starved = self.starved + len(self.starved_bags)
        return ResourceRow(
            transformation=transformation,
            memory_asked_mib=self.memory_asked,
            memory_used_mib=self.memory_used,
            memory_advised_mib=_memory_advice(self.memory_asked, self.memory_used, starved),
            cores_asked=self.cores_asked,
            cores_used=self.cores_used,
            cores_advised=_cores_advice(self.cores_asked, self.cores_used),
            out_of_memory=starved,
            may_be_out_of_memory=self.killed,
        )


def _memory_advice(asked: int, used: float | None, starved: int) -> int | None:
    if starved:
        return _rounded(max(2 * asked, _enough(used or 0.0)))
    if used is None:
        return None
    advised = _rounded(_enough(used))
    if advised <= WORTH_SAVING * asked or used > CLOSE * asked:
        return advised
    return None


def _enough(used: float) -> float:
    return used * MEMORY_HEADROOM + WORKER_MIB


def _rounded(memory_mib: float) -> int:
    return MEMORY_STEP_MIB * math.ceil(memory_mib / MEMORY_STEP_MIB)


def _cores_advice(asked: int, used: float | None) -> int | None:
    if used is None:
        return None
    advised = max(1, math.ceil(used - CORES_NOISE))
    return None if advised == asked else advised

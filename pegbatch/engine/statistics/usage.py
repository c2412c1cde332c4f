"""What a run had of its machines, over time: vCPUs and memory, taken and used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from pegbatch.engine.statistics.timeline import span
from pegbatch.model.history import History
from pegbatch.model.plan import Resources
from pegbatch.model.run_view import Usage

STEPS = 400
"""Into which a run is cut; each says what there was on average."""
_Change = tuple[float, int, int]
"""When, and by how many vCPUs and MiB."""


def usage_of(history: History, *, now: float, steps: int = STEPS) -> Usage:
    """Add up what attempts took and what executions used; each costs the same, however long."""
    started, ended = span(history, now=now)
    step = max(ended - started, 1e-3) / steps
    vcpus_taken, memory_taken = _Curve(started, step, steps), _Curve(started, step, steps)
    changes: list[_Change] = []
    for start, end, resources in _taken(history, ended):
        vcpus_taken.add(start, end, resources.vcpus)
        memory_taken.add(start, end, resources.memory_mib)
        changes.append((start, resources.vcpus, resources.memory_mib))
        changes.append((end, -resources.vcpus, -resources.memory_mib))
    changes.sort()  # of what happens at once, ends come first
    vcpus_used, memory_used = _Curve(started, step, steps), _Curve(started, step, steps)
    for one in history.executions:
        if one.seconds:
            vcpus_used.add(one.start, one.end, (one.cpu_seconds or 0.0) / one.seconds)
            memory_used.add(one.start, one.end, one.max_rss_mib or 0.0)
    return Usage(
        step_seconds=step,
        vcpus_taken=vcpus_taken.averages(),
        vcpus_used=vcpus_used.averages(),
        memory_taken_mib=memory_taken.averages(),
        memory_used_mib=memory_used.averages(),
        vcpus_most=max(accumulate(vcpus for _, vcpus, _ in changes), default=0),
        memory_most_mib=max(accumulate(memory for _, _, memory in changes), default=0),
        knows_cpu=any(one.cpu_seconds is not None for one in history.executions),
        knows_memory=any(one.max_rss_mib is not None for one in history.executions),
    )


def _taken(history: History, ended: float) -> Iterator[tuple[float, float, Resources]]:
    """Yield start, end and resources of each attempt that has begun."""
    asked = {job.name: job.resources for job in history.jobs}
    for attempt in history.attempts:
        resources = asked.get(attempt.array)
        if attempt.start is not None and resources is not None:
            end = ended if attempt.end is None else attempt.end
            yield attempt.start, max(attempt.start, end), resources


class _Curve:
    """The sum of many rectangles: each costs the same, however many steps it covers."""

    def __init__(self, started: float, step: float, steps: int) -> None:
        self._started, self._step, self._steps = started, step, steps
        self._partial = [0.0] * (steps + 1)
        self._slope = [0.0] * (steps + 2)

    def add(self, start: float, end: float, height: float) -> None:
        """Add a height that holds from start to end."""
        first = self._place(start)
        last = max(first, self._place(end))
        i, j = int(first), int(last)
        if i == j:
            self._partial[i] += height * (last - first)
            return
        self._partial[i] += height * (i + 1 - first)
        self._partial[j] += height * (last - j)
        self._slope[i + 1] += height
        self._slope[j] -= height

    def _place(self, moment: float) -> float:
        return min(max(0.0, (moment - self._started) / self._step), float(self._steps))

    def averages(self) -> list[float]:
        """Return the mean height in each step; what is left of rounding is none."""
        whole = accumulate(self._slope)
        sums = (one + rest for one, rest in zip(whole, self._partial, strict=False))
        return [round(one, 6) for one, _ in zip(sums, range(self._steps), strict=False)]

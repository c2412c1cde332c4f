"""Children that wait for jobs of their own: the planners of sub-workflows.

They take no vCPU and no memory of the machine, or a run nested in others would wait for the place
that its own planner holds. But they are processes, so that only so many of one depth of nesting are
up at a time. Those of one depth wait for deeper ones alone, never for each other, and the deepest
for what computes: whatever their number, one of them can always go on.
"""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.emulator.state.jobs import JobSpec, Unit
from pegbatch.emulator.state.lines import Line
from pegbatch.model.sub_workflows import NESTING_VARIABLE, RUNS_VARIABLE

AT_ONCE = 8
"""Of one depth of nesting."""


def is_waiter(spec: JobSpec) -> bool:
    """Tell whether the children of a job wait for jobs of their own."""
    return spec.environment.get(RUNS_VARIABLE) == "1"


def _depth(spec: JobSpec) -> str:
    return spec.environment.get(NESTING_VARIABLE, "")


class Waiters:
    """Those that stand in line, and how many are up."""

    def __init__(self) -> None:
        """Start without any."""
        self._lines: dict[str, dict[str, Line]] = {}
        """By queue and depth."""
        self._up: dict[str, int] = {}
        """By depth, whatever the queue."""

    def enqueue(self, unit: Unit) -> None:
        """Put one in line."""
        lines = self._lines.setdefault(unit.job.spec.queue, {})
        lines.setdefault(_depth(unit.job.spec), Line()).push(unit)

    def head(self, queue: str) -> Unit | None:
        """Return one that may start now."""
        lines = self._lines.get(queue, {})
        for depth in sorted(lines):
            unit = lines[depth].head()
            if unit is None:
                del lines[depth]
            elif self._up.get(depth, 0) < AT_ONCE:
                return unit
        return None

    def lines(self, queue: str) -> Iterator[Line]:
        """Yield the lines of a queue."""
        yield from self._lines.get(queue, {}).values()

    def take(self, unit: Unit) -> None:
        """Count one that starts."""
        self._count(unit, 1)

    def free(self, unit: Unit) -> None:
        """Count one that has ended."""
        self._count(unit, -1)

    def _count(self, unit: Unit, sign: int) -> None:
        spec = unit.job.spec
        if is_waiter(spec):
            depth = _depth(spec)
            self._up[depth] = self._up.get(depth, 0) + sign

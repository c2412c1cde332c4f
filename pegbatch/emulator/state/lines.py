"""Who stands in line for a place, most urgent first."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

from pegbatch.emulator.state.jobs import Unit


@dataclass(slots=True)
class Line:
    """The RUNNABLE units of one queue (and share), most urgent first."""

    heap: list[tuple[int, int, int, int, int, Unit]] = field(default_factory=list)

    def push(self, unit: Unit) -> None:
        """Put a unit in line by priority; one that was started before comes first."""
        retried = 0 if unit.attempts else 1
        place = (-unit.job.spec.priority, retried, unit.job.seq, unit.index or 0, unit.ticket)
        heappush(self.heap, (*place, unit))

    def head(self) -> Unit | None:
        """Return who comes first; what has left the line is dropped."""
        while self.heap:
            *_, ticket, unit = self.heap[0]
            if unit.ticket == ticket and unit.status == "RUNNABLE":
                return unit
            heappop(self.heap)
        return None

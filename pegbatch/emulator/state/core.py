"""The state itself, and the only functions that change a status."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from pegbatch.emulator.settings import MachineSettings
from pegbatch.emulator.state.effects import Change, Effects
from pegbatch.emulator.state.jobs import TERMINAL, WAITING, Job, Status, Unit
from pegbatch.emulator.state.placement import Placement


class Core:
    """All jobs, and what is still to be worked through."""

    def __init__(self, settings: MachineSettings, new_id: Callable[[], str]) -> None:
        """Take the source of task ids (32 hexadecimal digits) from outside."""
        self.settings = settings
        self.new_id = new_id
        self.placement = Placement(settings)
        self.jobs: dict[str, Job] = {}
        self.by_queue: dict[str, list[Job]] = {}
        self.fresh: deque[Job] = deque()
        """Submitted, dependencies not yet looked at."""
        self.ended: deque[Unit] = deque()
        """Finished, dependents not yet told."""
        self.open_jobs = 0
        """Jobs that are not finished."""
        self.effects = Effects()
        self._alarms: list[tuple[float, int, Callable[[float], None]]] = []
        self._alarm_count = 0

    def add(self, job: Job) -> None:
        """Register a job; its dependencies are looked at by the next step."""
        self.jobs[job.id] = job
        self.by_queue.setdefault(job.spec.queue, []).append(job)
        self.fresh.append(job)
        self.open_jobs += 1

    def set_unit(self, unit: Unit, status: Status, now: float, reason: str | None = None) -> None:
        """Change the status of a plain job or child, and tell it."""
        job = unit.job
        if job.is_array:
            job.counts[unit.status] -= 1
            job.counts[status] = job.counts.get(status, 0) + 1
            job.counted_at = now
        unit.status, unit.reason = status, reason
        self._tell(job, unit.index, unit.attempt, status, now, reason)
        if status not in WAITING or unit.attempts:
            self.effects.units[unit] = None
        if status in TERMINAL:
            unit.stopped = now
            self.ended.append(unit)

    def set_parent(self, job: Job, status: Status, now: float, reason: str | None = None) -> None:
        """Change the status of an array's parent, and tell it."""
        job.parent_status, job.parent_reason = status, reason
        self._tell(job, None, 0, status, now, reason)
        self.effects.jobs[job.id] = job

    def fail_waiting(self, unit: Unit, reason: str, now: float) -> None:
        """Fail a unit that waits; one that started or ended stays as it is."""
        if unit.status in WAITING:
            self.set_unit(unit, "FAILED", now, reason)

    def make_runnable(self, unit: Unit, now: float, reason: str | None = None) -> None:
        """Let a unit stand in line; one whose cancellation was accepted while PENDING fails."""
        if unit.cancel is not None:
            self.set_unit(unit, "FAILED", now, unit.cancel)
            return
        unit.runnable_at = now
        self.set_unit(unit, "RUNNABLE", now, reason)
        self.placement.enqueue(unit)

    def later(self, when: float, action: Callable[[float], None]) -> None:
        """Have something done at a time; it gets the time at which it really happens."""
        self._alarm_count += 1
        heappush(self._alarms, (when, self._alarm_count, action))

    def ring(self, now: float) -> None:
        """Do everything whose time has come."""
        while self._alarms and self._alarms[0][0] <= now:
            heappop(self._alarms)[2](now)

    def next_alarm(self) -> float | None:
        """Return when there is something to do next, if nothing else happens."""
        return self._alarms[0][0] if self._alarms else None

    def _tell(
        self, job: Job, child: int | None, attempt: int, state: str, now: float, reason: str | None
    ) -> None:
        change = Change(now, job.id, job.spec.name, child, attempt, state, reason)
        self.effects.changes.append(change)

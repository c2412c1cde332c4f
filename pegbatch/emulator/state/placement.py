"""Who may run where: queues, compute environments and what is in use.

Queues are strict first in, first out: a head that does not fit holds up those behind it, as on
Amazon ("job queue blocked"). On a queue with a fair-share policy the share that uses least,
relative to its weight, comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pegbatch.emulator.settings import MachineSettings
from pegbatch.emulator.state.jobs import JobSpec, Unit
from pegbatch.emulator.state.lines import Line
from pegbatch.emulator.state.waiters import Waiters, is_waiter


@dataclass(frozen=True, slots=True)
class Environment:
    """A compute environment, cut to what placement needs."""

    name: str
    max_vcpus: float
    open: bool = True
    """ENABLED and VALID."""
    invalid: bool = False
    """INVALID."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A job queue, cut to what placement needs."""

    name: str
    priority: int
    environments: tuple[str, ...]
    """Names, in the order in which they are tried."""
    share_weights: Mapping[str, float] | None = None
    """weightFactor by share identifier; None on a queue without a fair-share policy."""
    time_limits: tuple[tuple[str, float], ...] = ()
    """jobStateTimeLimitActions: (reason, seconds) after which a stuck head is cancelled."""


class Spot(NamedTuple):
    """Where a unit is to run and what it takes there."""

    environment: str
    vcpus: float
    memory_mib: int


class Placement:
    """What is free and who waits for it."""

    def __init__(self, settings: MachineSettings) -> None:
        """Start without queues and environments."""
        self.settings = settings
        self.environments: dict[str, Environment] = {}
        self.queues: dict[str, Queue] = {}
        self.consumables: dict[str, int] = {}
        """Total quantity of each consumable resource."""
        self.consumed: dict[str, int] = {}
        self.no_capacity = False
        """Amazon has no machines: nothing is started until it has some again."""
        self._used: dict[str, float] = {}
        self._used_vcpus = 0.0
        self._used_memory = 0
        self._share_use: dict[tuple[str, str | None], float] = {}
        self._lines: dict[str, dict[str | None, Line]] = {}
        self._waiters = Waiters()

    def enqueue(self, unit: Unit) -> None:
        """Put a RUNNABLE unit in line; a retried one goes to the head."""
        unit.ticket += 1
        spec = unit.job.spec
        if is_waiter(spec):
            self._waiters.enqueue(unit)
            return
        lines = self._lines.setdefault(spec.queue, {})
        lines.setdefault(spec.share, Line()).push(unit)

    def queues_in_turn(self) -> list[Queue]:
        """Return the queues by descending priority."""
        return sorted(self.queues.values(), key=lambda queue: (-queue.priority, queue.name))

    def head(self, queue: Queue) -> Unit | None:
        """Return the unit that a queue would start next."""
        waiter = self._waiters.head(queue.name)
        if waiter is not None:
            return waiter
        lines = self._lines.get(queue.name, {})
        shares = sorted(lines, key=lambda share: self._standing(queue, share))
        for share in shares:
            unit = lines[share].head()
            if unit is not None:
                return unit
            del lines[share]
        return None

    def waiting(self, queue: str) -> Iterator[Unit]:
        """Yield the RUNNABLE units of a queue in the order of dispatch."""
        lines = (*self._waiters.lines(queue), *self._lines.get(queue, {}).values())
        entries = sorted(entry for line in lines for entry in line.heap)
        for *_, ticket, unit in entries:
            if unit.ticket == ticket and unit.status == "RUNNABLE":
                yield unit

    def shares(self, queue: str) -> set[str | None]:
        """Return the share identifiers that have waiting or running units in a queue."""
        running = {share for (name, share), use in self._share_use.items() if name == queue and use}
        return running | set(self._lines.get(queue, {}))

    def find(self, unit: Unit, queue: Queue) -> Spot | None:
        """Return where a unit fits now, or None while it has to wait."""
        if self.no_capacity:
            return None
        if is_waiter(unit.job.spec):
            return next((Spot(name, 0.0, 0) for name in self._open(queue)), None)
        vcpus, memory = self.cut(unit.job.spec, queue)
        if not self._machine_has(vcpus, memory) or not self._can_consume(unit.job.spec):
            return None
        for name in self._open(queue):
            if self._used.get(name, 0.0) + vcpus <= self.environments[name].max_vcpus:
                return Spot(name, vcpus, memory)
        return None

    def cut(self, spec: JobSpec, queue: Queue) -> tuple[float, int]:
        """Return the vCPUs and MiB that a job takes: capped to what there is, unless strict."""
        if self.settings.strict:
            return spec.vcpus, spec.memory_mib
        bounds = [self.environments[name].max_vcpus for name in self._open(queue)]
        largest = max(bounds, default=spec.vcpus)
        vcpus = min(spec.vcpus, largest, self.settings.vcpus or largest)
        memory = min(spec.memory_mib, self.settings.memory_mib or spec.memory_mib)
        return vcpus, memory

    def never_fits(self, spec: JobSpec, queue: Queue) -> bool:
        """Tell whether a job is larger than every environment of its queue, or than the machine.

        Shapes: never so where what is too large is cut down.
        """
        if not self.settings.strict:
            return False
        known = self._known(queue)
        machine = self.settings.vcpus
        if machine is not None and spec.vcpus > machine:
            return True
        return bool(known) and all(spec.vcpus > environment.max_vcpus for environment in known)

    def all_invalid(self, queue: Queue) -> bool:
        """Tell whether every environment of a queue is INVALID."""
        known = self._known(queue)
        return bool(known) and all(environment.invalid for environment in known)

    def _known(self, queue: Queue) -> list[Environment]:
        return [self.environments[n] for n in queue.environments if n in self.environments]

    def take(self, unit: Unit, spot: Spot) -> None:
        """Book what a unit uses."""
        unit.host, unit.took = spot.environment, (spot.vcpus, spot.memory_mib)
        self._waiters.take(unit)
        self._book(unit, 1)

    def free(self, unit: Unit) -> None:
        """Give back what a unit used; twice is harmless."""
        if unit.host:
            self._waiters.free(unit)
            self._book(unit, -1)
            unit.took = (0.0, 0)
            unit.host = ""

    def _book(self, unit: Unit, sign: int) -> None:
        vcpus, memory = unit.took
        spec = unit.job.spec
        self._used[unit.host] = self._used.get(unit.host, 0.0) + sign * vcpus
        self._used_vcpus += sign * vcpus
        self._used_memory += sign * memory
        share = (spec.queue, spec.share)
        self._share_use[share] = self._share_use.get(share, 0.0) + sign * vcpus
        for name, quantity in spec.consumes:
            self.consumed[name] = self.consumed.get(name, 0) + sign * quantity

    def _open(self, queue: Queue) -> list[str]:
        return [
            name
            for name in queue.environments
            if name in self.environments and self.environments[name].open
        ]

    def _machine_has(self, vcpus: float, memory: int) -> bool:
        bound, memory_bound = self.settings.vcpus, self.settings.memory_mib
        enough_vcpus = bound is None or self._used_vcpus + vcpus <= bound
        return enough_vcpus and (memory_bound is None or self._used_memory + memory <= memory_bound)

    def _can_consume(self, spec: JobSpec) -> bool:
        return all(
            self.consumed.get(name, 0) + quantity <= self.consumables.get(name, 0)
            for name, quantity in spec.consumes
        )

    def _standing(self, queue: Queue, share: str | None) -> tuple[float, str]:
        weight = _weight(queue.share_weights or {}, share or "")
        return self._share_use.get((queue.name, share), 0.0) * weight, share or ""


def _weight(weights: Mapping[str, float], share: str) -> float:
    """Return a share's weightFactor: its own, that of the longest prefix ending in `*`, or 1."""
    if share in weights:
        return weights[share]
    prefixes = [name for name in weights if name.endswith("*") and share.startswith(name[:-1])]
    return weights[max(prefixes, key=len)] if prefixes else 1.0

"""What the state machine tells the outside after each event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from pegbatch.emulator.state.jobs import Job, Unit


class Change(NamedTuple):
    """One state change, as events.jsonl has it."""

    time: float
    job: str
    name: str
    child: int | None
    attempt: int
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """Start the process of a unit that is STARTING."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class Stop:
    """Send a signal to the process group of a unit."""

    unit: Unit
    kill: bool
    """SIGKILL rather than SIGTERM."""


@dataclass(slots=True)
class Effects:
    """Everything that happened since the last time somebody asked."""

    changes: list[Change] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    """Jobs to save, by id."""
    units: dict[Unit, None] = field(default_factory=dict)
    """Units to save, in the order of their first change."""
    actions: list[Start | Stop] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, later: Effects) -> None:
        """Take up what happened after this."""
        self.changes += later.changes
        self.jobs.update(later.jobs)
        self.units.update(later.units)
        self.actions += later.actions
        self.warnings += later.warnings

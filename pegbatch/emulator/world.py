"""What every operation works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pegbatch.emulator.log_files import LogFiles
from pegbatch.emulator.registry import Registry
from pegbatch.emulator.settings import EmulatorSettings
from pegbatch.emulator.state.jobs import Job
from pegbatch.emulator.state.machine import Machine


@dataclass(slots=True, kw_only=True)
class World:
    """One embedded AWS, without its doors to the outside."""

    settings: EmulatorSettings
    machine: Machine
    registry: Registry
    logs: LogFiles
    now: Callable[[], float]
    """Seconds since the epoch; never goes back."""
    new_id: Callable[[], str]
    """A fresh id of 32 hexadecimal digits."""
    late_seconds: float = 0.0
    """For how long a fresh job is not shown."""
    next_seq: int = 1

    def jobs(self) -> dict[str, Job]:
        """Return all jobs by id."""
        return self.machine.core.jobs

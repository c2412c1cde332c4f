"""What has to be done next in a run: the state says it, the loop carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pegbatch.model.run_status import Outcome


@dataclass(frozen=True, slots=True)
class Upload:
    """Bring inputs, plan and worker to the store."""


@dataclass(frozen=True, slots=True)
class Submit:
    """Submit some arrays that were never tried and that wait for none of each other."""

    arrays: tuple[str, ...]
    """In the order of their try."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Look for an array whose SubmitJob call may have gone through; submit it where it did not."""

    array: str
    job_name: str
    job_queue: str
    intended: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Ask how the submitted arrays stand."""

    job_ids: Mapping[str, str]
    """Array to job id, of those that have not ended."""


@dataclass(frozen=True, slots=True)
class Finish:
    """All is over: see that a summary exists and record the outcome."""

    outcome: Outcome


Command: TypeAlias = Upload | Submit | Recover | Watch | Finish

"""A job queue and its compute environments, cut to what says why nothing starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """One compute environment of a queue."""

    name: str
    state: str
    """ENABLED or DISABLED."""
    status: str
    """CREATING, UPDATING, DELETING, DELETED, VALID or INVALID."""
    reason: str = ""
    """statusReason."""
    kind: str = ""
    """EC2, SPOT, FARGATE or FARGATE_SPOT; empty where it is not managed by Batch."""
    max_vcpus: float | None = None
    """None: nothing bounds it, as far as Batch knows."""
    desired_vcpus: float | None = None
    """None on Fargate, which has no machines of its own."""

    @property
    def is_open(self) -> bool:
        """Say whether Batch places jobs in it."""
        return self.state == "ENABLED" and self.status in ("VALID", "UPDATING")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """One job queue."""

    name: str
    state: str
    status: str
    reason: str = ""
    """statusReason."""
    environments: tuple[EnvironmentFacts, ...] = ()
    """In the order in which they are tried; those that are gone are left out."""
    is_shared: bool = False
    """Whether it has a scheduling policy (fair share)."""
    front: tuple[str, ...] | None = None
    """Ids of the jobs that are to start next; None where that may not be asked."""

"""Logs of children: where each attempt's lies, and whose part of one is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLog:
    """The log of one attempt at one child of an array."""

    array: str
    bag: int
    number: int
    """The try."""
    attempt: int
    """From 1."""
    url: str = ""
    """In the run's store; empty: it is in CloudWatch alone."""
    size_bytes: int = 0
    """Of the object."""
    stream: str = ""
    """In CloudWatch; empty: it is in the store."""
    group: str | None = None
    """None: Batch's own."""
    running: bool = False
    """Whether more may come."""

    @property
    def source(self) -> Literal["store", "cloudwatch", "record"]:
        """Return where it is read; `record`: its last lines are all there is."""
        if self.url:
            return "store"
        return "cloudwatch" if self.stream else "record"

    @property
    def key(self) -> tuple[int, int]:
        """Return try and attempt, by which the logs of a child are ordered."""
        return self.number, self.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTask:
    """What the plan says of a task whose part of a log is wanted."""

    id: str
    transformation: str
    """Complete name."""
    array: str
    bag: int
    beside_others: bool = False
    """Tasks of its bag run side by side: each of its lines begins with its id."""
    stdout: str | None = None
    """LFN that the stream goes to instead of the log, as `stderr`."""
    stderr: str | None = None
    bag_fellows: tuple[tuple[str, str], ...] = ()
    """Ids and complete names of all tasks of its bag, its own among them."""

"""Why a task is planned as it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProfileValue:
    """One profile of a task, and who set it."""

    name: str
    """`namespace.key`."""
    value: str
    source: str
    """What set it, with the place where that is known."""
    hidden: tuple[str, ...]
    """`value (source)` of those that a stronger source overrode, strongest first."""


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """One input or output of a task."""

    lfn: str
    url: str
    origin: str
    """Where an input comes from, or who reads an output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that was decided about one task."""

    task: str
    where: str
    transformation: str
    level: int
    cluster: str
    """Empty where the task is in none."""
    array: str
    bag: int
    bag_tasks: tuple[str, ...]
    """Ids of the tasks of the bag, in the order in which they run."""
    array_size: int
    argv: tuple[str, ...]
    parents: tuple[str, ...]
    """`id (array, bag)`."""
    inputs: tuple[FileOrigin, ...]
    outputs: tuple[FileOrigin, ...]
    profiles: tuple[ProfileValue, ...]
    container: str
    """`name, image`; empty for the image of the base job definition."""
    vcpus: int
    memory_mib: int
    gpus: int
    tries: int
    timeout_seconds: int | None

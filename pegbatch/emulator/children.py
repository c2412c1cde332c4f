"""What a child is started with, and what is told of it, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MARKS = ("AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ATTEMPT")
"""Variables by which all processes of one child are known."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the machine that a container sees."""

    source: str
    """Empty: an empty folder of the container's own."""
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """What a container engine is told of a child."""

    image: str
    command: tuple[str, ...]
    """Words for the image's entry point."""
    variables: Mapping[str, str]
    """Those of definition, request and Batch, and none of the machine's."""
    vcpus: float
    memory_mib: int
    user: str
    """`user` or `uid:gid`."""
    mounts: tuple[Mount, ...] = ()
    privileged: bool = False
    read_only: bool = False
    """The root file system."""
    limits: tuple[str, ...] = ()
    """`name=soft:hard`."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything a child is started with."""

    task: str
    """Id of the task; names its working directory or container."""
    argv: Sequence[str]
    """As a process of this machine."""
    environment: Mapping[str, str]
    log: Path
    """Gets stdout and stderr."""
    container: Callable[[], ContainerSpec]
    """In a container.

    Errors: LaunchFailed.
    """


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a child."""

    code: int | None
    """128 + signal where a signal ended it; None where it never ran."""
    reason: str | None = None
    """What `container.reason` says of it."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to tell of a child; a failed start is told as an end without a code."""

    started: Callable[[], None]
    ended: Callable[[Ended], None]


class LaunchFailed(Exception):
    """The child could not be started; says why, as ECS would."""


class Runner(Protocol):
    """Starts and ends children; a task's id names its child."""

    def start(self, launch: Launch, watch: Watch) -> None:
        """Start a child, now or as soon as its image is there.

        Errors: LaunchFailed.
        """

    def signal(self, task: str, *, kill: bool) -> None:
        """Send SIGTERM or SIGKILL to a child and all it started; one that has ended is no error."""

    async def close(self, grace_seconds: float) -> None:
        """End all children: SIGTERM, and SIGKILL after a while."""

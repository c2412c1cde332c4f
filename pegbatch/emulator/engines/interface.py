"""What the embedded AWS asks of a container engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pegbatch.emulator.children import ContainerSpec, Ended


@dataclass(frozen=True, slots=True)
class Container:
    """One child's container."""

    name: str
    """Of its own in all the engine's store."""
    spec: ContainerSpec
    folder: Path
    """For what its engine has to write down; readable to this user alone, removed afterwards."""
    log: Path


@dataclass(frozen=True, slots=True)
class Client:
    """The process that runs a container and ends with it; its output is the container's."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    """Beside those of this process."""
    talk: Path | None = None
    """Gets its stderr, where that is the engine's and not the container's."""


class Engine(Protocol):
    """A program that runs containers."""

    async def check(self) -> None:
        """Refuse where it cannot run any.

        Errors: OutsideError.
        """

    async def sweep(self) -> None:
        """Remove the containers that an embedded AWS on the same folder left."""

    async def prepare(self, container: Container) -> Client:
        """Fetch the image if it is missing, and return how the container is run.

        Errors: LaunchFailed.
        """

    async def stop(self, container: Container, client: int, *, kill: bool) -> bool:
        """Send SIGTERM or SIGKILL to the first process; tell whether it was there.

        Shapes: client is the process id of the client, which leads a group of its own.
        """

    async def end(self, container: Container, code: int) -> Ended:
        """Return what the end of a client means.

        Shapes: code is the client's, 128 + signal where a signal ended it.
        """

    async def remove(self, container: Container) -> None:
        """Leave nothing of a container; one that was never made is no error."""

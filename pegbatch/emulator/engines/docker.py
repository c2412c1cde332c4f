"""Docker, and podman, which takes the same words."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pegbatch.emulator.children import ContainerSpec, Ended, LaunchFailed, Mount
from pegbatch.emulator.engines.calls import Program, kill_group, last_line
from pegbatch.emulator.engines.interface import Client, Container
from pegbatch.emulator.state.outcomes import OUT_OF_MEMORY
from pegbatch.errors import OutsideError

LABEL = "pegbatch.folder"
VARIABLES_FILE = "variables"
_TAIL_BYTES = 4096
_KILLED = 137
_NEVER = "0001-"
"""How the time of a start begins that was none."""


class DockerEngine:
    """Runs children by `docker run` or `podman run`."""

    def __init__(self, program: Program, key: str) -> None:
        """Take the program, and what marks the containers of one folder."""
        self._program = program
        self._key = key
        self._images: dict[str, asyncio.Task[None]] = {}
        """Images that are there, or on their way."""

    async def check(self) -> None:
        """Refuse where nobody answers (see Engine)."""
        called = await self._program.call("version", "--format", "{{.Server.Version}}")
        if called.code:
            raise OutsideError(
                f"{self._program.name} cannot run containers: {called.complaint}",
                hint=f"look at what `{self._program.name} version` says, or take another --runtime",
            )

    async def sweep(self) -> None:
        """Remove what was left (see Engine)."""
        found = await self._program.call("ps", "-aq", "--filter", f"label={LABEL}={self._key}")
        names = found.text.split()
        if names and not found.code:
            await self._program.call("rm", "-f", "-v", *names)

    async def prepare(self, container: Container) -> Client:
        """Fetch the image (see Engine)."""
        image = container.spec.image
        if image not in self._images:
            self._images[image] = asyncio.create_task(self._fetch(image))
            self._images[image].add_done_callback(_noticed)
        try:
            await asyncio.shield(self._images[image])
        except LaunchFailed:
            # The next child asks again.
            self._images.pop(image, None)
            raise
        file = container.folder / VARIABLES_FILE
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as target:
            target.write(variables_file(container.spec.variables))
        words = run_words(self._program.name, container.name, self._key, container.spec, file)
        return Client(words, _by_name(container.spec.variables))

    async def stop(self, container: Container, client: int, *, kill: bool) -> bool:
        """Signal the container (see Engine)."""
        number = "KILL" if kill else "TERM"
        called = await self._program.call("kill", "--signal", number, container.name)
        if kill and called.code:
            # There is no container yet, or none any more.
            kill_group(client)
        return kill or not called.code

    async def end(self, container: Container, code: int) -> Ended:
        """Look at how the container ended (see Engine)."""
        words = ("inspect", "--type", "container", "--format", "{{json .State}}", container.name)
        called = await self._program.call(*words)
        if called.code:
            # Whether a run that failed so early has an image shows at the next start.
            self._images.pop(container.spec.image, None)
            return Ended(None, f"CannotCreateContainerError: {_tail(container.log)}")
        try:
            return ended(json.loads(called.text))
        except (ValueError, TypeError, KeyError):
            return Ended(code, f"CannotInspectContainerError: {called.text.strip()[:200]}")

    async def remove(self, container: Container) -> None:
        """Remove the container (see Engine)."""
        await self._program.call("rm", "-f", "-v", container.name)

    async def _fetch(self, image: str) -> None:
        found = await self._program.call("image", "inspect", "--format", "{{.Id}}", image)
        if not found.code:
            return
        pulled = await self._program.call("pull", "-q", image)
        if pulled.code:
            raise LaunchFailed(f"CannotPullContainerError: {pulled.complaint}")


def _noticed(fetching: asyncio.Task[None]) -> None:
    """Look at a failure, which nobody does where all that waited have been stopped."""
    if not fetching.cancelled():
        fetching.exception()


def run_words(
    program: str, name: str, key: str, spec: ContainerSpec, variables_file: Path
) -> list[str]:
    """Return the call that runs a container; the values of its variables are not in it.

    Source: `docker run --help`, `podman run --help`.
    """
    limits = [word for limit in spec.limits for word in ("--ulimit", limit)]
    mounts = [word for mount in spec.mounts for word in ("--mount", mount_word(mount))]
    by_name = [word for variable in _by_name(spec.variables) for word in ("-e", variable)]
    memory = f"{spec.memory_mib}m"
    return [
        *(program, "run", "--pull", "never", "--name", name, "--label", f"{LABEL}={key}"),
        *("--network", "host", "--cpus", f"{spec.vcpus:g}"),
        *("--memory", memory, "--memory-swap", memory),
        *("--user", spec.user),
        *((*_PODMAN, *_KEEP_USER) if program == "podman" else ()),
        *(("--privileged",) if spec.privileged else ()),
        *(("--read-only",) if spec.read_only else ()),
        *limits,
        *mounts,
        *("--env-file", str(variables_file)),
        *by_name,
        *(spec.image, *spec.command),
    ]


_PODMAN = ("--http-proxy=false", "--security-opt", "label=disable")
"""No variables of the machine; mounted folders can be read whatever their label."""
_KEEP_USER = ("--userns", "keep-id") if os.geteuid() else ()
"""What a child of podman without root writes, belongs to this user."""


def mount_word(mount: Mount) -> str:
    """Return the value of `--mount`, which is a line of CSV."""
    what = ["type=bind", f"source={mount.source}"] if mount.source else ["type=volume"]
    fields = [*what, f"target={mount.target}"]
    if mount.read_only:
        fields.append("readonly")
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def variables_file(variables: Mapping[str, str]) -> str:
    """Return the text of an `--env-file`; it cannot hold values of several lines."""
    inherited = _by_name(variables)
    pairs = (f"{name}={value}\n" for name, value in variables.items() if name not in inherited)
    return "".join(pairs)


def ended(state: Mapping[str, Any]) -> Ended:
    """Return what the state of a container that is not running any more means.

    Source: Docker's API, "Inspect a container", State.
    """
    if str(state.get("StartedAt", _NEVER)).startswith(_NEVER):
        return Ended(None, f"CannotStartContainerError: {state.get('Error') or 'not started'}")
    if state.get("Running"):
        # Its client is gone.
        return Ended(_KILLED)
    return Ended(int(state["ExitCode"]), OUT_OF_MEMORY if state.get("OOMKilled") else None)


def _by_name(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what the client hands on from its own environment."""
    return {name: value for name, value in variables.items() if {"\n", "\r"} & set(value)}


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return last_line(file.read().decode(errors="replace"))

"""buildah: containers without a daemon and, by chroot, without rights beyond root's.

A child has a working container of its own, made from the image and removed afterwards, so that no
file goes from one to the next. Its variables come in a file that a shell in the container reads:
buildah takes them as arguments only, which everybody on a machine can see. It shows no signal in
its exit code and hands none on, so the shell stays and tells, and signals go to the processes.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pegbatch.emulator.children import MARKS, Ended, LaunchFailed, Mount
from pegbatch.emulator.engines.calls import Program, kill_group, last_line
from pegbatch.emulator.engines.interface import Client, Container
from pegbatch.emulator.leftovers import kill_marked, signal_first
from pegbatch.errors import OutsideError

PROGRAM = "buildah"
INSIDE = "/run/pegbatch-variables"
LOG_INSIDE = "/run/pegbatch-log"
SHELL = f'exec >>{LOG_INSIDE} 2>&1; . {INSIDE}; "$@"; exit $?'
"""The log is written without buildah, which adds its own and may lose the end."""
VOLUMES = "volumes"
_ANYBODY_WRITES = 0o622
NOT_STARTED = "process failed to start with error: "
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_STATUS = re.compile(r"Error: exit status \d+")


class BuildahEngine:
    """Runs children by `buildah run --isolation chroot`."""

    def __init__(self, program: Program, key: str) -> None:
        """Take the program, and what the names of the containers of one folder begin with."""
        self._program = program
        self._key = key

    async def check(self) -> None:
        """Refuse where it has no store (see Engine)."""
        called = await self._program.call("images", "-q")
        if called.code:
            raise OutsideError(
                f"{PROGRAM} cannot run containers: {called.complaint}",
                hint=f"look at what `{PROGRAM} images` says, or choose another --runtime",
            )

    async def sweep(self) -> None:
        """Remove what was left (see Engine)."""
        words = ("containers", "--noheading", "--format", "{{.ContainerName}}")
        found = await self._program.call(*words)
        names = [name for name in found.text.split() if name.startswith(self._key)]
        if names and not found.code:
            await self._program.call("rm", *names)

    async def prepare(self, container: Container) -> Client:
        """Make a working container (see Engine)."""
        spec = container.spec
        made = await self._program.call(
            *("from", "--quiet", "--pull=false", "--http-proxy=false"),
            *("--name", container.name, spec.image),
        )
        if made.code:
            raise LaunchFailed(f"CannotPullContainerError: {made.complaint}")
        looked = await self._program.call("inspect", "--type", "container", container.name)
        command = words_of(json.loads(looked.text), spec.command) if not looked.code else []
        if not command:
            raise LaunchFailed("CannotStartContainerError: no command specified")
        file = container.folder / "variables"
        file.write_text(shell_file(spec.variables))
        # In a folder of this user alone; inside, whoever the child runs as has to read it.
        file.chmod(0o444)
        # In such a folder, too.
        container.log.touch(_ANYBODY_WRITES)
        container.log.chmod(_ANYBODY_WRITES)
        for mount in spec.mounts:
            if not mount.source:
                Path(_with_source(mount, container).source).mkdir(parents=True)
        words = run_words(container, file, command)
        return Client(words, {}, container.folder / "talk")

    async def stop(self, container: Container, client: int, *, kill: bool) -> bool:
        """Signal the first process inside (see Engine)."""
        if not kill:
            return await asyncio.to_thread(signal_first, _marks(container), MARKS, signal.SIGTERM)
        kill_group(client)
        await asyncio.to_thread(kill_marked, {_marks(container)}, MARKS)
        return True

    async def end(self, container: Container, code: int) -> Ended:
        """Look at what buildah said (see Engine)."""
        talk = (container.folder / "talk").read_text(errors="replace")
        problem = problem_of(talk)
        return Ended(code) if problem is None else Ended(None, problem)

    async def remove(self, container: Container) -> None:
        """Remove processes and working container (see Engine)."""
        await asyncio.to_thread(kill_marked, {_marks(container)}, MARKS)
        await self._program.call("rm", container.name)


def run_words(container: Container, file: Path, command: list[str]) -> list[str]:
    """Return the call that runs a command in a working container.

    Errors: LaunchFailed for a folder that cannot be mounted.
    Source: `buildah run --help`.
    """
    spec = container.spec
    own = (Mount(str(file), INSIDE, read_only=True), Mount(str(container.log), LOG_INSIDE))
    mounts = (*own, *(_with_source(mount, container) for mount in spec.mounts))
    volumes = [word for mount in mounts for word in ("--volume", volume_word(mount))]
    return [
        *(PROGRAM, "run", "--isolation", "chroot", "--network", "host", "--user", spec.user),
        *volumes,
        *(container.name, "--", "/bin/sh", "-c", SHELL, "sh", *command),
    ]


def _with_source(mount: Mount, container: Container) -> Mount:
    """Return a mount of a folder; a volume of the container's own is one in its folder."""
    if mount.source:
        return mount
    name = mount.target.strip("/").replace("/", "-")
    return replace(mount, source=str(container.folder / VOLUMES / name))


def volume_word(mount: Mount) -> str:
    """Return the value of `--volume`.

    Errors: LaunchFailed.
    """
    if ":" in mount.source + mount.target:
        raise LaunchFailed(f"CannotCreateContainerError: {mount.source} has a colon in its name")
    return f"{mount.source}:{mount.target}{':ro' if mount.read_only else ''}"


def words_of(inspected: Mapping[str, Any], command: tuple[str, ...]) -> list[str]:
    """Return entry point and command of a working container, as Docker puts them together."""
    config = inspected.get("OCIv1", {}).get("config", {})
    return [*(config.get("Entrypoint") or ()), *(command or config.get("Cmd") or ())]


def shell_file(variables: Mapping[str, str]) -> str:
    """Return shell commands that set variables; names that no shell can hold are left out."""
    lines = (f"export {k}={shlex.quote(v)}\n" for k, v in variables.items() if _NAME(k))
    return "".join(lines)


def problem_of(talk: str) -> str | None:
    """Return why a container was not started, where what buildah said tells so."""
    _, found, rest = talk.partition(NOT_STARTED)
    if found:
        return f"CannotStartContainerError: {rest.splitlines()[0]}"
    last = last_line(talk)
    if last.startswith("Error: ") and not _STATUS.fullmatch(last):
        return f"CannotStartContainerError: {last.removeprefix('Error: ')}"
    return None


def _marks(container: Container) -> tuple[str, ...]:
    return tuple(container.spec.variables.get(name, "") for name in MARKS)

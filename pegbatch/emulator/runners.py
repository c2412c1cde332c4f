"""What runs a child: a local process, watched without a thread or a timer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SIGNAL_EXIT = 128
"""Added to a signal's number, as a container's exit code."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything a child is started with."""

    task: str
    """Id of the task; names its working directory."""
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    """Gets stdout and stderr."""


class LaunchFailed(Exception):
    """The process could not be started; says why, as ECS would."""


class Runner(Protocol):
    """Starts and ends children; a task's id names its child."""

    def start(self, launch: Launch, on_exit: Callable[[int], None]) -> None:
        """Start a child; on_exit gets the exit code.

        Errors: LaunchFailed.
        """

    def signal(self, task: str, *, kill: bool) -> None:
        """Send SIGTERM or SIGKILL to a child and all it started; one that has ended is no error."""

    async def close(self, grace_seconds: float) -> None:
        """End all children: SIGTERM, and SIGKILL after a while."""


class ProcessRunner:
    """Children as local processes, each in a session and a working directory of its own."""

    def __init__(self, scratch: Path) -> None:
        """Take the folder for working directories."""
        self._scratch = scratch
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._spare: list[Path] = []
        """Working directories that were left empty: making and removing one takes as long as
        starting a small process."""
        self._log_folders: set[Path] = set()

    def start(self, launch: Launch, on_exit: Callable[[int], None]) -> None:
        """Start a child (see Runner)."""
        if not launch.argv:
            raise LaunchFailed("CannotStartContainerError: no command specified")
        try:
            home = self._home(launch.task)
            process = self._spawn(launch, home)
        except OSError as error:
            raise LaunchFailed(f"CannotStartContainerError: {error}") from error
        self._running[launch.task] = process
        watch = os.pidfd_open(process.pid)
        loop = asyncio.get_running_loop()
        loop.add_reader(watch, self._ended, launch.task, watch, home, on_exit)

    def signal(self, task: str, *, kill: bool) -> None:
        """Send SIGTERM or SIGKILL to a child's group (see Runner)."""
        if task in self._running:
            _signal_group(self._running[task].pid, signal.SIGKILL if kill else signal.SIGTERM)

    async def close(self, grace_seconds: float) -> None:
        """End all children and wait for their ends (see Runner)."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + grace_seconds
        for task in self._running:
            self.signal(task, kill=False)
        while self._running and loop.time() < patience:
            await asyncio.sleep(0.02)
        for task in self._running:
            self.signal(task, kill=True)
        while self._running:
            await asyncio.sleep(0.02)
        await asyncio.to_thread(shutil.rmtree, self._scratch, True)

    def _home(self, task: str) -> Path:
        if self._spare:
            return self._spare.pop()
        home = self._scratch / task
        home.mkdir(parents=True)
        return home

    def _spawn(self, launch: Launch, home: Path) -> subprocess.Popen[bytes]:
        if launch.log.parent not in self._log_folders:
            launch.log.parent.mkdir(parents=True, exist_ok=True)
            self._log_folders.add(launch.log.parent)
        log = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            return subprocess.Popen(
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env={**launch.environment, "TMPDIR": str(home)},
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _ended(self, task: str, watch: int, home: Path, on_exit: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(watch)
        os.close(watch)
        process = self._running.pop(task)
        # A container ends with its first process; until that is reaped its id can't be reused.
        _signal_group(process.pid, signal.SIGKILL)
        code = process.wait()
        if _is_empty(home):
            self._spare.append(home)
        else:
            loop.run_in_executor(None, shutil.rmtree, home, True)
        on_exit(code if code >= 0 else SIGNAL_EXIT - code)


def end_leftovers(mark: str, variable: str) -> int:
    """Kill the children of earlier emulators with all they started, and return how many.

    Shapes: they are known by `NAME=value` and by the name of a variable in the environment that
    they were started with.
    """
    line, name = b"\0" + mark.encode() + b"\0", b"\0" + variable.encode() + b"="
    found = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            environment = b"\0" + (folder / "environ").read_bytes()
            if line in environment and name in environment:
                os.kill(int(folder.name), signal.SIGKILL)
                found += 1
    return found


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False

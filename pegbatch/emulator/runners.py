"""What runs a child: a local process, watched without a thread or a timer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pegbatch.emulator.children import MARKS, Ended, Launch, LaunchFailed, Watch
from pegbatch.emulator.leftovers import kill_marked
from pegbatch.emulator.spawning import Spawner, own_working_directory

SIGNAL_EXIT = 128
"""Added to a signal's number, as a container's exit code."""


@dataclass(frozen=True, slots=True)
class _End:
    """A child whose first process has ended."""

    marks: tuple[str, ...]
    code: int
    home: Path
    watch: Watch


class ProcessRunner:
    """Children as local processes, each in a session and a working directory of its own."""

    def __init__(self, scratch: Path) -> None:
        """Take the folder for working directories; children are started in the thread of now."""
        self._scratch = scratch
        self._spawner = Spawner(quick=own_working_directory())
        self._running: dict[str, int] = {}
        """Process ids."""
        self._spare: list[Path] = []
        """Working directories that were left empty: making and removing one takes as long as
        starting a small process."""
        self._log_folders: set[Path] = set()
        self._signalled: set[str] = set()
        """Tasks that were sent a signal."""
        self._swept: list[_End] = []
        """Ends that are told when nothing of the child is left."""

    def start(self, launch: Launch, watch: Watch) -> None:
        """Start a child (see Runner)."""
        if not launch.argv:
            raise LaunchFailed("CannotStartContainerError: no command specified")
        try:
            home = self._home(launch.task)
            pid = self._spawn(launch, home)
        except OSError as error:
            raise LaunchFailed(f"CannotStartContainerError: {error}") from error
        self._running[launch.task] = pid
        descriptor = os.pidfd_open(pid)
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, self._ended, launch, descriptor, home, watch)
        watch.started()

    def signal(self, task: str, *, kill: bool) -> None:
        """Send SIGTERM or SIGKILL to a child's group (see Runner)."""
        if task in self._running:
            self._signalled.add(task)
            _signal_group(self._running[task], signal.SIGKILL if kill else signal.SIGTERM)

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
        while self._running or self._swept:
            await asyncio.sleep(0.02)
        self._spawner.close()
        await asyncio.to_thread(shutil.rmtree, self._scratch, True)

    def _home(self, task: str) -> Path:
        if self._spare:
            return self._spare.pop()
        home = self._scratch / task
        home.mkdir(parents=True)
        return home

    def _spawn(self, launch: Launch, home: Path) -> int:
        if launch.log.parent not in self._log_folders:
            launch.log.parent.mkdir(parents=True, exist_ok=True)
            self._log_folders.add(launch.log.parent)
        environment = {**launch.environment, "TMPDIR": str(home)}
        return self._spawner.start(launch.argv, environment, home, launch.log)

    def _ended(self, launch: Launch, descriptor: int, home: Path, watch: Watch) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(descriptor)
        os.close(descriptor)
        pid = self._running.pop(launch.task)
        # A container ends with its first process; until that is reaped its id can't be reused.
        _signal_group(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        end = _End(_marks(launch.environment), code, home, watch)
        if code >= 0 and launch.task not in self._signalled:
            self._tell(end)
            return
        # It had no chance to end what it started in sessions of their own.
        self._signalled.discard(launch.task)
        if not self._swept:
            loop.call_soon(self._sweep)
        self._swept.append(end)

    def _sweep(self) -> None:
        """Kill what is left of children that were killed, and tell of their ends."""
        ends, self._swept = self._swept, []
        kill_marked({end.marks for end in ends}, MARKS)
        for end in ends:
            self._tell(end)

    def _tell(self, end: _End) -> None:
        home, code = end.home, end.code
        if _is_empty(home):
            self._spare.append(home)
        else:
            asyncio.get_running_loop().run_in_executor(None, shutil.rmtree, home, True)
        end.watch.ended(Ended(code if code >= 0 else SIGNAL_EXIT - code))


def _marks(environment: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(environment.get(name, "") for name in MARKS)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False

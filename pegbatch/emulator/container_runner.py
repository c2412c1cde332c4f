"""Runs children in a container engine: each a task of the event loop that follows its container."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pegbatch.emulator.children import Ended, Launch, LaunchFailed, Watch
from pegbatch.emulator.engines.calls import SIGNAL_EXIT
from pegbatch.emulator.engines.interface import Client, Container, Engine

AGAIN_SECONDS = 0.2
"""After which a container that was not there yet is signalled again."""
_LOOK_SECONDS = 0.02


@dataclass(slots=True, eq=False)
class _Child:
    container: Container
    watch: Watch
    preparing: bool = True
    process: asyncio.subprocess.Process | None = None
    life: asyncio.Task[None] | None = None
    signalled: bool | None = None
    """Whether the last signal was SIGKILL; None before the first."""


class ContainerRunner:
    """Children as containers."""

    def __init__(self, engine: Engine, scratch: Path, key: str, marks: Mapping[str, str]) -> None:
        """Take the engine and a folder of this user alone.

        Shapes: key is what names of containers begin with; marks are variables of every client.
        """
        self._marks = marks
        self._engine = engine
        self._scratch = scratch
        self._key = key
        self._children: dict[str, _Child] = {}
        self._signals: set[asyncio.Task[None]] = set()

    def start(self, launch: Launch, watch: Watch) -> None:
        """Start a child (see Runner)."""
        folder = self._scratch / launch.task
        container = Container(f"{self._key}-{launch.task}", launch.container(), folder, launch.log)
        child = self._children[launch.task] = _Child(container, watch)
        child.life = asyncio.create_task(self._live(launch.task, child))

    def signal(self, task: str, *, kill: bool) -> None:
        """Send SIGTERM or SIGKILL (see Runner); one that has no container yet gets none."""
        child = self._children.get(task)
        if child is None:
            return
        child.signalled = kill
        if child.preparing and child.life is not None:
            child.life.cancel()
        elif child.process is not None:
            self._send(child, child.process, kill)

    async def close(self, grace_seconds: float) -> None:
        """End all children and wait for their ends (see Runner)."""
        loop = asyncio.get_running_loop()
        for task in list(self._children):
            self.signal(task, kill=False)
        patience = loop.time() + grace_seconds
        while self._children and loop.time() < patience:
            await asyncio.sleep(_LOOK_SECONDS)
        for task in list(self._children):
            self.signal(task, kill=True)
        while self._children or self._signals:
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.to_thread(shutil.rmtree, self._scratch, True)

    async def _live(self, task: str, child: _Child) -> None:
        """Follow a child from its image to its end, which is told when nothing is left of it."""
        try:
            end = await self._run(child)
        except asyncio.CancelledError:
            end = Ended(None)
        except LaunchFailed as error:
            end = Ended(None, str(error))
        except (OSError, ValueError) as error:
            end = Ended(None, f"CannotStartContainerError: {error}")
        child.preparing = False
        await self._clear(child.container)
        del self._children[task]
        child.watch.ended(end)

    async def _run(self, child: _Child) -> Ended:
        container = child.container
        container.folder.mkdir(parents=True)
        container.log.parent.mkdir(parents=True, exist_ok=True)
        client = await self._engine.prepare(container)
        child.preparing = False
        child.process = process = await _start(container, client, self._marks)
        child.watch.started()
        if child.signalled is not None:
            self._send(child, process, child.signalled)
        code = await process.wait()
        return await self._engine.end(container, code if code >= 0 else SIGNAL_EXIT - code)

    def _send(self, child: _Child, process: asyncio.subprocess.Process, kill: bool) -> None:
        sending = asyncio.create_task(self._stop(child.container, process, kill))
        self._signals.add(sending)
        sending.add_done_callback(self._signals.discard)

    async def _stop(
        self, container: Container, process: asyncio.subprocess.Process, kill: bool
    ) -> None:
        """Signal a container; one that is not up yet, as soon as it is."""
        while process.returncode is None:
            if await self._engine.stop(container, process.pid, kill=kill):
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _clear(self, container: Container) -> None:
        with contextlib.suppress(OSError):
            await self._engine.remove(container)
        await asyncio.to_thread(shutil.rmtree, container.folder, True)


async def _start(
    container: Container, client: Client, marks: Mapping[str, str]
) -> asyncio.subprocess.Process:
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(container.log.open("ab"))
        talk = stack.enter_context(client.talk.open("ab")) if client.talk else log
        return await asyncio.create_subprocess_exec(
            *client.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=talk,
            cwd=container.folder,
            env={**os.environ, **client.environment, **marks},
            start_new_session=True,
        )

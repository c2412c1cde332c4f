"""Calling the program of a container engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

SIGNAL_EXIT = 128
"""Added to a signal's number, as a container's exit code."""


@dataclass(frozen=True, slots=True)
class Called:
    """The end of one call."""

    code: int
    text: str
    """Its stdout."""
    talk: str
    """Its stderr."""

    @property
    def complaint(self) -> str:
        """Return the last line of what it had to say."""
        return last_line(self.talk) or last_line(self.text) or f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Program:
    """The program of a container engine."""

    name: str
    marks: Mapping[str, str]
    """Variables by which the next embedded AWS knows what a killed one was about to do."""

    async def call(self, *words: str) -> Called:
        """Call it and wait for its end; cancelled, it is killed.

        Errors: OSError where it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            self.name,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self.marks},
            start_new_session=True,
        )
        try:
            text, talk = await process.communicate()
        except asyncio.CancelledError:
            kill_group(process.pid)
            await process.wait()
            raise
        code = process.returncode or 0
        return Called(code, text.decode(errors="replace"), talk.decode(errors="replace"))


def kill_group(leader: int) -> None:
    """Send SIGKILL to a process and its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def last_line(text: str) -> str:
    """Return the last line of a text that is not empty."""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")

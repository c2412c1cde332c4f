"""The time of day, how long nothing has happened, and whether there is still a folder to serve."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


class Clock:
    """The time of day, to the microsecond, that never goes back."""

    def __init__(self) -> None:
        self._last = 0.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        self._last = max(self._last, round(time.time(), 6))
        return self._last


class Idle:
    """Ends the server when nothing has happened for a while; looks at most once in that while."""

    def __init__(
        self, seconds: float | None, busy: Callable[[], bool], stop: asyncio.Event
    ) -> None:
        """Take how long (None: for ever), who knows of work to do, and what to set then."""
        self._seconds = seconds
        self._busy = busy
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._look_in(seconds)

    def touch(self) -> None:
        """Take note that something happened."""
        self._last = self._loop.time()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look_in(self, seconds: float | None) -> None:
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        assert self._seconds is not None
        if self._busy():
            self.touch()
        left = self._last + self._seconds - self._loop.time()
        if left <= 0:
            self._stop.set()
        else:
            self._look_in(left)


class Home:
    """Ends the server when its folder is deleted: what is found there later is not its own."""

    def __init__(self, lock: IO[str], stop: asyncio.Event) -> None:
        """Take the file that is held open in the folder, and what to set when it has no name."""
        self._lock = lock
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def is_there(self) -> bool:
        """Say whether the folder is still the one that was taken."""
        try:
            return os.path.samestat(Path(self._lock.name).stat(), os.fstat(self._lock.fileno()))
        except FileNotFoundError:
            return False

    def _look(self) -> None:
        if self.is_there():
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)
        else:
            logger.warning("the folder was deleted: %s", Path(self._lock.name).parent)
            self._stop.set()

"""The time of day, and how long nothing has happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


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

"""SIGTERM: whoever works looks here between two steps, and while it waits."""

from __future__ import annotations

import signal
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")
LOOK_SECONDS = 0.2
"""How long a stop may go unseen while something is waited for."""


class Stopped(Exception):
    """The child was told to end."""


class Stop:
    """Whether the child was told to end."""

    def __init__(self) -> None:
        """Begin unstopped."""
        self._asked = False

    def listen(self) -> None:
        """Take SIGTERM from now on (main thread only)."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def ignore(self) -> None:
        """Take SIGTERM no more: the child is about to exit, and its code says what it did.

        Python gives signals back to the system while it ends, and one would change the code.
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def ask(self) -> None:
        """Tell the child to end."""
        self._asked = True

    @property
    def asked(self) -> bool:
        """Whether it was told to."""
        return self._asked

    def check(self) -> None:
        """Raise Stopped where it was told to."""
        if self._asked:
            raise Stopped

    def wait_for(self, future: Future[Result]) -> Result:
        """Return the future's result, or raise Stopped when told to end before it is there."""
        while True:
            self.check()
            try:
                return future.result(timeout=LOOK_SECONDS)
            except FutureTimeout:
                if future.done():
                    raise

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Nothing but the flag: a handler may interrupt any lock's holder.
        self._asked = True

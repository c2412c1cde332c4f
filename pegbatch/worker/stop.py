"""SIGTERM: whoever works looks here between two steps, and while it waits.

Who waits also looks, through here, after those who may not look after themselves: threads that a
store keeps waiting.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")
LOOK_SECONDS = 0.2
"""How long a stop may go unseen while something is waited for."""
EXIT_AGAIN = 75
"""evaluateOnExit of every job definition retries this one."""
LEAVE_SECONDS = 25.0
"""After SIGTERM the child is gone by then, whatever hangs.

Source: AWS Batch, job termination: SIGKILL follows SIGTERM after 30 s.
"""


class Stopped(Exception):
    """The child was told to end."""


class Stop:
    """Whether the child was told to end."""

    def __init__(self) -> None:
        """Begin unstopped."""
        self._asked = False
        self._looks: tuple[Callable[[], None], ...] = ()

    @contextmanager
    def looking(self, look: Callable[[], None]) -> Iterator[None]:
        """Have something called by whoever waits, now and then, while the block lasts.

        Shapes: in any thread, and in several at a time; never to raise.
        """
        self._looks += (look,)
        try:
            yield
        finally:
            self._looks = tuple(one for one in self._looks if one != look)

    def look(self) -> None:
        """Look, for whoever waits, after all that was asked for."""
        for look in self._looks:
            look()

    def listen(self) -> None:
        """Take SIGTERM from now on (main thread only), and be gone in time.

        A handler waits for the main thread, which may wait for a store that hangs; so a thread
        is told of the signal, too.
        """
        told, tell = os.pipe()
        os.set_blocking(tell, False)
        threading.Thread(target=_leave_in_time, args=(told,), daemon=True).start()
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.set_wakeup_fd(tell, warn_on_full_buffer=False)

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
            if future.done():
                return future.result()
            self.look()
            with suppress(FutureTimeout):
                return future.result(timeout=LOOK_SECONDS)

    def wait_for_any(self, futures: Collection[Future[Result]]) -> None:
        """Return once one of them is done, or raise Stopped when told to end before that."""
        while not wait(futures, timeout=0, return_when=FIRST_COMPLETED).done:
            self.check()
            self.look()
            wait(futures, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Nothing but the flag: a handler may interrupt any lock's holder.
        self._asked = True


def _leave_in_time(told: int) -> None:
    """Wait for a SIGTERM, and end the child where it does not end by itself after that."""
    while signal.SIGTERM not in os.read(told, 1):
        pass
    time.sleep(LEAVE_SECONDS)
    os.write(
        sys.stderr.fileno(),
        b"worker: ended by SIGTERM while something hung; what is not recorded is to be run again\n",
    )
    os._exit(EXIT_AGAIN)

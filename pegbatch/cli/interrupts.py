"""Signals that end a command: Ctrl-C, `kill`, and a terminal that is closed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pegbatch.errors import EXIT_INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNALLED = 128
"""A process that a signal ended has that and the signal's number as exit code, as shells say it."""
AGAIN_SECONDS = 0.05


class Ended(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        """Take the number of the signal."""
        super().__init__(number)
        self.exit_code = SIGNALLED + number


def exit_code(error: BaseException | None) -> int:
    """Return the exit code of a command that was interrupted; 130 for Ctrl-C."""
    return error.exit_code if isinstance(error, Ended) else EXIT_INTERRUPTED


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn the first signal into an exception, so that nothing half-made is left behind.

    A second Ctrl-C ends at once what is still under way (transfers of large files). A signal that
    whoever started us has switched off, as nohup does, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    listened_to = [number for number, action in before.items() if action is not signal.SIG_IGN]
    for number in listened_to:
        signal.signal(number, _begin_to_end)
    try:
        with _nothing_swallowed():
            yield
    finally:
        for number in listened_to:
            signal.signal(number, before[number])


@contextmanager
def _nothing_swallowed() -> Iterator[None]:
    """Raise once more what was raised while Python tidied up an object, and passed over there.

    A signal is heard wherever the main thread is, and what a finalizer raises ends there.
    """
    hook = sys.unraisablehook

    def look(told: sys.UnraisableHookArgs) -> None:
        if isinstance(told.exc_value, Ended):
            _raise_soon(told.exc_value)
        else:
            hook(told)

    before = signal.getsignal(signal.SIGALRM)
    sys.unraisablehook = look
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise_soon(error: Ended) -> None:
    def again(number: int, frame: FrameType | None) -> NoReturn:
        raise error

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)


def _begin_to_end(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:
        if signal.getsignal(other) is _begin_to_end:
            signal.signal(other, _end_at_once if other == signal.SIGINT else signal.SIG_IGN)
    raise Ended(number)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(SIGNALLED + number)

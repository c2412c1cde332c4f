"""Threads for transfers: as few as keep up.

A store that is near answers sooner than threads hand Python's lock to each other: there one thread
moves small files quickest. One that is far takes tens of milliseconds whatever the size, and many
threads help. So one thread works while it is quick; others join in as soon as something has taken
long. What hangs, or falls behind, is seen by those who wait and look meanwhile: a thread for that
alone would be one more to wait for. (Queues instead of conditions: they wake a thread once, not
twice.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

QUICK_SECONDS = 0.004
"""What takes longer waits for somebody, and others can wait at the same time."""
LOOK_SECONDS = 0.2
"""How long orders may wait before another thread joins in, if somebody looks."""

P = ParamSpec("P")
T = TypeVar("T")


class _Order(NamedTuple):
    future: Future[Any]
    call: Callable[[], Any]

    def carry_out(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.call()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Transfers(Executor):
    """One thread that works, and others that help; whoever waits for them is to look."""

    def __init__(self, threads_max: int, *, patient: bool = False) -> None:
        """Begin with no thread; each is started when it is needed first.

        Shapes: one that is patient leaves its orders until it is told to begin, or looked at.
        """
        self._helpers_max = threads_max - 1
        self._is_patient = patient
        self._held: SimpleQueue[_Order] = SimpleQueue()
        """What a patient one has not begun with."""
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        """None after the last."""
        self._calls: SimpleQueue[None] = SimpleQueue()
        """For helpers that are asleep."""
        self._lock = threading.Lock()
        """For what follows."""
        self._threads: list[threading.Thread] = []
        self._helpers = 0
        self._asleep = 0
        self._is_slow = False
        """What was done last has taken long."""
        self._is_shut = False
        self._done = 0
        """How many orders; threads may count one for two, which does no harm."""
        self._seen = 0
        """How many there were at the last look."""
        self._next_look = 0.0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have something done, begun after what was ordered before."""
        if self._is_shut:
            raise RuntimeError("no orders are taken any more")
        if not self._threads:
            self._open()
        future: Future[T] = Future()
        order = _Order(future, partial(fn, *args, **kwargs))
        if self._is_patient:
            self._held.put(order)
        else:
            self._take(order)
        return future

    def begin(self) -> None:
        """Begin with all orders: it is a good moment."""
        for order in _all_in(self._held):
            self._take(order)

    def look(self) -> None:
        """Begin with all orders, and let a thread join in where they would wait for long.

        Shapes: may be called at any time and from any thread; LOOK_SECONDS lie between two looks.
        """
        now = time.monotonic()
        with self._lock:
            if now < self._next_look:
                return
            self._next_look = now + LOOK_SECONDS
            done, self._seen = self._done - self._seen, self._done
        self.begin()
        if self._orders.qsize() > done:
            self._call_for_help()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more orders; threads end when none is left, or with what they have begun."""
        self._is_shut = True
        if cancel_futures:
            for order in (*_all_in(self._held), *_all_in(self._orders)):
                if order is not None and order.future.cancel():
                    # Who waits is told only by this.
                    order.future.set_running_or_notify_cancel()
        self.begin()
        self._orders.put(None)
        with self._lock:
            for _ in range(self._helpers):
                self._calls.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _open(self) -> None:
        with self._lock:
            if not self._threads:
                self._threads.append(_started(self._work))

    def _take(self, order: _Order) -> None:
        self._orders.put(order)
        if self._is_slow:
            self._call_for_help()

    def _call_for_help(self) -> None:
        with self._lock:
            if self._asleep:
                self._asleep -= 1
                self._calls.put(None)
            elif self._helpers < self._helpers_max and not self._is_shut:
                self._helpers += 1
                self._threads.append(_started(self._help))

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            self._carry_out(order)

    def _help(self) -> None:
        while True:
            with suppress(Empty):
                while (order := self._orders.get_nowait()) is not None:
                    self._carry_out(order)
                self._orders.put(None)
            with self._lock:
                if self._is_shut:
                    return
                self._asleep += 1
            self._calls.get()

    def _carry_out(self, order: _Order) -> None:
        begun = time.monotonic()
        order.carry_out()
        self._done += 1
        self._is_slow = time.monotonic() - begun > QUICK_SECONDS
        if self._is_slow:
            for _ in range(min(self._orders.qsize(), self._helpers_max)):
                self._call_for_help()


def _all_in(queue: SimpleQueue[T]) -> list[T]:
    found: list[T] = []
    with suppress(Empty):
        while True:
            found.append(queue.get_nowait())
    return found


def _started(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name="transfers")
    thread.start()
    return thread

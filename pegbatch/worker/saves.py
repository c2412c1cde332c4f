"""Outputs on their way to the store while the next tasks run.

A task counts once its outputs are put: its record is added then, at once, whatever else goes on.
Tasks that need it wait for that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import NamedTuple

from pegbatch.model.records import TaskRecord
from pegbatch.worker.stop import LOOK_SECONDS, Stop
from pegbatch.worker.transfers import Transfers

SAVES_MAX = 16
"""Tasks whose outputs are on their way at a time."""
UNTAKEN_MAX = 1_000
"""Tasks whose records wait for that of a task before them, whose outputs hang."""
BYTES_MAX = 1 << 30
"""Of their outputs, beyond which a task waits until only one is left: disks are not that large."""
LEAVE_SECONDS = 5.0
"""How long a child that ends early waits for what is on its way."""
ORDER_SECONDS = 1.0
"""How long the record of a failure waits for those of the tasks before it."""


@dataclass(frozen=True, slots=True)
class Save:
    """What is left to do for a task whose program has ended well."""

    size_bytes: int
    finish: Callable[[], TaskRecord]
    """Put the outputs.

    Errors: StoreUnreachable where another attempt may do better; Stopped.
    """


class _Saving(NamedTuple):
    task: int
    size_bytes: int
    future: Future[TaskRecord]


class Saves:
    """Used by the thread that runs the tasks, which alone is told what became of them."""

    def __init__(
        self,
        pool: Transfers,
        stop: Stop,
        record: Callable[[TaskRecord], None],
        take: Callable[[int, TaskRecord], None],
    ) -> None:
        """Take who is told at once of a record (in another thread), and who at a quiet moment."""
        self._pool = pool
        self._stop = stop
        self._record = record
        self._take = take
        self._saving: deque[_Saving] = deque()

    def begin(self, task: int, save: Save) -> None:
        """Begin to put the outputs of a task, given by its number, once there is room for it.

        Errors: those of the tasks before it; Stopped.
        """
        while not self._has_room(save.size_bytes):
            self._wait_for_room()
        future = self._pool.submit(self._finish, save)
        self._saving.append(_Saving(task, save.size_bytes, future))

    def go_on(self) -> None:
        """Put what waits for a good moment; where none comes, it is put at the next look."""
        self._pool.begin()

    def look(self) -> None:
        """Take what is done, in the order of the tasks, up to the first that went wrong."""
        while self._saving and _is_put(future := self._saving[0].future):
            self._take_first(future.result())

    def check(self) -> None:
        """Take the oldest if it went wrong; what is put can wait for a look.

        Errors: as begin.
        """
        oldest = self._saving[0].future if self._saving else None
        if oldest is not None and oldest.done() and not _is_put(oldest):
            self._take_oldest()

    def wait_for(self, tasks: Collection[int]) -> None:
        """Take these tasks, and those before them.

        Errors: as begin.
        """
        while any(saving.task in tasks for saving in self._saving):
            self._take_oldest()

    def wait_for_all(self) -> None:
        """Take every task.

        Errors: as begin.
        """
        while self._saving:
            self._take_oldest()

    def give_time(self, seconds: float) -> None:
        """Give what is on its way a moment to be recorded."""
        self.go_on()
        until, left = time.monotonic() + seconds, {saving.future for saving in self._saving}
        while left and (now := time.monotonic()) < until:
            left = wait(left, min(LOOK_SECONDS, until - now)).not_done
            self._stop.look()

    def _has_room(self, size_bytes: int) -> bool:
        """Tell whether outputs may join those on their way; one of any size may go alone."""
        if len(self._saving) < SAVES_MAX and _size(self._saving) + size_bytes <= BYTES_MAX:
            return True
        left = [saving for saving in self._saving if not saving.future.done()]
        few = len(left) < SAVES_MAX and len(self._saving) < UNTAKEN_MAX
        return not left or (few and _size(left) + size_bytes <= BYTES_MAX)

    def _wait_for_room(self) -> None:
        """Wait until one is put, the oldest or, while that hangs, another.

        Errors: as begin.
        """
        if len(self._saving) >= UNTAKEN_MAX:
            self._take_oldest()
            return
        self.go_on()
        left = [saving.future for saving in self._saving if not saving.future.done()]
        if left:
            self._stop.wait_for_any(left)
        self.look()

    def _take_oldest(self) -> None:
        future = self._saving[0].future
        if not future.done():
            self.go_on()
        self._take_first(self._stop.wait_for(future))

    def _take_first(self, record: TaskRecord) -> None:
        self._take(self._saving.popleft().task, record)

    def _finish(self, save: Save) -> TaskRecord:
        record = save.finish()
        self._record(record)
        return record


def _size(savings: Iterable[_Saving]) -> int:
    return sum(saving.size_bytes for saving in savings)


def _is_put(future: Future[TaskRecord]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None

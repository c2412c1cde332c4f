"""How the tasks of a bag stand, in columns: some bytes a task, whatever their ids and records."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from pegbatch.model.records import TaskRecord, TaskState
from pegbatch.worker.bag_index import BagIndex

_STATES: tuple[TaskState | None, ...] = (None, "succeeded", "failed", "skipped", "undone")
_SUCCEEDED = _STATES.index("succeeded")
_NOT_YET = 0


class Progress:
    """State and failures of each task, by its number in the bag."""

    def __init__(self, size: int, index: BagIndex, try_: int) -> None:
        """Begin with tasks of which nothing is known in this try."""
        self._index = index
        self._try = try_
        self._states = bytearray(size)
        self._failures = array("L", bytes(size * array("L").itemsize))
        self.may_be_marked = False
        """Whether an earlier try may have left a failure mark."""

    def take_earlier(self, records: Iterable[TaskRecord]) -> None:
        """Take what earlier attempts have recorded, oldest first: a success stays until undone."""
        for record in records:
            if record.state != "succeeded" and record.try_ < self._try:
                self.may_be_marked = True
            number = self._index.number_of(record.id)
            if number is None:
                continue
            if record.state == "succeeded":
                self._states[number] = _SUCCEEDED
            elif record.state == "undone":
                self._states[number] = _NOT_YET
            elif record.state == "failed" and record.try_ == self._try:
                self._failures[number] += 1

    def state(self, number: int) -> TaskState | None:
        """Return how a task has ended; None where it has not."""
        return _STATES[self._states[number]]

    def failures(self, number: int) -> int:
        """Return how often a task has failed in this try."""
        return self._failures[number]

    def note(self, number: int, state: TaskState) -> None:
        """Take note of how a task has ended."""
        self._states[number] = _STATES.index(state)
        if state == "failed":
            self._failures[number] += 1

    def exhaust(self, number: int, tries: int) -> None:
        """Take all tries from a task that has failed for a reason that stays."""
        self._failures[number] = max(self._failures[number], tries)

    def give_up(self, number: int) -> None:
        """Count a task as failed that may not be tried again."""
        self._states[number] = _STATES.index("failed")

    def count(self, state: TaskState) -> int:
        """Return how many tasks have ended so."""
        return self._states.count(_STATES.index(state))

    def failed(self) -> Iterable[int]:
        """Yield the tasks that have failed."""
        code = _STATES.index("failed")
        place = self._states.find(code)
        while place >= 0:
            yield place
            place = self._states.find(code, place + 1)

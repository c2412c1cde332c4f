"""How far ahead inputs are fetched: always for the next task, and for more while they are small."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from pegbatch.model.manifest import TaskLine

TASKS_MAX = 32
TASKS_AT_ONCE = 8
"""Of tasks whose files are small so many are asked for in one go: a thread that is woken for each
takes longer than the file."""
BYTES_MAX = 256 << 20
"""Of inputs that lie there before their tasks run. Sizes are not known before: the largest of late
stands for all that are still to be fetched."""


class LookAhead:
    """Asks for the inputs of tasks, each once in a run through the bag."""

    def __init__(
        self,
        tasks: Sequence[TaskLine],
        largest_bytes: Callable[[], int | None],
        lacking: Callable[[TaskLine], int],
        expect: Callable[[int, TaskLine], None],
    ) -> None:
        """Take the tasks in the order in which they run, and whom to ask.

        Shapes: largest_bytes is None until a file has come; lacking says how many inputs of a
        task would have to be fetched.
        """
        self._tasks = tasks
        self._largest_bytes = largest_bytes
        self._lacking = lacking
        self._expect = expect
        self.begin()

    def begin(self) -> None:
        """Begin with the first task (again)."""
        self._next = 0
        self._asked: deque[int] = deque()
        """Numbers of files that the tasks just before the next have brought."""

    def reach(self, number: int) -> None:
        """Ask for a task's inputs, and for those of as many after it as may be."""
        if self._next < number:
            self._next = number
        while len(self._asked) > self._next - number:
            self._asked.popleft()
        if len(self._asked) > TASKS_MAX - TASKS_AT_ONCE:
            return
        end = min(number + TASKS_MAX, len(self._tasks))
        largest = self._largest_bytes()
        each = BYTES_MAX if largest is None else largest
        while self._next < end:
            task = self._tasks[self._next]
            lacking = self._lacking(task)
            if (sum(self._asked) + lacking) * each > BYTES_MAX and self._next > number:
                return
            self._expect(self._next, task)
            self._asked.append(lacking)
            self._next += 1

"""How far ahead inputs are fetched: always for the next task, and for more while they are small."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from pegbatch.model.manifest import TaskLine

TASKS_MAX = 32
BYTES_MAX = 256 << 20
"""Of inputs that lie there before their tasks run. Sizes are not known before: the largest so far
stands for all."""


class LookAhead:
    """Asks for the inputs of tasks, each once in a run through the bag."""

    def __init__(
        self,
        tasks: Sequence[TaskLine],
        largest_bytes: Callable[[], int | None],
        expect: Callable[[int, TaskLine], None],
    ) -> None:
        """Take the tasks in the order in which they run, and whom to ask.

        Shapes: largest_bytes is None until a file has come.
        """
        self._tasks = tasks
        self._largest_bytes = largest_bytes
        self._expect = expect
        self.begin()

    def begin(self) -> None:
        """Begin with the first task (again)."""
        self._next = 0
        self._asked: deque[int] = deque()
        """Numbers of inputs of the tasks just before the next."""

    def reach(self, number: int) -> None:
        """Ask for a task's inputs, and for those of as many after it as may be."""
        if self._next < number:
            self._next = number
        while len(self._asked) > self._next - number:
            self._asked.popleft()
        end = min(number + TASKS_MAX, len(self._tasks))
        largest = self._largest_bytes()
        each = BYTES_MAX if largest is None else largest
        while self._next < end:
            task = self._tasks[self._next]
            files = sum(self._asked) + len(task.inputs)
            if files * each > BYTES_MAX and self._next > number:
                return
            self._expect(self._next, task)
            self._asked.append(len(task.inputs))
            self._next += 1

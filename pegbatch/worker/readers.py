"""Who has still to read a file of the bag: nobody's files are not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pegbatch.model.manifest import FileUse, TaskLine
from pegbatch.worker.child import Child


class Readers:
    """Counts, by URL, the tasks that are not done and read it."""

    def __init__(self, child: Child, tasks: Iterable[TaskLine]) -> None:
        """Take the tasks that are to be run."""
        self._child = child
        self._left = Counter(url for task in tasks for url in self._urls(task.inputs))

    def later(self, task: TaskLine) -> frozenset[str]:
        """Return the outputs of a task that others of the bag are going to read."""
        return frozenset(url for url in self._urls(task.outputs) if self._left[url])

    def done(self, task: TaskLine) -> list[str]:
        """Note that a task is done; return those of its files that nobody reads any more."""
        inputs = self._urls(task.inputs)
        self._left.subtract(inputs)
        return [url for url in inputs | self._urls(task.outputs) if not self._left[url]]

    def _urls(self, uses: Iterable[FileUse]) -> set[str]:
        return {self._child.url(use.url) for use in uses}

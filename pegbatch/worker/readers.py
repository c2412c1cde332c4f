"""Who has still to read a file of the bag: nobody's files are not kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pegbatch.model.manifest import FileUse, TaskLine
from pegbatch.worker.child import Child
from pegbatch.worker.numbers import open_numbers


class Readers:
    """Counts, by URL, the tasks that are not done and read it."""

    def __init__(self, child: Child, tasks: Iterable[TaskLine], path: Path, expected: int) -> None:
        """Take the tasks that are to be run, and a path for counts of files, if they are many."""
        self._child = child
        self._left = open_numbers(path, expected)
        for task in tasks:
            for url in self._urls(task.inputs):
                self._add(url, 1)

    def later(self, task: TaskLine) -> frozenset[str]:
        """Return the outputs of a task that others of the bag are going to read."""
        return frozenset(url for url in self._urls(task.outputs) if self._left.get(url))

    def done(self, task: TaskLine) -> list[str]:
        """Note that a task is done; return those of its files that nobody reads any more."""
        inputs = self._urls(task.inputs)
        for url in inputs:
            self._add(url, -1)
        return [url for url in inputs | self._urls(task.outputs) if not self._left.get(url)]

    def _add(self, url: str, change: int) -> None:
        self._left.put(url, (self._left.get(url) or 0) + change)

    def _urls(self, uses: Iterable[FileUse]) -> set[str]:
        return {self._child.url(use.url) for use in uses}

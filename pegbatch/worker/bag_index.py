"""Who is who in a bag: its tasks by id, and by file who makes it and who reads it last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pegbatch.model.manifest import TaskLine
from pegbatch.worker.child import Child
from pegbatch.worker.numbers import open_numbers


class BagIndex:
    """Numbers of tasks, counted from the first line of the bag."""

    def __init__(self, child: Child, tasks: Sequence[TaskLine], folder: Path) -> None:
        """Read the bag once, or twice.

        Errors: OSError of the disk; StoreError where a line is none.
        """
        made = sum(len(task.outputs) for task in tasks)
        self.inputs = used = sum(len(task.inputs) for task in tasks)
        """How many there are, shared ones counted again."""
        ids = open_numbers(folder / "ids", len(tasks))
        makers = open_numbers(folder / "makers", made)
        readers = open_numbers(folder / "readers", used)
        for number, task in enumerate(tasks):
            ids.put(task.id, number)
            for use in task.outputs:
                makers.put(child.url(use.url), number)
            for use in task.inputs:
                readers.put(child.url(use.url), number)
        self.number_of = ids.get
        """By id."""
        self.maker_of = makers.get
        """By absolute URL; None for what no task of the bag makes."""
        self.last_reader_of = readers.get
        """By absolute URL; None for what no task of the bag reads."""

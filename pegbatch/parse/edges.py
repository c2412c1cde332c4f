"""Explicit edges while a workflow file is read: ids become numbers, resolved at the end."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from pegbatch.model.workflow import Edges

NO_TASK = -1
"""In place of a task's number: the job is counted, but is no task (a sub-workflow)."""

_UNKNOWN = -2
"""An id that edges name and no job has."""


class EdgeColumns:
    """Edges as written. An edge may come before the jobs it names."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tasks = array("i")
        """One entry an id: task number, NO_TASK or _UNKNOWN."""
        self._parents = array("i")
        self._children = array("i")
        self._lines = array("l")

    def __len__(self) -> int:
        return len(self._parents)

    def add_job(self, identifier: str, task: int) -> bool:
        """Note the id of a job; False where another job has it already, which then keeps it.

        Shapes: task is its number, or NO_TASK.
        """
        known = len(self._tasks)
        number = self._numbers.setdefault(identifier, known)
        if number == known:
            self._tasks.append(task)
        elif self._tasks[number] != _UNKNOWN:
            return False
        else:
            self._tasks[number] = task
        return True

    def add(self, parent: str, child: str, line: int) -> None:
        """Add one edge."""
        self.add_parents(child, (parent,), (line,))

    def add_parents(self, child: str, parents: Sequence[str], lines: Sequence[int]) -> None:
        """Add the edges to one child, each with its line."""
        number = self._number
        self._parents.extend([number(parent) for parent in parents])
        self._children.extend([number(child)] * len(parents))
        self._lines.extend(lines)

    def resolve(self) -> tuple[Edges, list[tuple[str, int]]]:
        """Return the edges between tasks, and the (id, line) of each reference to no job.

        Shapes: an edge from or to a job that is no task is left out.
        """
        tasks = self._tasks
        parents = array("i", [tasks[number] for number in self._parents])
        children = array("i", [tasks[number] for number in self._children])
        if not tasks or min(tasks) >= 0:
            return Edges(parents, children), []
        kept = [
            (parent, child)
            for parent, child in zip(parents, children, strict=True)
            if parent >= 0 and child >= 0
        ]
        edges = Edges(
            array("i", [edge[0] for edge in kept]), array("i", [edge[1] for edge in kept])
        )
        return edges, self._dangling()

    def _dangling(self) -> list[tuple[str, int]]:
        names = list(self._numbers)
        found: dict[tuple[str, int], None] = {}
        for parent, child, line in zip(self._parents, self._children, self._lines, strict=True):
            for number in (child, parent):
                if self._tasks[number] == _UNKNOWN:
                    found[(names[number], line)] = None
        return list(found)

    def _number(self, identifier: str) -> int:
        numbers = self._numbers
        number = numbers.get(identifier)
        if number is None:
            number = numbers[identifier] = len(numbers)
            self._tasks.append(_UNKNOWN)
        return number

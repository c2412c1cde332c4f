"""What a tree of sub-workflows comes to: a few small files can name each other without measure."""

from __future__ import annotations

from pegbatch.cli.reading.places import made_by
from pegbatch.errors import InputError
from pegbatch.planner.stages import Given

MOST_TASKS = 1_000_000
"""That files may come to which hold far fewer."""
MOST_WORKFLOWS = 10_000
"""That are read from far fewer files, with other options each time."""
MANY_TIMES = 20
"""What is far fewer."""


class TreeSizes:
    """Remembers what is known of each workflow of a tree; one value may stand there often."""

    def __init__(self) -> None:
        """Begin without any."""
        self._made: dict[int, tuple[Given, frozenset[str]]] = {}
        self._tasks: dict[int, tuple[Given, int]] = {}

    def made(self, given: Given) -> frozenset[str]:
        """Return the LFNs that tasks of a workflow make, and those of its sub-workflows."""
        if id(given) not in self._made:
            distinct = {id(one): one for one in given.inner.values()}
            inner = (self.made(one) for one in distinct.values())
            self._made[id(given)] = given, made_by(given.workflow).union(*inner)
        return self._made[id(given)][1]

    def tasks(self, given: Given) -> int:
        """Return how many tasks a workflow comes to."""
        if id(given) not in self._tasks:
            own = len(given.workflow.tasks) - len(given.inner)
            count = own + sum(self.tasks(one) for one in given.inner.values())
            self._tasks[id(given)] = given, count
        return self._tasks[id(given)][1]

    def check(self, root: Given, written: int) -> None:
        """Refuse what would fill the memory.

        Shapes: written is how many jobs the files hold.
        Errors: InputError.
        """
        count = self.tasks(root)
        if count > max(MOST_TASKS, MANY_TIMES * written):
            raise InputError(
                f"its sub-workflows come to {count:,} tasks, and their files hold {written:,}",
                where=root.workflow.source,
                hint="plan the parts one by one",
            )


def check_number(read: int, files: int, source: str) -> None:
    """Refuse to read the same files over and over again.

    Errors: InputError.
    """
    if read > max(MOST_WORKFLOWS, MANY_TIMES * files):
        raise InputError(
            f"more than {MOST_WORKFLOWS:,} sub-workflows, from {files:,} files",
            where=source,
            hint="plan the parts one by one",
        )

"""The files that tasks use, while a workflow file is read: names interned, columns grown."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence

from pegbatch.model.workflow import INPUT


class UseColumns:
    """One row a task and file, in document order of the tasks."""

    def __init__(self) -> None:
        """Begin without tasks."""
        self.offsets = array("l", [0])
        self.lfns = array("i")
        self.flags = array("B")
        self.numbers: dict[str, int] = {}
        """LFN to its number, in order of first use."""
        self._unused: set[int] = set()
        """LFN numbers that are in no `uses`: streams, and files of sub-workflows."""

    def add_task(self, uses: Sequence[tuple[str, int]]) -> Mapping[int, int]:
        """Add the uses of the next task; return its rows, LFN number to flags.

        Shapes: uses are (LFN, flags), a repeated LFN becomes one row with the flags of all.
        """
        numbers = self.numbers
        rows = {numbers.setdefault(lfn, len(numbers)): flags for lfn, flags in uses}
        if len(rows) != len(uses):
            rows = dict.fromkeys(rows, 0)
            for lfn, flags in uses:
                rows[numbers[lfn]] |= flags
        if self._unused:
            self._unused.difference_update(rows)
        self.lfns.extend(rows)
        self.flags.extend(rows.values())
        self.offsets.append(len(self.lfns))
        return rows

    def add_input(self, lfn: str) -> None:
        """Let the last task have a file as input, whether it is in its `uses` or not."""
        number = self.unused(lfn)
        for row in range(self.offsets[-2], self.offsets[-1]):
            if self.lfns[row] == number:
                self.flags[row] |= INPUT
                return
        self.lfns.append(number)
        self.flags.append(INPUT)
        self.offsets[-1] += 1

    def unused(self, lfn: str) -> int:
        """Return the number of a file that counts as used only where a use names it, too."""
        known = len(self.numbers)
        number = self.numbers.setdefault(lfn, known)
        if number == known:
            self._unused.add(number)
        return number

    def count(self, more: Collection[str]) -> int:
        """Return how many files are in `uses`, those of jobs that are no tasks among them."""
        numbers, unused = self.numbers, self._unused
        others = sum(1 for lfn in more if lfn not in numbers or numbers[lfn] in unused)
        return len(numbers) - len(unused) + others

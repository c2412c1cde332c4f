"""The graph of a workflow's tasks, as columns."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

NO_TASK = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Who waits for whom: explicit edges and data edges together, duplicates removed."""

    parent_offsets: array[int]
    """Length n + 1: parents of task t are rows parent_offsets[t] to parent_offsets[t + 1]."""
    parents: array[int]
    """Task numbers, ascending within a task."""
    producers: array[int]
    """By LFN number: the last task in document order that writes it, or NO_TASK."""
    read: bytearray
    """By LFN number: 1 where some task takes it as an input."""

    def parents_of(self, task: int) -> array[int]:
        """Return the task numbers of the parents of one task."""
        return self.parents[self.parent_offsets[task] : self.parent_offsets[task + 1]]

"""Whether the parents that no file ties to a task have succeeded.

One listing of failure marks per array tells which bags have anything to ask about; only their
records are read.
"""

from __future__ import annotations

from collections.abc import Iterable

from pegbatch.model.manifest import ParentTask
from pegbatch.model.records import settle
from pegbatch.ports import ObjectStore
from pegbatch.worker.history import read_records
from pegbatch.worker.marks import marked_bags


class Parents:
    """Looks parents up, each array and each bag once."""

    def __init__(self, store: ObjectStore, run_url: str) -> None:
        """Take the run."""
        self._store = store
        self._run_url = run_url
        self._marked: dict[str, frozenset[int]] = {}
        self._states: dict[tuple[str, int], dict[str, str]] = {}

    def why_not(self, parents: Iterable[ParentTask]) -> str | None:
        """Return a sentence on the first parent that has not succeeded; None where all have.

        Errors: those of the store.
        """
        for parent in parents:
            if parent.bag not in self._marked_bags(parent.array):
                continue
            state = self._bag_states(parent.array, parent.bag).get(parent.id, "was not run")
            if state != "succeeded":
                return blame(parent.id, state)
        return None

    def _marked_bags(self, array: str) -> frozenset[int]:
        if array not in self._marked:
            self._marked[array] = marked_bags(self._store, self._run_url, array)
        return self._marked[array]

    def _bag_states(self, array: str, bag: int) -> dict[str, str]:
        key = (array, bag)
        if key not in self._states:
            settled = settle(read_records(self._store, self._run_url, array, bag))
            self._states[key] = {task_id: record.state for task_id, record in settled.items()}
        return self._states[key]


def blame(parent: str, state: str) -> str:
    """Say why a task is skipped: its parent and what became of it."""
    verb = "was skipped" if state == "skipped" else state
    return f"parent {parent} {verb}"

"""The complaint mark: that records of a bag name files which failed tasks could not use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pegbatch.model.layout import complaint_key
from pegbatch.model.named_files import NamedFiles
from pegbatch.model.records import TaskRecord
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child


class Complaints:
    """Listens whether any record of a bag names a stored file.

    A client that runs the rest of a run again reads the records of bags with such a mark: it
    removes what is damaged. Of a bag in which a program failed the failure mark says enough.
    """

    def __init__(self, child: Child, bag: int) -> None:
        """Begin with none."""
        self._child = child
        self._bag = bag
        self._any = False

    def hear(self, record: TaskRecord) -> None:
        """Take one record."""
        if record.state == "failed" and not self._any:
            self._any = NamedFiles(self._child.run_url).names_any(record.reason)

    def heard(self, records: Iterable[TaskRecord]) -> Iterator[TaskRecord]:
        """Pass records on, and hear each."""
        for record in records:
            self.hear(record)
            yield record

    def leave_mark(self, store: ObjectStore) -> None:
        """Put the mark where one is due; before the failure mark, which then says the rest.

        Errors: those of the store.
        """
        if self._any:
            child = self._child
            key = complaint_key(child.array, self._bag, child.try_, child.attempt)
            store.write(child.url(key), b"")

"""Records on their way to the store: at most ten seconds of work are ever unrecorded.

An object cannot be appended to, so the one file of this attempt is rewritten whole.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable

from pegbatch.errors import PegbatchError
from pegbatch.model.records import TaskRecord, record_to_json
from pegbatch.ports import ObjectStore

FLUSH_SECONDS = 10.0


class Recorder:
    """Buffers the records of one attempt and puts them, at the latest FLUSH_SECONDS after one."""

    def __init__(
        self,
        store: ObjectStore,
        url: str,
        complain: Callable[[str], None],
        earlier: Iterable[TaskRecord] = (),
    ) -> None:
        """Take the URL of the records file; earlier records of the same file are kept in it."""
        self._store = store
        self._url = url
        self._complain = complain
        self._lines = [_line(record) for record in earlier]
        self._unsaved = False
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, record: TaskRecord) -> None:
        """Take one record."""
        with self._lock:
            self._lines.append(_line(record))
            self._unsaved = True
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self._flush_later)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Put everything that is not in the store yet.

        Errors: those of the store; the records are kept for the next flush.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._unsaved:
                self._store.write(self._url, b"".join(self._lines))
                self._unsaved = False

    def _flush_later(self) -> None:
        try:
            self.flush()
        except PegbatchError as error:
            # The next record, or the end of the child, tries again.
            self._complain(f"records not saved yet: {error}")


def _line(record: TaskRecord) -> bytes:
    return json.dumps(record_to_json(record)).encode() + b"\n"

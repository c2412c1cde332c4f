"""Records on their way to the store: at most ten seconds of work are ever unrecorded.

An object cannot be appended to, so the one file of this attempt is rewritten whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from pegbatch.errors import PegbatchError
from pegbatch.model.records import TaskRecord, record_line
from pegbatch.ports import ObjectStore

FLUSH_SECONDS = 10.0


class Recorder:
    """Buffers the records of one attempt and puts them, at the latest FLUSH_SECONDS after one.

    A store that hangs holds up the flush alone: records are taken all the same.
    """

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
        self._lines = [record_line(record) for record in earlier]
        self._saved = len(self._lines)
        """So many of the lines are in the store."""
        self._lock = threading.Lock()
        """For the lines and the timer; never held while the store is asked."""
        self._writing = threading.Lock()
        """So that an older state does not replace a newer one."""
        self._timer: threading.Timer | None = None

    def add(self, record: TaskRecord) -> None:
        """Take one record."""
        with self._lock:
            self._lines.append(record_line(record))
            self._set_timer()

    def flush(self) -> None:
        """Put everything that is not in the store yet.

        Errors: those of the store; the records are kept for the next flush.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        self._put()

    def _put(self) -> None:
        with self._writing:
            with self._lock:
                lines = self._lines[:]
            if len(lines) > self._saved:
                self._store.write(self._url, b"".join(lines))
                self._saved = len(lines)

    def _set_timer(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(FLUSH_SECONDS, self._flush_later)
            self._timer.daemon = True
            self._timer.start()

    def _flush_later(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self._put()
        except PegbatchError as error:
            self._complain(f"records not saved yet: {error}")
            # The task that runs now may take hours.
            with self._lock:
                self._set_timer()

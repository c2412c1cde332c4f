"""Records on their way to the store: at most ten seconds of work are ever unrecorded.

An object cannot be appended to, so the file that is written to is rewritten whole. One that has
become large is left as it is and the next part is begun: neither memory nor what is sent at a
time grows with the bag.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pegbatch.errors import PegbatchError
from pegbatch.model.child_lines import LINE_START
from pegbatch.model.records import TaskRecord, record_line
from pegbatch.ports import ObjectStore

FLUSH_SECONDS = 10.0
PART_BYTES = 512 << 10
"""A part that has so many bytes is the last of its name; so many unsaved ones are put at once."""


class Recorder:
    """Buffers the records of one attempt and puts them, at the latest FLUSH_SECONDS after one.

    A store that hangs holds up the flush alone: records are taken all the same.
    """

    def __init__(
        self,
        store: ObjectStore,
        url_of: Callable[[int], str],
        complain: Callable[[str], None],
        *,
        part: int = 1,
        earlier: bytes = b"",
    ) -> None:
        """Take the URL of each part, the part to go on with, and what that holds already."""
        self._store = store
        self._url_of = url_of
        self._complain = complain
        self._part = part
        self._saved = earlier.splitlines(keepends=True)
        """Lines of the part that are in the store."""
        self._lines: list[bytes] = []
        """Lines that are not."""
        self._unsaved_bytes = 0
        self._lock = threading.Lock()
        """For the lines and the timer; never held while the store is asked."""
        self._writing = threading.Lock()
        """So that an older state does not replace a newer one; for the part, too."""
        self._timer: threading.Timer | None = None
        self._hurries = False
        """The timer does not wait."""
        self._is_stuck = False
        """The last put has failed: more lines are no reason to hurry."""
        self._leave_full_part()

    def add(self, record: TaskRecord) -> None:
        """Take one record."""
        self.add_line(record_line(record))

    def add_line(self, line: bytes) -> None:
        """Take one line of the file, newline included."""
        with self._lock:
            self._lines.append(line)
            self._unsaved_bytes += len(line)
            self._set_timer()

    def flush(self) -> None:
        """Put everything that is not in the store yet.

        Errors: those of the store; the records are kept for the next flush.
        """
        with self._lock:
            self._stop_timer()
        self._put()

    def flush_records(self) -> None:
        """Put everything if a record is among it; what the child says of itself can wait.

        Errors: as flush.
        """
        with self._lock:
            has_records = any(not line.startswith(LINE_START) for line in self._lines)
        if has_records:
            self.flush()

    def _put(self) -> None:
        with self._writing:
            while lines := self._next_lines():
                self._store.write(self._url_of(self._part), b"".join((*self._saved, *lines)))
                self._note_saved(lines)

    def _next_lines(self) -> list[bytes]:
        """Return as many lines as the part takes: those with which it is full, or all."""
        room = PART_BYTES - sum(map(len, self._saved))
        with self._lock:
            for count, line in enumerate(self._lines, start=1):
                room -= len(line)
                if room <= 0:
                    return self._lines[:count]
            return self._lines[:]

    def _note_saved(self, lines: list[bytes]) -> None:
        self._saved.extend(lines)
        self._leave_full_part()
        with self._lock:
            self._is_stuck = False
            del self._lines[: len(lines)]
            self._unsaved_bytes -= sum(map(len, lines))

    def _leave_full_part(self) -> None:
        if sum(map(len, self._saved)) >= PART_BYTES:
            self._saved.clear()
            self._part += 1

    def _set_timer(self) -> None:
        """See to it that the lines are put in time; at once where they have become many."""
        hurries = self._unsaved_bytes >= PART_BYTES and not self._is_stuck
        if self._timer is not None and (self._hurries or not hurries):
            return
        self._stop_timer()
        self._hurries = hurries
        self._timer = threading.Timer(0.0 if hurries else FLUSH_SECONDS, self._flush_later)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hurries = False

    def _flush_later(self) -> None:
        try:
            self._put()
        except PegbatchError as error:
            self._complain(f"records not saved yet: {error}")
            with self._lock:
                self._is_stuck = True
        with self._lock:
            self._stop_timer()
            if self._lines:
                # The task that runs now may take hours.
                self._set_timer()

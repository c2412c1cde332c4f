"""The child's log: everything its tasks say and a line of ours about each.

It goes to standard output as it comes (CloudWatch) and to a file that is put into the store whole
when the child ends. A full disk stops the file, never the task. Of what tasks say, TASK_BYTES_MAX
are kept: one that talks without end must fill no disk, and each byte costs in CloudWatch.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from pegbatch.model.plain import printable

TASK_BYTES_MAX = 256 << 20


class ChildLog:
    """Bytes to a stream and a file, in one order; safe to use from several threads."""

    def __init__(self, path: Path, stream: int | None) -> None:
        """Take the file, and the descriptor of standard output (None: the file alone)."""
        self._path = path
        self._stream = stream
        self._lock = threading.Lock()
        self._at_line_start = True
        self._room = TASK_BYTES_MAX
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file: int | None = os.open(path, flags, 0o600)

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._path

    def write(self, data: bytes) -> None:
        """Pass on what a task says, while there is room."""
        with self._lock:
            if not self._room:
                return
            self._write(data[: self._room])
            self._room -= min(self._room, len(data))
            if not self._room:
                self._say(f"tasks have said {TASK_BYTES_MAX >> 20} MiB; the rest is left out")

    def say(self, text: str) -> None:
        """Write a line of ours; control characters in it are made harmless."""
        with self._lock:
            self._say(text)

    def _say(self, text: str) -> None:
        line = printable(text).encode("utf-8", "replace") + b"\n"
        self._write(line if self._at_line_start else b"\n" + line)

    def close(self) -> None:
        """Close the file; what comes later goes to the stream alone."""
        with self._lock:
            self._drop_file()

    def _write(self, data: bytes) -> None:
        if not data:
            return
        self._at_line_start = data.endswith(b"\n")
        if self._file is not None:
            try:
                _write_all(self._file, data)
            except OSError:
                self._drop_file()
        if self._stream is not None:
            with suppress(OSError):
                _write_all(self._stream, data)

    def _drop_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]

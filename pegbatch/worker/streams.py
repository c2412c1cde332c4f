"""Where a task's standard output and error go: a file of the task, or the child's log."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from pegbatch.worker.messages import LineSearch

TAIL_BYTES = 4096
READ_BYTES = 1 << 16
PIPE_SECONDS = 2.0
"""How long we read on when the task has ended but something still holds its output open."""


class Stream(Protocol):
    """One output of a task."""

    def descriptor(self) -> int:
        """Return what the task writes to."""

    def started(self) -> None:
        """Note that the task has its own copy of the descriptor now (or never will)."""

    def source(self) -> int | None:
        """Return what is to be read while the task runs; None where there is nothing."""

    def pump(self) -> bool:
        """Take what can be read, after there is something; False at its end."""

    def finish(self) -> str:
        """Return the last TAIL_BYTES, after the end of the task."""


class FileStream:
    """To a file in the task's directory."""

    def __init__(self, path: Path, search: LineSearch | None = None) -> None:
        """Open the file, emptied; both outputs may name the same one."""
        self._path = path
        self._search = search
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o666)

    def descriptor(self) -> int:
        """Return what the task writes to."""
        return self._descriptor

    def started(self) -> None:
        """Close our copy."""
        os.close(self._descriptor)

    def source(self) -> None:
        """Return nothing: the task writes into the file by itself."""

    def pump(self) -> bool:
        """Say that there is nothing to take."""
        return False

    def finish(self) -> str:
        """Return the end of the file; nothing where the task took it away."""
        try:
            with self._path.open("rb") as file:
                if self._search is not None:
                    _search_file(file, self._search)
                file.seek(max(0, self._path.stat().st_size - TAIL_BYTES))
                return decode(file.read(TAIL_BYTES))
        except OSError:
            return ""


class LogStream:
    """To the child's log, as it comes; keeps the tail.

    Our copy of the end that the task writes to stays open while it runs: that it has ended is
    seen otherwise, and the end of each of its outputs just before would only wake us once more.
    """

    def __init__(self, write: Callable[[bytes], None], search: LineSearch | None = None) -> None:
        """Take where the bytes go, and who looks at them."""
        self._write = write
        self._search = search
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._tail = b""

    def descriptor(self) -> int:
        """Return what the task writes to."""
        return self._write_end

    def started(self) -> None:
        """Keep our copy until the task has ended."""

    def source(self) -> int:
        """Return what is to be read while the task runs."""
        return self._read_end

    def pump(self) -> bool:
        """Pass on what has come; False at the end of it."""
        data = os.read(self._read_end, READ_BYTES)
        if data:
            self._write(data)
            if self._search is not None:
                self._search.feed(data)
            self._tail = (self._tail + data)[-TAIL_BYTES:]
        return bool(data)

    def finish(self) -> str:
        """Return the end of what was said."""
        os.close(self._write_end)
        patience = time.monotonic() + PIPE_SECONDS
        # A process that left the task's session may hold the pipe: what it says is nobody's.
        while (left := patience - time.monotonic()) > 0:
            try:
                if not self.pump():
                    self._end_search()
                    break
            except BlockingIOError:
                _wait_for_more(self._read_end, left)
        os.close(self._read_end)
        return decode(self._tail)

    def _end_search(self) -> None:
        if self._search is not None:
            self._search.close()


def _wait_for_more(descriptor: int, seconds: float) -> None:
    """Wait until something can be read, the end of it among that."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    waiting.poll(seconds * 1000)


def _search_file(file: BinaryIO, search: LineSearch) -> None:
    while data := file.read(1 << 20):
        search.feed(data)
    search.close()


def decode(data: bytes) -> str:
    """Return the text of a tail, whose first character may be cut."""
    return data.decode("utf-8", "replace")

"""The log of a task that runs beside others: each of its lines begins with its id."""

from __future__ import annotations

import threading

from pegbatch.worker.childlog import ChildLog

LINE_BYTES = 1 << 16
"""A longer line is passed on in pieces."""


class MarkedLog:
    """Passes whole lines on to the child's log."""

    def __init__(self, log: ChildLog, mark: str) -> None:
        """Take the child's log and what goes before each line."""
        self._log = log
        self._mark = f"[{mark}] ".encode()
        self._rest = b""
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Take what the task says, in any pieces."""
        with self._lock:
            self._write(data)

    def _write(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) > LINE_BYTES:
            lines.append(rest[:LINE_BYTES])
            rest = rest[LINE_BYTES:]
        self._rest = rest
        if lines:
            self._log.write(b"".join(self._mark + line + b"\n" for line in lines))

    def close(self) -> None:
        """Pass on a last line that has no end."""
        with self._lock:
            if self._rest:
                self._log.write(self._mark + self._rest + b"\n")
                self._rest = b""

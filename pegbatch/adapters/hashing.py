"""SHA-256 of bytes on their way: of a large file in a thread of its own.

hashlib lets other threads run while it works on more than 2 KiB.
"""

from __future__ import annotations

import hashlib
import queue
import threading

from pegbatch.adapters.pieces import Chunk

INLINE_BYTES = 4 << 20
"""What is not larger is hashed in passing: a thread would take longer."""
CHUNKS_AHEAD = 16
"""Chunks that wait to be hashed; beyond that, whoever brings more waits."""


class Hashing:
    """Takes chunks and says the digest of them; ends its thread with the block."""

    def __init__(self, size_bytes: int) -> None:
        """Take how many bytes are expected."""
        self._digest = hashlib.sha256()
        self._thread: threading.Thread | None = None
        if size_bytes > INLINE_BYTES:
            self._chunks: queue.Queue[Chunk] = queue.Queue(CHUNKS_AHEAD)
            self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Hashing:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def update(self, chunk: Chunk) -> None:
        """Take the next chunk."""
        if self._thread is None:
            self._digest.update(chunk)
        elif chunk:
            self._chunks.put(chunk)

    def hexdigest(self) -> str:
        """Return the digest of all chunks, the last of which was taken."""
        self._end()
        return self._digest.hexdigest()

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._chunks.put(b"")
            thread.join()

    def _work(self) -> None:
        while chunk := self._chunks.get():
            self._digest.update(chunk)

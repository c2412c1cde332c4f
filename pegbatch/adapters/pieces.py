"""What is in a file, in pieces: in memory that is used again.

Memory that was not touched for a while is dear, above all on a virtual machine whose host has to
find it: fresh memory for each piece, or for the large pages that a system caches large writes in,
takes longer than to copy the bytes.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from io import RawIOBase
from mmap import mmap

PIECE_BYTES = 256 << 10
"""Small enough to stay near the processor, and for a write to be cached in pages at hand."""

Chunk = bytes | memoryview
"""Bytes on their way. Who wants them later keeps this very object, not a view of it: the memory
of one that nobody holds any more is written again."""


def pieces(file: RawIOBase, size_bytes: int) -> Iterator[Chunk]:
    """Yield what is in a file that is about so large, in pieces that memory can hold."""
    if size_bytes < PIECE_BYTES:
        while chunk := file.read(size_bytes + 1):
            yield chunk
        return
    free: list[mmap] = []
    while True:
        # Not a bytearray: what one thread has freed of these, others do not get.
        buffer = free.pop() if free else mmap(-1, PIECE_BYTES)
        count = file.readinto(buffer)
        if not count:
            return
        yield _lent(buffer, count, free)


def write_all(descriptor: int, chunk: Chunk) -> None:
    """Write a chunk to a file, however little of it the system takes at once."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest[:PIECE_BYTES]) :]


def _lent(buffer: mmap, count: int, free: list[mmap]) -> memoryview:
    """Return the head of a buffer, which is free again once nobody holds that."""
    view = memoryview(buffer)[:count]
    weakref.finalize(view, free.append, buffer).atexit = False
    return view

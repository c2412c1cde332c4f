"""A stream of input that gives up on what no honest file holds, gzip bombs among it."""

from __future__ import annotations

from typing import BinaryIO

from pegbatch.errors import InputError
from pegbatch.parse.sanity import Sanity

PIECE_BYTES = 1 << 20
SMALL_BYTES = 16 << 20
"""So much a packed file may unpack to, however well it was packed."""
LARGEST_RATIO = 300
"""Workflows pack 10 to 100 times; a bomb a thousand times, which is as far as gzip goes."""


class CheckedStream:
    """Reads on behalf of a parser, and looks at what it hands on."""

    def __init__(self, stream: BinaryIO, source: str, packed: BinaryIO | None) -> None:
        """Take the stream to read, and the packed one under it where there is one."""
        self._stream = stream
        self._source = source
        self._packed = packed
        self._sanity: Sanity | None = Sanity(source)
        self._size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end.

        Errors: InputError where the bytes are none of an input file.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE_BYTES), b""))
        data = self._stream.read(size)
        self._size_bytes += len(data)
        self._check_ratio()
        if self._sanity is not None:
            self._sanity.feed(data)
        return data

    def seekable(self) -> bool:
        """Tell whether one can go back, to count lines for a message."""
        return self._stream.seekable()

    def seek(self, offset: int) -> int:
        """Go to an offset; what was looked at is not looked at again."""
        self._sanity = None
        return self._stream.seek(offset)

    def _check_ratio(self) -> None:
        if self._packed is None or self._size_bytes <= SMALL_BYTES:
            return
        if self._size_bytes > LARGEST_RATIO * self._packed.tell():
            raise InputError(
                f"it unpacks to more than {LARGEST_RATIO} times its size, as only a bomb does",
                where=self._source,
                hint="unpack it yourself, if you trust it",
            )

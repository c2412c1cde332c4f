"""A stream that gives up where a parser takes in byte after byte and makes nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from pegbatch.errors import InputError

LARGEST_VALUE_BYTES = 8 << 20


class PacedStream:
    """Hands on what it reads, as long as values come of it."""

    def __init__(self, stream: BinaryIO, source: str, count: Callable[[], int]) -> None:
        """Take who says how many values were made so far."""
        self._stream = stream
        self._source = source
        self._count = count
        self._seen = -1
        self._quiet = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Errors: InputError where a single value is larger than any that makes sense.
        """
        data = self._stream.read(size)
        made = self._count()
        self._quiet = self._quiet + len(data) if made == self._seen else len(data)
        self._seen = made
        if self._quiet > LARGEST_VALUE_BYTES:
            raise InputError(
                f"a single value of more than {LARGEST_VALUE_BYTES >> 20} MiB",
                where=self._source,
                hint="is it the right file?",
            )
        return data

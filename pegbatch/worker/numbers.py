"""Text to number: in memory while there are few, else in a file, so that memory stays flat."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import Protocol

IN_MEMORY_MAX = 4096
_SLOT = Struct("<16sq")
"""Digest of the text, and the number; all zeros in an empty slot."""
_EMPTY = bytes(16)


class Numbers(Protocol):
    """A number for each of some texts; the last that was given counts."""

    def get(self, text: str) -> int | None:
        """Return the number of a text; None where it has none."""

    def put(self, text: str, number: int) -> None:
        """Give a text its number. One thread at a time."""


def open_numbers(path: Path, expected: int) -> Numbers:
    """Make room for so many texts, in a new file where they are many.

    Errors: OSError, here and later, of the disk.
    """
    return NumbersInMemory() if expected <= IN_MEMORY_MAX else NumbersInFile(path, expected)


class NumbersInMemory:
    """A dict."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: dict[str, int] = {}
        self.get = self._numbers.get

    def put(self, text: str, number: int) -> None:
        """Give a text its number."""
        self._numbers[text] = number


class NumbersInFile:
    """A table of slots with open addressing, at most half of them taken.

    Of a text its digest is kept: two of 128 bits do not meet by chance.
    """

    _file = -1

    def __init__(self, path: Path, expected: int) -> None:
        """Take a path that is not in use; whoever removes the folder removes the file."""
        self._mask = (1 << (2 * expected).bit_length()) - 1
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, (self._mask + 1) * _SLOT.size)

    def __del__(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)

    def get(self, text: str) -> int | None:
        """Return the number of a text; None where it has none."""
        digest = _digest(text)
        _, found, number = self._find(digest)
        return number if found == digest else None

    def put(self, text: str, number: int) -> None:
        """Give a text its number. One thread at a time."""
        digest = _digest(text)
        place, _, _ = self._find(digest)
        os.pwrite(self._file, _SLOT.pack(digest, number), place)

    def _find(self, digest: bytes) -> tuple[int, bytes, int]:
        """Return the slot where a digest is, or is to be, and what it holds."""
        slot = int.from_bytes(digest[:8], "little")
        while True:
            place = (slot & self._mask) * _SLOT.size
            found, number = _SLOT.unpack(os.pread(self._file, _SLOT.size, place))
            if found in (digest, _EMPTY):
                return place, found, number
            slot += 1


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

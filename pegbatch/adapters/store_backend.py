"""What the store asks of one bucket or of one tree of directories."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pegbatch.adapters.pieces import Chunk
from pegbatch.errors import AccessDenied, StoreError

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0


class Pauses:
    """Growing pauses between tries, for a limited time."""

    def __init__(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take how long tries may go on; the time that they take themselves counts."""
        self._seconds = seconds
        self._sleep = sleep
        self.begin()

    def begin(self) -> None:
        """Have all the time again: there was progress."""
        self._began = time.monotonic()
        self._waited = 0.0
        self._next = FIRST_PAUSE_SECONDS

    def wait(self) -> bool:
        """Wait before another try; False where the time is over."""
        if max(self._waited, time.monotonic() - self._began) >= self._seconds:
            return False
        self._sleep(self._next)
        self._waited += self._next
        self._next = min(2 * self._next, LONGEST_PAUSE_SECONDS)
        return True


class BrokenTransfer(StoreError):
    """The bytes broke off, or are not those that were put; worth another try."""


class BodyRefused(AccessDenied):
    """A body that was not signed was refused; it will be, if it is put again."""


class Found(NamedTuple):
    """An object by its key; a tuple, since a listing may show a million of them."""

    key: str
    size_bytes: int
    sha256: str | None
    """The checksum that travels with it; None in listings and where it has none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An object about to be read."""

    found: Found
    chunks: Iterator[Chunk]
    """Raises PegbatchError alone."""


class Backend(Protocol):
    """One bucket, or the file system; every method raises PegbatchError alone."""

    def read(self, key: str, start: int, length: int | None) -> bytes:
        """Return a range of an object, cut at its end."""

    def head(self, key: str) -> Found:
        """Return size and checksum of an object."""

    def open(self, key: str) -> Opened:
        """Open an object for streaming."""

    def put(self, key: str, chunks: Iterable[Chunk], size_bytes: int, *, create: bool) -> Found:
        """Put an object whole or not at all, with its checksum.

        Shapes: size_bytes is what the chunks are expected to sum up to; with create an object
        that appeared in the meantime stays as it is.
        Errors: whatever the chunks raise; nothing is put then.
        """

    def copy(self, source: str, key: str) -> bool:
        """Copy inside the backend without moving the bytes through here; False where it can't."""

    def list(self, prefix: str) -> Iterator[Found]:
        """Yield the objects below a folder."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""

"""What the store asks of one bucket or of one tree of directories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pegbatch.errors import StoreError


class BrokenTransfer(StoreError):
    """The bytes broke off, or are not those that were put; worth another try."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object by its key."""

    key: str
    size_bytes: int
    sha256: str | None
    """The checksum that travels with it; None in listings and where it has none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An object about to be read."""

    found: Found
    chunks: Iterator[bytes]
    """Raises PegbatchError alone."""


class Backend(Protocol):
    """One bucket, or the file system; every method raises PegbatchError alone."""

    def read(self, key: str, start: int, length: int | None) -> bytes:
        """Return a range of an object, cut at its end."""

    def head(self, key: str) -> Found:
        """Return size and checksum of an object."""

    def open(self, key: str) -> Opened:
        """Open an object for streaming."""

    def put(self, key: str, chunks: Iterable[bytes], size_bytes: int, *, create: bool) -> Found:
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

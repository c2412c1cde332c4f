"""Bringing one output from the store to its place on this machine, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pegbatch.engine.deliveries import Fetched, Output
from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.ports import ObjectStore

FILE_SCHEME = "file://"


def fetch_file(store: ObjectStore, output: Output) -> Fetched:
    """Copy an output to its destination, unless an identical file is there.

    Errors: StoreError where the object has no checksum or does not match it.
    """
    try:
        found = store.head(output.url)
    except ObjectMissing:
        return Fetched(output, None, moved=False)
    if found.sha256 is None:
        raise StoreError(
            "no checksum travels with this output, so it cannot be trusted",
            where=output.url,
            hint="something else wrote it; run the workflow again",
        )
    path = destination_path(output)
    if _is_identical(path, found.size_bytes, found.sha256):
        return Fetched(output, found.size_bytes, moved=False)
    store.copy(output.url, f"{FILE_SCHEME}{path}")
    return Fetched(output, found.size_bytes, moved=True)


def destination_path(output: Output) -> Path:
    """Return the local path of an output that is to be fetched."""
    return Path(output.destination.removeprefix(FILE_SCHEME).removeprefix("localhost"))


def _is_identical(path: Path, size_bytes: int, sha256: str) -> bool:
    """Compare by content: a checksum that was noted beside the file may be out of date."""
    if not path.is_file() or path.stat().st_size != size_bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256

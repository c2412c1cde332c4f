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

    Errors: StoreError where the object has no checksum, which an output of an earlier run may
    lack, or does not match it, or where something is in the way.
    """
    try:
        found = store.head(output.url)
    except ObjectMissing:
        return Fetched(output, None, moved=False)
    sha256 = found.sha256 or output.sha256
    if sha256 is None and not output.is_reused:
        raise StoreError(
            "no checksum travels with this output, so it cannot be trusted",
            where=output.url,
            hint="something else wrote it; run the workflow again",
        )
    if not output.destination.startswith(FILE_SCHEME):
        return _send(store, output, found.size_bytes, sha256)
    path = destination_path(output)
    if sha256 is not None and _is_identical(path, found.size_bytes, sha256):
        return Fetched(output, found.size_bytes, moved=False)
    _refuse_obstacle(path)
    store.copy(output.url, f"{FILE_SCHEME}{path}")
    return Fetched(output, found.size_bytes, moved=True)


def _send(store: ObjectStore, output: Output, size_bytes: int, sha256: str | None) -> Fetched:
    """Copy an output to an S3 service that the client alone reaches."""
    try:
        there = store.head(output.destination)
        is_there = sha256 is not None and there.sha256 == sha256
    except ObjectMissing:
        is_there = False
    if not is_there:
        store.copy(output.url, output.destination)
    return Fetched(output, size_bytes, moved=not is_there)


def destination_path(output: Output) -> Path:
    """Return the local path of an output that is to be fetched."""
    return Path(output.destination.removeprefix(FILE_SCHEME).removeprefix("localhost"))


def _refuse_obstacle(path: Path) -> None:
    """Refuse a place where no file can be: the store would only say that nothing is there."""
    hint = "move it away, then bring the outputs over with `pegbatch fetch`"
    if path.is_dir():
        raise StoreError("a directory is where this output belongs", where=str(path), hint=hint)
    for above in path.parents:
        if not above.exists():
            continue  # another thread may make it at this moment
        if not above.is_dir():
            raise StoreError(
                "a file is where outputs need a directory", where=str(above), hint=hint
            )
        return


def _is_identical(path: Path, size_bytes: int, sha256: str) -> bool:
    """Compare by content: a checksum that was noted beside the file may be out of date."""
    if not path.is_file() or path.stat().st_size != size_bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256

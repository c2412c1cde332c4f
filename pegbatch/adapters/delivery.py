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

    One that the run's store has lost (--wire) is there where it was brought over before.

    Errors: StoreError where the object has no checksum, which an output of an earlier run may
    lack, or does not match it, or where something is in the way.
    """
    try:
        found = store.head(output.url)
    except ObjectMissing:
        return Fetched(output, delivered_size(store, output), moved=False)
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
    _refuse_way_out(path, output.lfn)
    if sha256 is not None and _has_sha256(path, sha256):
        # Whatever became of the object since: its checksum is that of what the task made.
        return Fetched(output, path.stat().st_size, moved=False)
    _refuse_obstacle(path)
    store.copy(output.url, f"{FILE_SCHEME}{path}")
    return Fetched(output, found.size_bytes, moved=True)


def delivered_size(store: ObjectStore, output: Output) -> int | None:
    """Return the size of an output that was brought here whole; None where it was not."""
    if not output.destination.startswith(FILE_SCHEME):
        return None
    path = destination_path(output)
    try:
        known = store.head(f"{FILE_SCHEME}{path}")
    except StoreError:
        return None
    is_whole = known.sha256 is not None and _has_sha256(path, known.sha256)
    return known.size_bytes if is_whole else None


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


def _refuse_way_out(path: Path, lfn: str) -> None:
    """Refuse a symbolic link among an LFN's own folders that leads out of where they are.

    Shapes: the output directory itself, and all above it, may be links: the user chose it.
    """
    depth = len(lfn.split("/")) if str(path).endswith(f"/{lfn}") else 1
    base = path.parents[depth - 1]
    if not path.parent.resolve().is_relative_to(base.resolve()):
        raise StoreError(
            "a symbolic link leads out of the output directory",
            where=str(path),
            hint="remove the link, then bring the outputs over with `pegbatch fetch`",
        )


def _has_sha256(path: Path, sha256: str) -> bool:
    """Compare by content: a checksum that was noted beside the file may be out of date."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256

"""Bringing inputs, plan and worker to the store before the first SubmitJob."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import InputError
from pegbatch.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadItem:
    """One file to send."""

    source: Path
    url: str
    sha256: str | None = None
    """Where set, the key is this checksum: the object is put only if absent, and the file must
    still be what it was at planning."""


@dataclass(frozen=True, slots=True)
class UploadCount:
    """What went over, files that were there already included."""

    files: int
    size_bytes: int


def upload_all(store: ObjectStore, items: Iterable[UploadItem]) -> UploadCount:
    """Send all items in parallel.

    Errors: InputError where a file changed since planning; those of the store.
    """
    files = size_bytes = 0
    for sent in map_parallel(lambda item: _upload(store, item), items):
        files += 1
        size_bytes += sent
    return UploadCount(files, size_bytes)


def _upload(store: ObjectStore, item: UploadItem) -> int:
    info = store.upload(item.source, item.url, if_absent=item.sha256 is not None)
    if item.sha256 is not None and info.sha256 not in (None, item.sha256):
        # The key promises a content; what does not keep the promise must not stay there.
        store.delete([item.url])
        raise InputError(
            "the file is not what it was when the workflow was planned",
            where=str(item.source),
            hint="plan the workflow again",
        )
    return info.size_bytes

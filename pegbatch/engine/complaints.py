"""What children of earlier tries could not use: damaged files are removed before the next try.

An input's key is its checksum, and an object that is there is not sent again. So one that was
damaged where it lies would fail every later try, and every other run that reads it. A damaged
file of the run would fail whoever reads it, for ever; once it is gone, it is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import input_url
from pegbatch.model.named_files import NamedFiles, checksum_in
from pegbatch.model.records import TaskRecord
from pegbatch.ports import ObjectStore

READ_BYTES = 8 << 20


class Complaints:
    """Gathers which files failed tasks name, in the reasons of their records.

    What a record says is only a reason to look: it may be anybody's.
    """

    def __init__(self, run_url: str) -> None:
        """Begin with none."""
        self._checksums: set[str] = set()
        self._files: set[str] = set()
        self._named = NamedFiles(run_url)

    def hear(self, record: TaskRecord) -> None:
        """Take the record that counts for a task."""
        if record.state == "failed":
            self._checksums.update(self._named.checksums(record.reason))
            self._files.update(self._named.files(record.reason))

    def urls(self, staging_url: str) -> tuple[str, ...]:
        """Return what was named: inputs of the staging site, and files of the run."""
        inputs = (input_url(staging_url, sha256) for sha256 in self._checksums)
        return (*sorted(inputs), *sorted(self._files))


def remove_damaged(store: ObjectStore, urls: Iterable[str]) -> tuple[str, ...]:
    """Delete those of the objects whose bytes are not what was put, and return them.

    Errors: those of the store.
    """
    named = tuple(urls)
    answers = map_parallel(lambda url: _is_damaged(store, url), named)
    damaged = tuple(url for url, bad in zip(named, answers, strict=True) if bad)
    store.delete(damaged)
    return damaged


def _is_damaged(store: ObjectStore, url: str) -> bool:
    """Compare the bytes with the checksum: that in the key of an input, else that travels along."""
    named = checksum_in(url)
    try:
        expected = named if named is not None else store.head(url).sha256
        return expected is not None and expected != _read_sha256(store, url)
    except ObjectMissing:
        return False


def _read_sha256(store: ObjectStore, url: str) -> str:
    digest, start = hashlib.sha256(), 0
    while chunk := store.read(url, start=start, length=READ_BYTES):
        digest.update(chunk)
        start += len(chunk)
        if len(chunk) < READ_BYTES:
            break
    return digest.hexdigest()

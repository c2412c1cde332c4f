"""Bringing inputs, plan and worker to the store before the first SubmitJob."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from pegbatch.engine.listed_inputs import ListedInputs
from pegbatch.engine.listing import KEYS_A_PAGE
from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import InputChanged, ObjectMissing
from pegbatch.ports import ObjectInfo, ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadItem:
    """One file to send."""

    source: Path
    url: str
    sha256: str | None = None
    """Where set, the key is this checksum: the object is put only if absent, and the file must
    still be what it was at planning."""
    size_bytes: int | None = None
    """What it was at planning, where that is known."""
    again: bool = False
    """It was sent before: an input that is there stays, and one that is not is sent only where the
    file is known to be right; a file of the plan takes the place of what became of the object."""


@dataclass(frozen=True, slots=True)
class UploadCount:
    """What went over, files that were there already included."""

    files: int
    size_bytes: int


class Awaited(NamedTuple):
    """A file to send, and what a listing says of its object."""

    item: UploadItem
    listed: ObjectInfo | None = None
    """None where nobody has looked, or it was not seen."""


def upload_all(store: ObjectStore, items: Iterable[UploadItem]) -> UploadCount:
    """Send all items in parallel.

    Shapes: inputs that are there are not sent.
    Errors: InputError where a file changed since planning; those of the store.
    """
    files = size_bytes = 0
    for sent in map_parallel(partial(_upload, store), look_up_inputs(store, items)):
        files += 1
        size_bytes += sent
    return UploadCount(files, size_bytes)


def look_up_inputs(store: ObjectStore, items: Iterable[UploadItem]) -> Iterator[Awaited]:
    """Yield the items in their order with what is known of their objects.

    Shapes: no call up to KEYS_A_PAGE items; of more one LIST of the inputs, unless most of these
    are of other runs. Files of the plan itself are not looked for.
    Errors: those of the store.
    """
    source = iter(items)
    first = tuple(islice(source, KEYS_A_PAGE + 1))
    listing: ListedInputs | None = None
    for item in chain(first, source):
        if item.sha256 is None or len(first) <= KEYS_A_PAGE:
            yield Awaited(item)
            continue
        listing = listing or ListedInputs(store, item.url.rpartition("/")[0])
        yield Awaited(item, listing.find(item.url, item.size_bytes))


def _upload(store: ObjectStore, awaited: Awaited) -> int:
    item = awaited.item
    if awaited.listed is not None:
        return awaited.listed.size_bytes
    if item.again and item.sha256 is None:
        return _upload_over(store, item)
    # A plan that was restored may name any file of this machine: looked at before it is sent.
    only = item.sha256 if item.again else None
    absent = item.again or item.sha256 is not None
    info = store.upload(item.source, item.url, if_absent=absent, only_sha256=only)
    if item.sha256 is not None and info.sha256 not in (None, item.sha256):
        # The key promises a content; what does not keep the promise must not stay there.
        store.delete([item.url])
        raise InputChanged(str(item.source))
    return info.size_bytes


def _upload_over(store: ObjectStore, item: UploadItem) -> int:
    """Put a file of the plan anew: the object may have been damaged since, or the file have."""
    try:
        sent = store.head(item.url)
    except ObjectMissing:
        return store.upload(item.source, item.url).size_bytes
    try:
        return store.upload(item.source, item.url, only_sha256=sent.sha256).size_bytes
    except InputChanged:
        return sent.size_bytes

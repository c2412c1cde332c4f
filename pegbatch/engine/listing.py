"""What lies below a folder of a store, and what it costs to learn that."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.errors import ObjectMissing
from pegbatch.ports import ObjectInfo, ObjectStore

KEYS_A_PAGE = 1_000
"""A page of a listing tells of as many objects: so many are asked for one by one at most.
Source: Amazon S3 API, ListObjectsV2."""


def list_objects(store: ObjectStore, folder: str) -> Iterator[ObjectInfo]:
    """Yield the objects below a folder; none where there is no such folder."""
    try:
        yield from store.list(folder)
    except ObjectMissing:
        return


def list_urls(store: ObjectStore, folder: str) -> Iterator[str]:
    """Yield the URLs of these objects."""
    for info in list_objects(store, folder):
        yield info.url

"""What is known of a bag from its records: the newest of a task; a success stays until undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pegbatch.errors import ObjectMissing
from pegbatch.model import layout
from pegbatch.model.layout import RecordKey
from pegbatch.model.records import TaskRecord, parse_records
from pegbatch.ports import ObjectStore


def record_files(
    store: ObjectStore, run_url: str, array: str, bag: int
) -> list[tuple[RecordKey, str]]:
    """Return the records files of one bag and their URLs, oldest first.

    Errors: those of the store.
    """
    folder = layout.join_url(run_url, layout.records_folder(array, bag))
    urls = [info.url for info in store.list(folder)]
    return sorted((key, url) for url in urls if (key := layout.parse_record_key(url)) is not None)


def read_files(store: ObjectStore, files: Iterable[tuple[RecordKey, str]]) -> Iterator[TaskRecord]:
    """Yield the records of some files; what cannot be read is no success.

    Errors: those of the store.
    """
    for _, url in files:
        yield from parse_records(read_if_there(store, url))


def read_records(store: ObjectStore, run_url: str, array: str, bag: int) -> Iterator[TaskRecord]:
    """Yield all records of one bag, oldest first.

    Errors: those of the store.
    """
    return read_files(store, record_files(store, run_url, array, bag))


def read_if_there(store: ObjectStore, url: str) -> bytes:
    """Return what an object holds, nothing where it is gone.

    Errors: those of the store.
    """
    try:
        return store.read(url)
    except ObjectMissing:
        return b""

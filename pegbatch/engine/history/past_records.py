"""What the records of a run say, read from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pegbatch.engine.listing import list_urls
from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import array_records, join_url, parse_record_key, records_folder
from pegbatch.model.records import TaskRecord, parse_records, settle
from pegbatch.ports import ObjectStore


def newest_records(
    store: ObjectStore, run_url: str, array: str, bag: int
) -> Mapping[str, TaskRecord]:
    """Return the record that counts for each task of a bag, from one LIST and its files."""
    folder = join_url(run_url, records_folder(array, bag))
    return read_newest(store, list_urls(store, folder))


def read_newest(store: ObjectStore, urls: Iterable[str]) -> Mapping[str, TaskRecord]:
    """Return the record that counts for each task, from the records files of one bag."""
    return settle(read_records(store, urls))


def read_records(store: ObjectStore, urls: Iterable[str]) -> Iterator[TaskRecord]:
    """Yield what is in the records files of one bag, oldest first; other URLs are passed over."""
    files = {key: url for url in urls if (key := parse_record_key(url)) is not None}
    for key in sorted(files):
        yield from _records(store, files[key])


def records_of_array(store: ObjectStore, run_url: str, array: str) -> Mapping[int, list[str]]:
    """Return the URLs of an array's records files by bag, from one LIST."""
    files: dict[int, list[str]] = {}
    for url in list_urls(store, join_url(run_url, array_records(array))):
        key = parse_record_key(url)
        if key is not None:
            files.setdefault(key.bag, []).append(url)
    return files


def has_records_of_try(store: ObjectStore, run_url: str, array: str, number: int) -> bool:
    """Say whether children of one try have left any records of an array, from at most one LIST."""
    urls = list_urls(store, join_url(run_url, array_records(array)))
    keys = (key for url in urls if (key := parse_record_key(url)) is not None)
    return any(key.number == number and key.attempt > 0 for key in keys)


def _records(store: ObjectStore, url: str) -> list[TaskRecord]:
    try:
        return parse_records(store.read(url))
    except ObjectMissing:
        return []

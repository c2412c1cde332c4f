"""What the records of a run say, read from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import join_url, records_folder
from pegbatch.model.records import TaskRecord, record_from_json, settle
from pegbatch.ports import ObjectStore


def newest_records(
    store: ObjectStore, run_url: str, array: str, bag: int
) -> Mapping[str, TaskRecord]:
    """Return the record that counts for each task of a bag."""
    folder = join_url(run_url, records_folder(array, bag))
    return settle(sorted(_records(store, folder), key=lambda r: (r.try_, r.attempt, r.end)))


def bags_with_records(store: ObjectStore, run_url: str, array: str) -> set[int]:
    """Return the bags of an array that have any records, from one LIST."""
    folder = join_url(run_url, records_folder(array, 0).rpartition("/")[0])
    try:
        parts = [info.url.rsplit("/", 2) for info in store.list(folder)]
    except ObjectMissing:
        return set()
    return {int(part[1]) for part in parts if part[1].isdecimal()}


def _records(store: ObjectStore, folder: str) -> Iterator[TaskRecord]:
    for info in store.list(folder):
        try:
            text = store.read(info.url)
        except ObjectMissing:
            continue
        for line in text.splitlines():
            yield record_from_json(json.loads(line))

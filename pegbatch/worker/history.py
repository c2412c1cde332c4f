"""What is known of a bag from its records: the newest of a task; a success stays until undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pegbatch.errors import ObjectMissing
from pegbatch.model import layout
from pegbatch.model.records import TaskRecord, parse_records
from pegbatch.ports import ObjectStore


def read_records(store: ObjectStore, run_url: str, array: str, bag: int) -> tuple[TaskRecord, ...]:
    """Return all records of one bag, oldest first; what cannot be read is no success.

    Errors: those of the store.
    """
    folder = layout.join_url(run_url, layout.records_folder(array, bag))
    urls = [info.url for info in store.list(folder)]
    files = {key: url for url in urls if (key := layout.parse_record_key(url)) is not None}
    return tuple(record for key in sorted(files) for record in _read_file(store, files[key]))


def count_failures(records: Iterable[TaskRecord], number: int) -> Mapping[str, int]:
    """Return how often each task failed in one try of the run."""
    return Counter(
        record.id for record in records if record.state == "failed" and record.try_ == number
    )


def _read_file(store: ObjectStore, url: str) -> list[TaskRecord]:
    try:
        return parse_records(store.read(url))
    except ObjectMissing:
        return []

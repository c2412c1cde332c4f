"""What is known of a bag from its records: the newest of each task, but a success stays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.model import layout
from pegbatch.model.records import TaskRecord, record_from_json
from pegbatch.ports import ObjectStore


def read_records(store: ObjectStore, run_url: str, array: str, bag: int) -> tuple[TaskRecord, ...]:
    """Return all records of one bag, oldest first.

    Errors: those of the store; StoreError where a records file is not ours.
    """
    folder = layout.join_url(run_url, layout.records_folder(array, bag))
    files = {
        order: info.url for info in store.list(folder) if (order := _order(info.url)) is not None
    }
    return tuple(record for order in sorted(files) for record in _read_file(store, files[order]))


def count_failures(records: Iterable[TaskRecord], number: int) -> Mapping[str, int]:
    """Return how often each task failed in one try of the run."""
    return Counter(
        record.id for record in records if record.state == "failed" and record.try_ == number
    )


def _order(url: str) -> tuple[int, int] | None:
    """Return (try, attempt) of a records file; None for anything else in the folder."""
    parts = url.rsplit("/", 1)[1].split(".")
    if len(parts) != 3 or parts[2] != "jsonl":
        return None
    if not (parts[0].isdecimal() and parts[1].isdecimal()):
        return None
    return int(parts[0]), int(parts[1])


def _read_file(store: ObjectStore, url: str) -> list[TaskRecord]:
    try:
        lines = store.read(url).split(b"\n")
        return [record_from_json(json.loads(line)) for line in lines if line]
    except ObjectMissing:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"not a records file: {error!r}", where=url) from error

"""The `failures` of a summary: the first tasks that failed or were skipped, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pegbatch.engine.counting import Marks
from pegbatch.engine.findings import LostChild
from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import join_url, records_folder
from pegbatch.model.records import TaskRecord, record_from_json
from pegbatch.ports import ObjectStore

SHOWN = 20
"""Failures told in full; the counts are those of the marks."""


def describe_failures(
    store: ObjectStore, run_url: str, marks: Marks, lost: Iterable[LostChild]
) -> list[dict[str, Any]]:
    """Return at most SHOWN failures: lost children first, then marked bags in order.

    Shapes: `{array, bag, id, state, reason, exit_code, stderr_tail}`; id is null for a lost child.
    """
    failed = (child for child in lost if child.state == "failed")
    rows: list[dict[str, Any]] = [
        {
            "array": child.array,
            "bag": child.bag,
            "id": None,
            "state": child.state,
            "reason": child.reason,
            "exit_code": child.exit_code,
            "stderr_tail": "",
        }
        for child in islice(failed, SHOWN)
    ]
    rows.extend(islice(_marked(store, run_url, marks), SHOWN - len(rows)))
    return rows


def _marked(store: ObjectStore, run_url: str, marks: Marks) -> Iterator[dict[str, Any]]:
    for array, bags in sorted(marks.items()):
        for bag in sorted(bags):
            for record in _newest_records(store, run_url, array, bag).values():
                if record.state != "succeeded":
                    yield _row(array, bag, record)


def _row(array: str, bag: int, record: TaskRecord) -> dict[str, Any]:
    return {
        "array": array,
        "bag": bag,
        "id": record.id,
        "state": record.state,
        "reason": record.reason,
        "exit_code": record.exit_code,
        "stderr_tail": record.stderr_tail,
    }


def _newest_records(
    store: ObjectStore, run_url: str, array: str, bag: int
) -> Mapping[str, TaskRecord]:
    """Return the newest record of each task of a bag; a success, once recorded, stays."""
    folder = join_url(run_url, records_folder(array, bag))
    newest: dict[str, TaskRecord] = {}
    for record in sorted(_records(store, folder), key=lambda r: (r.try_, r.attempt, r.end)):
        before = newest.get(record.id)
        if before is None or before.state != "succeeded":
            newest[record.id] = record
    return newest


def _records(store: ObjectStore, folder: str) -> Iterator[TaskRecord]:
    for info in store.list(folder):
        try:
            text = store.read(info.url)
        except ObjectMissing:
            continue
        for line in text.splitlines():
            yield record_from_json(json.loads(line))

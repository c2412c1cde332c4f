"""The mark of a child that was started again: what counts of the children do not tell."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pegbatch.errors import PegbatchError
from pegbatch.model import layout
from pegbatch.model.child_lines import find_child_line
from pegbatch.model.layout import RecordKey
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child
from pegbatch.worker.history import read_if_there


def mark_restart(
    store: ObjectStore, child: Child, bag: int, files: Iterable[tuple[RecordKey, str]]
) -> None:
    """Leave a retry mark where this is not the first attempt of the child.

    Shapes: files are those of the bag's records, oldest first; the last of the attempt before is
    read. A mark that cannot be put is no reason to end: nothing but a number depends on it.
    """
    if child.attempt == 1:
        return
    before = (child.try_, child.attempt - 1)
    of_it = [url for key, url in files if (key.number, key.attempt) == before]
    with suppress(PegbatchError):
        lost = not any(_ended_in_order(store, url) for url in of_it[-1:])
        key = layout.retry_key(child.array, bag, child.try_, child.attempt, lost=lost)
        store.write(child.url(key), b"")


def _ended_in_order(store: ObjectStore, url: str) -> bool:
    """Say whether an attempt has come through its bag, and was not ended from outside."""
    line = find_child_line(read_if_there(store, url))
    return line is not None and line.end is not None and not line.reason

"""The bag of this child: two ranged reads, whatever the size of the array."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pegbatch.errors import StoreError
from pegbatch.model import layout
from pegbatch.model.manifest import (
    INDEX_LINE_BYTES,
    IndexLine,
    TaskLine,
    parse_index_line,
    task_from_json,
)
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child

GZIP_MEMBER = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class Bag:
    """The tasks of one child, in the order in which they run."""

    number: int
    tasks: tuple[TaskLine, ...]


def read_bag(store: ObjectStore, child: Child) -> Bag:
    """Read the child's line of the index, and the tasks of the bag that it names.

    Errors: those of the store; StoreError where index or bags file are not ours.
    """
    return read_tasks(store, child.run_url, child.array, child.index)


def read_tasks(store: ObjectStore, run_url: str, array: str, line: int) -> Bag:
    """Read the tasks of the bag that one line of an array's index names.

    Shapes: in the first try line i names bag i.
    Errors: as `read_bag`.
    """
    number, rows = read_rows(store, run_url, array, line)
    try:
        return Bag(number, tuple(map(task_from_json, rows)))
    except (KeyError, TypeError) as error:
        raise _unreadable(run_url, array, number, error) from error


def read_rows(
    store: ObjectStore, run_url: str, array: str, line: int
) -> tuple[int, list[dict[str, Any]]]:
    """Read the bag that one line of an array's index names, its lines as they are.

    Errors: as `read_bag`.
    """
    index = _read_index_line(store, run_url, array, line)
    url = _bags_url(run_url, array)
    member = store.read(url, start=index.offset, length=index.length)
    try:
        return index.bag, list(_rows(zlib.decompress(member, GZIP_MEMBER), index.bag))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise _unreadable(run_url, array, index.bag, error) from error


def _bags_url(run_url: str, array: str) -> str:
    key = layout.plan_key(layout.bags_file(layout.base_array(array)))
    return layout.join_url(run_url, key)


def _unreadable(run_url: str, array: str, bag: int, error: Exception) -> StoreError:
    return StoreError(f"bag {bag} cannot be read: {error!r}", where=_bags_url(run_url, array))


def _read_index_line(store: ObjectStore, run_url: str, array: str, line: int) -> IndexLine:
    url = layout.join_url(run_url, layout.plan_key(layout.index_file(array)))
    text = store.read(url, start=line * INDEX_LINE_BYTES, length=INDEX_LINE_BYTES)
    try:
        return parse_index_line(text)
    except ValueError as error:
        raise StoreError(
            f"the index has no line {line}: {error}",
            where=url,
            hint="the plan in the store is damaged or of another version; plan and run again",
        ) from error


def _rows(text: bytes, bag: int) -> Iterator[dict[str, Any]]:
    for line in text.split(b"\n"):
        if line:
            row = json.loads(line)
            if row["bag"] == bag:
                yield row

"""The bag of this child: two ranged reads, whatever the size of the array."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

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
    line = _read_index_line(store, child)
    url = child.url(layout.plan_key(layout.bags_file(child.base_array)))
    member = store.read(url, start=line.offset, length=line.length)
    try:
        tasks = tuple(_tasks(zlib.decompress(member, GZIP_MEMBER), line.bag))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"bag {line.bag} cannot be read: {error!r}", where=url) from error
    return Bag(line.bag, tasks)


def _read_index_line(store: ObjectStore, child: Child) -> IndexLine:
    url = child.url(layout.plan_key(layout.index_file(child.array)))
    text = store.read(url, start=child.index * INDEX_LINE_BYTES, length=INDEX_LINE_BYTES)
    try:
        return parse_index_line(text)
    except ValueError as error:
        raise StoreError(
            f"the index has no line {child.index}: {error}",
            where=url,
            hint="the plan in the store is damaged or of another version; plan and run again",
        ) from error


def _tasks(text: bytes, bag: int) -> Iterator[TaskLine]:
    for line in text.split(b"\n"):
        if line:
            data = json.loads(line)
            if data["bag"] == bag:
                yield task_from_json(data)

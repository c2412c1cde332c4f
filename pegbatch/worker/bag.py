"""The bag of this child: ranged reads of the index and of the bag alone, whatever the array's size.

A long bag is not held in memory: its lines wait in a file of the child's folder.
"""

from __future__ import annotations

import json
import os
import zlib
from array import array as column
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, overload

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
PIECE_BYTES = 128 << 10
"""What is read, and what is unpacked, at a time."""
HELD_MAX = 1_000
"""Lines of a bag that are held in memory."""
HELD_BYTES = 1 << 20
"""Of text, in these lines: of a bag with more of either they wait on the disk."""
RECENT_MAX = 128
"""Of these: more than are looked at ahead and have their outputs on their way."""

_Line = tuple[bytes, dict[str, Any]]
"""As it is and as it reads."""


@dataclass(frozen=True, slots=True)
class Bag:
    """The tasks of one child, in the order in which they run."""

    number: int
    tasks: Sequence[TaskLine]


def read_bag(store: ObjectStore, child: Child, folder: Path) -> Bag:
    """Read the child's line of the index, and the tasks of the bag that it names.

    Shapes: the lines of a long bag go into the folder, and are read from there.
    Errors: those of the store; StoreError where index or bags file are not ours; OSError of the
    disk.
    """
    place = _Place(store, child.run_url, child.array, child.index)
    lines = place.lines()
    held, left = _as_many_as_are_held(lines)
    if left is None:
        return Bag(place.number, tuple(place.task(row) for _, row in held))
    texts = (text for text, _ in chain(held, (left,), lines))
    return Bag(place.number, SpooledTasks(place, folder / "bag", texts))


def _as_many_as_are_held(lines: Iterable[_Line]) -> tuple[list[_Line], _Line | None]:
    """Take lines while they may be held, and the first that may not; None where all may."""
    held: list[_Line] = []
    room = HELD_BYTES
    for line in lines:
        room -= len(line[0])
        if len(held) == HELD_MAX or room < 0:
            return held, line
        held.append(line)
    return held, None


def read_tasks(store: ObjectStore, run_url: str, array: str, line: int) -> Iterator[TaskLine]:
    """Yield the tasks of the bag that one line of an array's index names.

    Shapes: in the first try line i names bag i.
    Errors: those of the store; StoreError where index or bags file are not ours.
    """
    place = _Place(store, run_url, array, line)
    yield from (place.task(row) for _, row in place.lines())


def read_rows(store: ObjectStore, run_url: str, array: str, line: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of the bag that one line of an array's index names, as they are.

    Errors: as `read_tasks`.
    """
    place = _Place(store, run_url, array, line)
    yield from (row for _, row in place.lines())


class SpooledTasks(Sequence[TaskLine]):
    """The lines of a long bag, in a file; the last that were asked for are in memory, too."""

    _file = -1

    def __init__(self, place: _Place, path: Path, lines: Iterable[bytes]) -> None:
        """Write the lines into a new file, which whoever removes the folder removes."""
        self._place = place
        self._offsets = column("Q", [0])
        self._recent: dict[int, TaskLine] = {}
        self._recent_bytes = 0
        with path.open("xb") as file:
            for line in lines:
                file.write(line)
                self._offsets.append(self._offsets[-1] + len(line))
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, number: int) -> TaskLine: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[TaskLine]: ...
    def __getitem__(self, number: int | slice) -> TaskLine | Sequence[TaskLine]:
        """Return one task, counted from the first; or a tuple of several."""
        if isinstance(number, slice):
            return tuple(self[each] for each in range(*number.indices(len(self))))
        task = self._recent.get(number)
        if task is None:
            task = self._read(number)
            self._remember(number, task)
        return task

    def _remember(self, number: int, task: TaskLine) -> None:
        self._recent[number] = task
        self._recent_bytes += self._size(number)
        while len(self._recent) > RECENT_MAX or self._recent_bytes > HELD_BYTES:
            oldest = next(iter(self._recent))
            del self._recent[oldest]
            self._recent_bytes -= self._size(oldest)

    def _size(self, number: int) -> int:
        return self._offsets[number + 1] - self._offsets[number]

    def _read(self, number: int) -> TaskLine:
        if not 0 <= number < len(self):
            raise IndexError(number)
        start, end = self._offsets[number : number + 2]
        text = os.pread(self._file, end - start, start)
        return self._place.task(json.loads(text))


class _Place:
    """Where a bag lies in its array's bags file."""

    def __init__(self, store: ObjectStore, run_url: str, array: str, line: int) -> None:
        self._store = store
        self._index = _read_index_line(store, run_url, array, line)
        self.number = self._index.bag
        key = layout.plan_key(layout.bags_file(layout.base_array(array)))
        self._url = layout.join_url(run_url, key)

    def lines(self) -> Iterator[_Line]:
        """Yield the lines of the bag, as they are and as they read."""
        try:
            for line in self._all_lines():
                if line and (row := json.loads(line))["bag"] == self.number:
                    yield line, row
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise self._unreadable(error) from error

    def task(self, row: Mapping[str, Any]) -> TaskLine:
        """Return one line as a task."""
        try:
            return task_from_json(row)
        except (KeyError, TypeError) as error:
            raise self._unreadable(error) from error

    def _all_lines(self) -> Iterator[bytes]:
        begun: list[bytes] = []  # a line may be as long as a bag
        for text in self._unpacked():
            first, *more = text.split(b"\n")
            begun.append(first)
            if more:
                yield b"".join(begun)
                yield from more[:-1]
                begun = more[-1:]
        yield b"".join(begun)

    def _unpacked(self) -> Iterator[bytes]:
        member = zlib.decompressobj(GZIP_MEMBER)
        for packed in self._packed():
            left = packed
            while left and not member.eof:
                yield member.decompress(left, PIECE_BYTES)
                left = member.unconsumed_tail
        yield member.flush()
        if not member.eof:
            raise ValueError("it breaks off")

    def _packed(self) -> Iterator[bytes]:
        offset, length = self._index.offset, self._index.length
        for start in range(0, length, PIECE_BYTES):
            size = min(PIECE_BYTES, length - start)
            yield self._store.read(self._url, start=offset + start, length=size)

    def _unreadable(self, error: Exception) -> StoreError:
        return StoreError(f"bag {self.number} cannot be read: {error!r}", where=self._url)


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

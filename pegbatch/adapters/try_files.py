"""Tries in a submit directory: what a later one submits, and the index of each of its arrays.

`tries/<number>.json` is written last, so that a try that is there is there with all its indexes.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson

from pegbatch.adapters.durable import sync_folder
from pegbatch.adapters.private_files import FOLDER_MODE, open_private
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.layout import TRIES_FOLDER, bags_file, index_file, try_file
from pegbatch.model.manifest import (
    INDEX_LINE_BYTES,
    IndexLine,
    TaskFiles,
    format_index_line,
    parse_index_line,
    task_files_from_json,
)
from pegbatch.model.tries import Try, try_from_json, try_to_json

Line = TypeVar("Line")

GZIP_MEMBER = zlib.MAX_WBITS | 16
UNFINISHED = ".unfinished"
"""Ends the name of a file while it is written."""


def write_try(folder: Path, try_: Try) -> None:
    """Write a later try into a submit directory: all of it, or no `tries/<number>.json`.

    Errors: OutsideError naming path and reason; InputError where the plan's index is not whole.
    """
    try:
        for job in try_.jobs:
            if job.name in try_.bags:
                lines = read_index(folder, job.name, try_.bags[job.name])
                data = b"".join(map(format_index_line, lines))
                _write_whole(folder / index_file(try_.array(job)), data)
        sync_folder((folder / index_file("any")).parent)
        (folder / TRIES_FOLDER).mkdir(mode=FOLDER_MODE, exist_ok=True)
        _write_whole(folder / try_file(try_.number), orjson.dumps(try_to_json(try_)))
        sync_folder(folder / TRIES_FOLDER)
        sync_folder(folder)
    except OSError as error:
        raise OutsideError(
            f"cannot write what is to be run again: {(error.strerror or str(error)).lower()}",
            where=str(error.filename or folder),
            hint="free some space, or make the submit directory writable",
        ) from error


class TryFiles:
    """The later tries of a submit directory; a file is read again only where it has changed."""

    def __init__(self, folder: Path) -> None:
        """Take the submit directory."""
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, int], Try]] = {}

    def read(self) -> Mapping[int, Try]:
        """Return the tries by number, ascending.

        Errors: InputError where a file is damaged or of another format.
        """
        files = (self._folder / TRIES_FOLDER).glob("*.json")
        found = {int(path.stem): self._read(path) for path in files if path.stem.isdecimal()}
        return dict(sorted(found.items()))

    def _read(self, path: Path) -> Try:
        try:
            status = path.stat()
        except OSError:
            return _read_try(path)  # which says why not
        mark = (status.st_mtime_ns, status.st_size)
        if path not in self._known or self._known[path][0] != mark:
            self._known[path] = (mark, _read_try(path))
        return self._known[path][1]


def _read_try(path: Path) -> Try:
    try:
        data = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot be read: {error}", where=str(path), hint="restore it from <run>/plan/tries/"
        ) from error
    return try_from_json(data, source=str(path))


def read_bag_ids(
    folder: Path, array: str, bags: Iterable[int]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each of these bags of an array with the ids of its tasks, in the order given.

    Shapes: a member that holds several bags is read once where these are asked for in a row.
    Errors: InputError where index or bags file are missing or damaged.
    """
    for bag, ids in _read_lines(folder, array, bags, _id_of):
        yield bag, tuple(ids)


def read_task_files(folder: Path, array: str, bags: Iterable[int]) -> Iterator[TaskFiles]:
    """Yield the tasks of these bags of an array with the files that the run keeps for them.

    Shapes, Errors: as read_bag_ids.
    """
    for _, tasks in _read_lines(folder, array, bags, task_files_from_json):
        yield from tasks


def read_bag_rows(
    folder: Path, array: str, bags: Iterable[int]
) -> Iterator[tuple[int, list[Mapping[str, Any]]]]:
    """Yield each of these bags of an array with the lines of its tasks, as they were written.

    Shapes, Errors: as read_bag_ids.
    """
    return _read_lines(folder, array, bags, lambda row: row)


def _read_lines(
    folder: Path, array: str, bags: Iterable[int], take: Callable[[Mapping[str, Any]], Line]
) -> Iterator[tuple[int, list[Line]]]:
    """Yield bags with what is taken of each of their lines."""
    path = folder / bags_file(array)
    offset, rows = -1, dict[int, list[Mapping[str, Any]]]()
    try:
        with path.open("rb") as members:
            for line in read_index(folder, array, bags):
                if line.offset != offset:
                    offset, rows = line.offset, _rows_in(members, line)
                yield line.bag, [take(row) for row in rows[line.bag]]
    except OSError as error:
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, repr(error)) from error


def _rows_in(members: BinaryIO, line: IndexLine) -> dict[int, list[Mapping[str, Any]]]:
    members.seek(line.offset)
    rows: dict[int, list[Mapping[str, Any]]] = {}
    for text in zlib.decompress(members.read(line.length), GZIP_MEMBER).splitlines():
        row = orjson.loads(text)
        rows.setdefault(row["bag"], []).append(row)
    return rows


def _id_of(row: Mapping[str, Any]) -> str:
    return str(row["id"])


def read_index(folder: Path, array: str, bags: Iterable[int]) -> Iterator[IndexLine]:
    """Yield the index lines of some bags of an array of the plan, in the order given.

    Errors: InputError where the index is missing or damaged.
    """
    path = folder / index_file(array)
    try:
        with path.open("rb") as index:
            for bag in bags:
                index.seek(bag * INDEX_LINE_BYTES)
                line = parse_index_line(index.read(INDEX_LINE_BYTES))
                if line.bag != bag:
                    raise ValueError(f"line {bag} names bag {line.bag}")
                yield line
    except OSError as error:
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    except ValueError as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"this file of the plan cannot be read: {why}",
        where=str(path),
        hint="restore it from <run>/plan/ or from a copy of the submit directory",
    )


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a loss of power."""
    draft = path.with_name(path.name + UNFINISHED)
    with open_private(draft) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

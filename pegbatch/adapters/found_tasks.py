"""Finding one task among the bags of a submit directory, a million of them too."""

from __future__ import annotations

import difflib
import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pegbatch.adapters.bag_rows import file_of_plan
from pegbatch.adapters.try_files import read_bag_rows
from pegbatch.model.layout import bags_file

BLOCK_BYTES = 4 << 20
"""Bags are searched as text: taking each line apart would last ten times as long."""
COMPARED = 20_000
"""Ids that a misspelt one is compared with."""
LONGEST_ID = 200
"""Nobody misspells a longer one; comparing takes the square of its length."""
SUGGESTED = 3


class FoundTask(NamedTuple):
    """A task and its bag, as their lines in the bags file say."""

    array: str
    row: Mapping[str, Any]
    bag_rows: Sequence[Mapping[str, Any]]
    """Of all tasks of its bag, in their order, its own among them."""


def find_task(folder: Path, arrays: Iterable[str], task_id: str) -> FoundTask | None:
    """Return a task of these arrays by its id; None where none of them has it.

    Errors: InputError where files of the plan are missing or damaged.
    """
    word = orjson.dumps(task_id)
    for array in arrays:
        path = folder / bags_file(array)
        with file_of_plan(path):
            for block in _blocks(path):
                row = _row_in(block, word, task_id)
                if row is not None:
                    ((_, rows),) = read_bag_rows(folder, array, [row["bag"]])
                    return FoundTask(array, row, rows)
    return None


def similar_tasks(folder: Path, arrays: Iterable[str], task_id: str) -> list[str]:
    """Return the ids that look most like one that is none, the likeliest first.

    Shapes: of a workflow with more than COMPARED tasks only so many are compared.
    Errors: as find_task.
    """
    return similar_names(task_id, _ids(folder, arrays))


def similar_names(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that look most like a word, of the first COMPARED of them."""
    if len(word) > LONGEST_ID:
        return []
    return difflib.get_close_matches(word, list(islice(names, COMPARED)), n=SUGGESTED, cutoff=0.7)


def _row_in(block: bytes, word: bytes, task_id: str) -> Mapping[str, Any] | None:
    """Return the line of a task in a block that has its id somewhere, perhaps as a parent."""
    position = block.find(word)
    while position >= 0:
        start, end = block.rfind(b"\n", 0, position) + 1, block.find(b"\n", position)
        end = len(block) if end < 0 else end
        row: Mapping[str, Any] = orjson.loads(block[start:end])
        if row["id"] == task_id:
            return row
        position = block.find(word, end)
    return None


def _ids(folder: Path, arrays: Iterable[str]) -> Iterator[str]:
    for array in arrays:
        path = folder / bags_file(array)
        with file_of_plan(path):
            for block in _blocks(path):
                yield from (str(orjson.loads(line)["id"]) for line in block.splitlines())


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a bags file unpacked, in blocks of whole lines."""
    with gzip.open(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block + stream.readline()

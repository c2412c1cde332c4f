"""Registration: the outputs of a run with checksum, size and place, from its records.

One listing for each array that makes a registered output, and one read for each records file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from pegbatch.engine.deliveries import Output
from pegbatch.engine.history.past_records import read_newest, records_of_array
from pegbatch.engine.parallel import map_parallel
from pegbatch.model.records import StoredOutput
from pegbatch.model.registered import RegisteredFile
from pegbatch.ports import ObjectStore

FILE_SCHEME = "file://"


class Made(NamedTuple):
    """What a record says of one output."""

    sha256: str
    size_bytes: int


def registered_files(
    store: ObjectStore, run_url: str, outputs: Iterable[Output]
) -> Iterator[RegisteredFile]:
    """Yield the outputs that the run has made, or taken over, and that are to be registered.

    Shapes: outputs in plan order; those of tasks that did not succeed are left out.
    Errors: those of the store.
    """
    wanted = [output for output in outputs if output.register]
    arrays = sorted({output.array for output in wanted if output.array is not None})
    lfns = frozenset(output.lfn for output in wanted)
    made: dict[tuple[str, str | None], Made] = {}
    for array in arrays:
        for task, found in _put(store, run_url, array):
            if found.lfn in lfns:
                made[found.lfn, None] = made[found.lfn, task] = _as_made(found)
    for output in wanted:
        of_output = made.get((output.lfn, output.task))
        if of_output is not None:
            yield _registered(output, of_output.sha256, of_output.size_bytes)
        elif output.is_reused:
            yield _registered(output, output.sha256, None)


def made_by(store: ObjectStore, run_url: str, array: str) -> Iterator[StoredOutput]:
    """Yield what the tasks of one array that succeeded have put."""
    return (output for _, output in _put(store, run_url, array))


def _put(store: ObjectStore, run_url: str, array: str) -> Iterator[tuple[str, StoredOutput]]:
    """Yield what the tasks of one array that succeeded have put, each with its task."""
    bags = records_of_array(store, run_url, array).values()
    for newest in map_parallel(lambda urls: read_newest(store, urls), bags):
        for record in newest.values():
            if record.state == "succeeded":
                for output in record.outputs:
                    yield record.id, output


def _as_made(output: StoredOutput) -> Made:
    return Made(output.sha256, output.size_bytes)


def _registered(output: Output, sha256: str | None, size_bytes: int | None) -> RegisteredFile:
    return RegisteredFile(
        lfn=output.lfn,
        pfn=_pfn(output.destination),
        site=output.site,
        sha256=sha256,
        size_bytes=size_bytes,
    )


def _pfn(url: str) -> str:
    """Return a URL as catalogs spell it: the path of a local file percent-encoded."""
    if not url.startswith(FILE_SCHEME):
        return url
    return FILE_SCHEME + quote(url.removeprefix(FILE_SCHEME))

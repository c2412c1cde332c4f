"""The records of a run as its children left them: attempt by attempt, oldest first."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from pegbatch.engine.history.past_records import records_of_array
from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import ObjectMissing
from pegbatch.model.child_lines import ChildLine, find_child_line
from pegbatch.model.history import Execution
from pegbatch.model.layout import RecordKey, parse_record_key
from pegbatch.model.records import TaskRecord, parse_records
from pegbatch.ports import ObjectStore

LARGEST = 1e18
"""No time, size or exit code is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAttempt:
    """What one attempt at one bag has left; attempt 0 is the client's word."""

    bag: int
    try_: int
    attempt: int
    executions: tuple[Execution, ...]
    """In the order in which they ended."""
    own: ChildLine | None
    """What the child says of itself; None where that is not on record."""


def read_recorded(
    store: ObjectStore,
    run_url: str,
    array: str,
    on_bag: Callable[[], None] = lambda: None,
) -> Iterator[RecordedAttempt]:
    """Yield what all attempts at an array have left, bag by bag, oldest first.

    Shapes: one LIST, one GET a records file, these in parallel; on_bag is called after each bag.
    Errors: those of the store.
    """
    files = records_of_array(store, run_url, array)

    def read(bag: int) -> list[RecordedAttempt]:
        return list(_read_bag(store, array, files[bag]))

    for found in map_parallel(read, sorted(files)):
        yield from found
        on_bag()


def _read_bag(store: ObjectStore, array: str, urls: Iterable[str]) -> Iterator[RecordedAttempt]:
    keys: Mapping[RecordKey, str] = {
        key: url for url in urls if (key := parse_record_key(url)) is not None
    }
    for (number, attempt), parts in groupby(sorted(keys), lambda key: (key.number, key.attempt)):
        texts = [_text(store, keys[part]) for part in parts]
        words = [word for text in texts if (word := find_child_line(text)) is not None]
        place = RecordKey(array, next(iter(keys)).bag, number, attempt)
        yield RecordedAttempt(
            bag=place.bag,
            try_=number,
            attempt=attempt,
            executions=tuple(
                _execution(place, record)
                for text in texts
                for record in parse_records(text)
                if _is_sound(record)
            ),
            own=words[-1] if words else None,
        )


def _is_sound(record: TaskRecord) -> bool:
    """Say whether what others count and print is of the kind it should be.

    Tasks may write to the run: what lies there is not always a worker's.
    """
    texts: tuple[object, ...] = (record.reason, record.stdout_tail, record.stderr_tail)
    if not all(isinstance(text, str) for text in texts):
        return False
    numbers = [record.start, record.end]
    known = (record.exit_code, record.signal, record.max_rss_mib, record.cpu_seconds)
    numbers.extend(one for one in (*known, record.bytes_in) if one is not None)
    numbers.extend(output.size_bytes for output in record.outputs)
    try:
        return max(map(abs, numbers)) <= LARGEST and math.isfinite(sum(numbers))
    except (TypeError, OverflowError):
        return False


def _text(store: ObjectStore, url: str) -> bytes:
    try:
        return store.read(url)
    except ObjectMissing:
        return b""


def _execution(place: RecordKey, record: TaskRecord) -> Execution:
    """Return one execution; where it was, the key of its file says.

    Shapes: tails are kept of what did not succeed.
    """
    succeeded = record.state == "succeeded"
    return Execution(
        id=sys.intern(record.id),
        array=place.array,
        bag=place.bag,
        try_=place.number,
        attempt=place.attempt,
        state=record.state,
        start=record.start,
        end=record.end,
        reason=record.reason,
        exit_code=record.exit_code,
        signal=record.signal,
        max_rss_mib=record.max_rss_mib,
        cpu_seconds=record.cpu_seconds,
        bytes_in=record.bytes_in,
        bytes_out=sum(output.size_bytes for output in record.outputs),
        files_out=len(record.outputs),
        stdout_tail="" if succeeded else record.stdout_tail,
        stderr_tail="" if succeeded else record.stderr_tail,
    )

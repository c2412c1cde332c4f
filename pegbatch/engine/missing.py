"""Which bags have still something to do: told from the keys and the records in the store.

What is known before is not asked again. Of an array that has ended well only the failure marks
of its try point at such bags; of any other its try, and Batch as far as it remembers, name the
bags in question (`suspects.py`). A mark that says that no task of its bag has succeeded is enough,
unless a complaint mark stands beside it. The records of all other bags in question are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from pegbatch.engine.history.past_records import newest_records, read_newest, records_of_array
from pegbatch.engine.listing import KEYS_A_PAGE
from pegbatch.engine.parallel import map_parallel
from pegbatch.model.layout import parse_record_key
from pegbatch.model.marks import FailureKeys, Mark
from pegbatch.model.plan import Job, Plan
from pegbatch.model.records import TaskRecord
from pegbatch.model.tries import Missing
from pegbatch.ports import ObjectStore

BagReader = Callable[[str, Iterable[int]], Iterable[tuple[int, Collection[str]]]]
"""(array, bags) to the ids of the tasks in each of these bags, in the order asked for."""

Hear = Callable[[TaskRecord], None]
"""Is told of each record that counts for a task of the bags whose records are read."""

ARRAYS_AT_ONCE = 8
"""Arrays that are looked at at a time: each reads many records at once."""


def _pass_over(record: TaskRecord) -> None:
    """Do nothing with a record."""


class Known(NamedTuple):
    """What is known of a run before its store is asked."""

    succeeded: Collection[str] = ()
    """The jobs that ended well in the newest try that they were in, as far as the log says."""
    number: int = 1
    """The newest try."""
    suspects: Mapping[str, Collection[int]] = {}
    """By array: the bags that may miss a success, besides those with a mark of this try; they
    missed one when the try began. Of other arrays all bags may."""


def find_missing(
    store: ObjectStore,
    run_url: str,
    plan: Plan,
    read_bags: BagReader,
    *,
    failures: FailureKeys,
    known: Known,
    hear: Hear = _pass_over,
) -> Mapping[str, Missing]:
    """Return by array what it has still to do, in plan order; arrays that are done left out.

    Shapes: for each array with bags whose records must be read one LIST of its records (of each of
    these bags where they are few), and one GET a records file of these. hear is called from
    several threads.
    Errors: those of the store and of the reader.
    """
    complaints, door = failures.complaints(), _Door(store, run_url, read_bags, hear)
    arrays = []
    for job in plan.jobs:
        if job.kind in ("compute", "stage-in"):
            marks = _in_force(job, failures.marks.get(job.name, {}), known.number)
            bags = _in_question(job, known, marks)
            since = known.number if job.name in known.suspects else 1
            enough = {bag: one for bag, one in marks.items() if (job.name, bag) not in complaints}
            arrays.append(_Array(door, job, bags, enough, since))
    wanted = [array for array in arrays if array.bags]
    parts = map_parallel(_Array.missing, wanted, workers=ARRAYS_AT_ONCE)
    pairs = zip(wanted, parts, strict=True)
    return {array.job.name: part for array, part in pairs if part is not None}


def _in_force(job: Job, marks: Mapping[int, Mark], number: int) -> Mapping[int, Mark]:
    """Return the marks of the newest try: what earlier ones speak of has been tried again."""
    return {bag: mark for bag, mark in marks.items() if mark.number == number and bag < job.size}


def _in_question(job: Job, known: Known, marks: Mapping[int, Mark]) -> list[int]:
    """Return the bags that may miss a success, ascending."""
    if job.name in known.succeeded:
        return sorted(marks)
    return sorted({*known.suspects.get(job.name, range(job.size)), *marks})


class _Door(NamedTuple):
    """Where records and bags are read, and who hears of the records."""

    store: ObjectStore
    run_url: str
    read_bags: BagReader
    hear: Hear


class _Array:
    """One array, and the bags in question."""

    def __init__(
        self, door: _Door, job: Job, bags: list[int], marks: Mapping[int, Mark], since: int
    ) -> None:
        self.job, self.bags = job, bags
        self._door, self._marks, self._since = door, marks, since
        self._has_single_tasks = job.tasks == job.size

    def missing(self) -> Missing | None:
        """Return what the array has still to do."""
        told = list(self._told_by_marks())
        enough = {one.bag for one in told}
        asked = [bag for bag in self.bags if bag not in enough]
        if len(asked) <= self.job.size // KEYS_A_PAGE + int(self.job.size > 1):
            return _gathered([*told, *self._compare(asked, map_parallel(self._look_up, asked))])
        files = self._files()
        if not files and self.job.tasks and len(asked) == self.job.size:
            return Missing(tuple(asked), self.job.tasks)
        return _gathered([*told, *self._read(asked, files)])

    def _told_by_marks(self) -> Iterator[_Found]:
        """Yield the bags of which a mark says that no task of theirs has a success."""
        for one in self._sizes([bag for bag in self.bags if bag in self._marks]):
            mark = self._marks[one.bag]
            if mark.failed + mark.skipped >= one.tasks:
                yield one

    def _read(self, bags: list[int], files: Mapping[int, list[str]]) -> Iterator[_Found]:
        """Look at the records of bags; those without any are missing as they are."""
        recorded = [bag for bag in bags if bag in files]
        records = map_parallel(lambda bag: read_newest(self._door.store, files[bag]), recorded)
        yield from self._compare(recorded, records)
        yield from self._sizes([bag for bag in bags if bag not in files])

    def _files(self) -> Mapping[int, list[str]]:
        """Return the records files by bag that may tell of a success."""
        files = records_of_array(self._door.store, self._door.run_url, self.job.name)
        if self._since == 1 or not self._has_single_tasks:
            return files
        # A task that had no success when the try began can have one of this try alone.
        recent = {bag: [url for url in urls if self._is_recent(url)] for bag, urls in files.items()}
        return {bag: urls for bag, urls in recent.items() if urls}

    def _is_recent(self, url: str) -> bool:
        key = parse_record_key(url)
        return key is not None and key.number >= self._since

    def _look_up(self, bag: int) -> Mapping[str, TaskRecord]:
        return newest_records(self._door.store, self._door.run_url, self.job.name, bag)

    def _compare(
        self, bags: list[int], records: Iterable[Mapping[str, TaskRecord]]
    ) -> Iterator[_Found]:
        """Yield each bag with the number of its tasks that have no success."""
        read = self._door.read_bags(self.job.name, bags)
        for (bag, ids), newest in zip(read, records, strict=True):
            for record in newest.values():
                self._door.hear(record)
            done = {record.id for record in newest.values() if record.state == "succeeded"}
            yield _Found(bag, len(set(ids) - done), done)

    def _sizes(self, bags: list[int]) -> Iterator[_Found]:
        """Yield each bag with the number of its tasks; bags are read only where they differ."""
        if self._has_single_tasks:
            yield from (_Found(bag, 1) for bag in bags)
        else:
            for bag, ids in self._door.read_bags(self.job.name, bags):
                yield _Found(bag, len(ids))


class _Found(NamedTuple):
    """What is known of one bag."""

    bag: int
    tasks: int
    """Those without a success."""
    done: Collection[str] = ()
    """Ids of the others."""


def _gathered(bags: Iterable[_Found]) -> Missing | None:
    found = sorted((one for one in bags if one.tasks), key=lambda one: one.bag)
    if not found:
        return None
    return Missing(
        tuple(one.bag for one in found),
        sum(one.tasks for one in found),
        frozenset(id for one in found for id in one.done),
    )

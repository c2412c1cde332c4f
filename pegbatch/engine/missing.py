"""Which bags have still something to do: told from the records in the store alone.

Of an array that has ended well only the failure marks point at such bags; of any other its
records are listed. Batch is not asked: it forgets jobs after a week.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from pegbatch.engine.findings import list_marks
from pegbatch.engine.history.past_records import newest_records, read_newest, records_of_array
from pegbatch.engine.parallel import map_parallel
from pegbatch.model.plan import Job, Plan
from pegbatch.model.records import TaskRecord
from pegbatch.model.tries import Missing
from pegbatch.ports import ObjectStore

BagReader = Callable[[str, Iterable[int]], Iterable[tuple[int, Collection[str]]]]
"""(array, bags) to the ids of the tasks in each of these bags, in the order asked for."""

Hear = Callable[[TaskRecord], None]
"""Is told of each record that counts for a task of the bags that are looked at."""

KEYS_A_PAGE = 1_000
"""Source: Amazon S3 API, ListObjectsV2."""


def _pass_over(record: TaskRecord) -> None:
    """Do nothing with a record."""


def find_missing(
    store: ObjectStore,
    run_url: str,
    plan: Plan,
    read_bags: BagReader,
    *,
    succeeded: Collection[str],
    hear: Hear = _pass_over,
) -> Mapping[str, Missing]:
    """Return by array what it has still to do, in plan order; arrays that are done left out.

    Shapes: succeeded names the jobs that ended well in the newest try that they were in, as far
    as the log says. One LIST of the failure marks where there are any, one of the records of each
    other array, and one GET a records file of the bags that these point at (and a LIST where they
    are few).
    Errors: those of the store and of the reader.
    """
    marks = list_marks(store, run_url) if succeeded else {}
    found: dict[str, Missing] = {}
    for job in plan.jobs:
        if job.kind not in ("compute", "stage-in"):
            continue
        array = _Array(store, run_url, job, read_bags, hear)
        if job.name in succeeded:
            part = array.missing_of_marked(sorted(marks.get(job.name, ())))
        else:
            part = array.missing_of_all()
        if part is not None:
            found[job.name] = part
    return found


class _Array:
    """One array and what is known of its bags."""

    def __init__(
        self, store: ObjectStore, run_url: str, job: Job, read_bags: BagReader, hear: Hear
    ) -> None:
        self._store, self._run_url, self._job = store, run_url, job
        self._read_bags, self._hear = read_bags, hear

    def missing_of_marked(self, bags: list[int]) -> Missing | None:
        """Look at the bags that a mark points at; the others are done."""
        known = [bag for bag in bags if bag < self._job.size]
        if not known:
            return None
        if len(known) > 1 + self._job.size // KEYS_A_PAGE:
            files = self._files()
            return _gathered(self._compare(known, self._read_files(files, known)))
        return _gathered(self._compare(known, self._look_up(known)))

    def missing_of_all(self) -> Missing | None:
        """Look at all bags: those without records are missing as they are."""
        files = self._files()
        if not files and self._job.tasks:
            return Missing(tuple(range(self._job.size)), self._job.tasks)
        recorded = [bag for bag in range(self._job.size) if bag in files]
        untouched = [bag for bag in range(self._job.size) if bag not in files]
        counts = self._compare(recorded, self._read_files(files, recorded))
        return _gathered([*counts, *self._sizes(untouched)])

    def _files(self) -> Mapping[int, list[str]]:
        return records_of_array(self._store, self._run_url, self._job.name)

    def _look_up(self, bags: list[int]) -> Iterator[Mapping[str, TaskRecord]]:
        return map_parallel(
            lambda bag: newest_records(self._store, self._run_url, self._job.name, bag), bags
        )

    def _read_files(
        self, files: Mapping[int, list[str]], bags: list[int]
    ) -> Iterator[Mapping[str, TaskRecord]]:
        return map_parallel(lambda bag: read_newest(self._store, files.get(bag, ())), bags)

    def _compare(
        self, bags: list[int], records: Iterable[Mapping[str, TaskRecord]]
    ) -> Iterator[_Found]:
        """Yield each bag with the number of its tasks that have no success."""
        for (bag, ids), newest in zip(self._read_bags(self._job.name, bags), records, strict=True):
            for record in newest.values():
                self._hear(record)
            done = {record.id for record in newest.values() if record.state == "succeeded"}
            yield _Found(bag, len(set(ids) - done), done)

    def _sizes(self, bags: list[int]) -> Iterator[_Found]:
        """Yield each bag with the number of its tasks; bags are read only where they differ."""
        if self._job.tasks == self._job.size:
            yield from (_Found(bag, 1) for bag in bags)
        else:
            for bag, ids in self._read_bags(self._job.name, bags):
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

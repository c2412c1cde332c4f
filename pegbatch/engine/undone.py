"""Successes that are of no use any more: a file that such a task made is gone, and is needed again.

A bucket's lifecycle rule, or somebody's rm, may take files of the run that tasks still to run read.
Then the tasks that made them run again, and so do those that made what these read, where that is
gone, too: clean-up may have deleted it long ago.

What is looked at: files that missing tasks read and no missing task makes. Where all of them are
there, nothing else is asked. Where one is gone, the files of the run are listed once, and the plan
is read once, from its last array to its first: whoever makes a file comes before who reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from pegbatch.engine.deliveries import Output
from pegbatch.engine.history.past_records import newest_records
from pegbatch.engine.listing import KEYS_A_PAGE, list_urls
from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import FILE_FOLDERS, PRIVATE_KEY, join_url, record_key
from pegbatch.model.manifest import TaskFiles
from pegbatch.model.plan import Job, Plan
from pegbatch.model.records import record_line, undone_record
from pegbatch.model.tries import Missing
from pegbatch.ports import ObjectStore

FilesReader = Callable[[str, Iterable[int]], Iterable[TaskFiles]]
"""(array, bags) to the tasks in these bags, bag after bag, in the order in which they run."""

LISTED_MOST = 100
"""Files of the run for each that is looked for, up to which they are listed: a page takes the place
of ten calls, or of more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A task that has succeeded, and has to run again."""

    array: str
    bag: int
    id: str
    file: str
    """What it made and is lost, relative to the run's URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What the run has still to hand over, besides what tasks read."""

    outputs: Callable[[], Iterable[Output]] = tuple
    is_here: Callable[[Output], bool] = lambda output: False
    """Says of an output that the store lacks whether it was brought to its place before."""
    lost: frozenset[str] = frozenset()
    """URLs outside of the run that tasks have put outputs at, and at which there is nothing."""


def find_undone(
    store: ObjectStore,
    run_url: str,
    plan: Plan,
    missing: Mapping[str, Missing],
    read_files: FilesReader,
    deliveries: Deliveries,
) -> tuple[Undone, ...]:
    """Return the tasks that have to run again though they have succeeded, in no order.

    Shapes: one HEAD a file that missing tasks need of others, or one LIST of the run's files where
    that takes far fewer calls. Outputs that wait to be fetched are looked at only where anything
    is lost.
    Errors: those of the store and of the reader.
    """
    search = _Search(store, run_url, plan, missing, read_files)
    search.gather()
    if not search.find_lost(deliveries.lost):
        return ()
    search.add_outputs(deliveries)
    return tuple(search.makers())


def with_undone(missing: Mapping[str, Missing], undone: Iterable[Undone]) -> Mapping[str, Missing]:
    """Return what is missing when these tasks count as not done."""
    found = dict(missing)
    for one in undone:
        part = found.get(one.array, Missing((), 0))
        found[one.array] = Missing(
            tuple(sorted({*part.bags, one.bag})), part.tasks + 1, part.done - {one.id}
        )
    return found


def record_undone(
    store: ObjectStore, run_url: str, number: int, undone: Iterable[Undone], *, now: float
) -> None:
    """Write, for one try, the records that take successes back.

    Shapes: one object a bag; written again it holds the same.
    Errors: those of the store.
    """
    bags: dict[tuple[str, int], list[Undone]] = {}
    for one in undone:
        bags.setdefault((one.array, one.bag), []).append(one)

    def write(key: tuple[str, int]) -> None:
        lines = (
            record_line(undone_record(one.id, one.bag, number, f"{one.file} is lost", now=now))
            for one in bags[key]
        )
        store.write(join_url(run_url, record_key(*key, number, 0)), b"".join(lines))

    for _ in map_parallel(write, bags):
        pass


class _Search:
    """One search through the plan of a run."""

    def __init__(
        self,
        store: ObjectStore,
        run_url: str,
        plan: Plan,
        missing: Mapping[str, Missing],
        read_files: FilesReader,
    ) -> None:
        self._store, self._run_url, self._missing = store, run_url, missing
        self._jobs = [job for job in plan.jobs if job.kind in ("compute", "stage-in")]
        self._files = plan.files
        self._folders = (*FILE_FOLDERS, PRIVATE_KEY) if plan.planned_in else FILE_FOLDERS
        self._read_files = read_files
        self._needed: set[str] = set()
        """Files that missing tasks read and do not make."""
        self._coming: set[str] = set()
        """Files that missing tasks make."""
        self._lost: set[str] = set()
        self._listed: frozenset[str] | None = None

    def gather(self) -> None:
        """Read what the missing tasks need, and what they make."""
        if all(self._is_all_missing(job) for job in self._jobs):
            return
        for job in self._jobs:
            part = self._missing.get(job.name)
            if part is not None:
                for task in self._read_files(job.name, part.bags):
                    if task.id not in part.done:
                        self._needed.update(task.inputs)
                        self._coming.update(task.outputs)
                        self._coming.update(task.elsewhere)
        self._needed -= self._coming

    def _is_all_missing(self, job: Job) -> bool:
        part = self._missing.get(job.name)
        return part is not None and len(part.bags) == job.size and not part.done

    def find_lost(self, known: frozenset[str]) -> bool:
        """Look which needed files are gone, besides those known to be; say whether any is."""
        if len(self._needed) > max(KEYS_A_PAGE, self._files // LISTED_MOST):
            self._lost = self._needed - self._there()
        else:
            names = sorted(self._needed)
            answers = zip(names, map_parallel(self._is_there, names), strict=True)
            self._lost = {name for name, there in answers if not there}
        self._lost |= known - self._coming
        return bool(self._lost)

    def _is_there(self, name: str) -> bool:
        try:
            self._store.head(join_url(self._run_url, name))
        except ObjectMissing:
            return False
        return True

    def _there(self) -> frozenset[str]:
        """Return the files that the run holds, from one LIST of each folder, asked for once."""
        if self._listed is None:
            self._listed = frozenset(
                url.removeprefix(f"{self._run_url}/")
                for folder in self._folders
                for url in list_urls(self._store, join_url(self._run_url, folder))
            )
        return self._listed

    def add_outputs(self, deliveries: Deliveries) -> None:
        """Add outputs that wait to be fetched, are gone, and were not fetched before."""
        known, ours = self._there() | self._coming, f"{self._run_url}/"

        def named(output: Output) -> tuple[str, bool]:
            return output.url.removeprefix(ours), deliveries.is_here(output)

        waiting = (
            output
            for output in deliveries.outputs()
            if output.to_fetch
            and output.url.startswith(ours)
            and output.url.removeprefix(ours) not in known
        )
        self._lost.update(name for name, is_here in map_parallel(named, waiting) if not is_here)

    def makers(self) -> Iterator[Undone]:
        """Go from the last task to the first; yield who made what is gone, and mark its inputs."""
        there = self._there()
        for job, task in self._backwards():
            file = self._lost_of(job, task)
            if file is not None:
                yield Undone(array=job.name, bag=task.bag, id=task.id, file=file)
                self._lost.update(set(task.inputs).difference(there, self._coming))

    def _backwards(self) -> Iterator[tuple[Job, TaskFiles]]:
        """Yield the tasks that have succeeded, readers of a file before who makes it."""
        for job in reversed(self._jobs):
            part = self._missing.get(job.name, Missing((), 0))
            again = frozenset(part.bags)
            tasks = self._read_files(job.name, range(job.size)) if self._lost else ()
            for bag, members in groupby(tasks, key=lambda task: task.bag):
                for task in reversed(tuple(members)):
                    if bag not in again or task.id in part.done:
                        yield job, task

    def _lost_of(self, job: Job, task: TaskFiles) -> str | None:
        """Return a file that the task has made and that is gone; None where there is none."""
        lost = self._lost.intersection((*task.outputs, *task.elsewhere))
        self._lost -= lost
        if lost and lost <= task.optional:
            lost &= self._made_by(job, task)
        return min(lost, default=None)

    def _made_by(self, job: Job, task: TaskFiles) -> frozenset[str]:
        """Return the files that the task has really made, as its record tells."""
        record = newest_records(self._store, self._run_url, job.name, task.bag).get(task.id)
        urls = () if record is None else (output.url for output in record.outputs)
        return frozenset(url.removeprefix(f"{self._run_url}/") for url in urls)

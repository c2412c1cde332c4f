"""All logs of an array, or of one child of it: in the store, and what only CloudWatch has.

Batch is asked for what the store cannot have: children that run, children that failed, and attempts
that are missing between others. Of an array that went well, and left every log, nobody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pegbatch.engine.logs.places import SubmittedArray, batch_logs, stored_logs
from pegbatch.errors import OutsideError
from pegbatch.model.logs import AttemptLog
from pegbatch.ports import JobService, JobState, ObjectStore

ASKED_FOR = ("STARTING", "RUNNING", "FAILED")
"""States of children that may have said something that is not in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBook:
    """Where the logs of one run are."""

    store: ObjectStore
    jobs: Callable[[], JobService]
    """Connects to Batch when it is called, which many looks do not need."""
    run_url: str
    submissions: Mapping[str, Sequence[SubmittedArray]]
    """By array, oldest first."""
    on_note: Callable[[str], None]

    def of_array(self, array: str) -> list[AttemptLog]:
        """Return the logs of all children, by bag, try and attempt."""
        stored = stored_logs(self.store, self.run_url, array)
        found = {(log.bag, *log.key): log for log in stored}
        for one in self.submissions.get(array, ()):
            of_try = [log for log in stored if log.number == one.number]
            for log in self._attempted(partial(self._missing, one, of_try)):
                found.setdefault((log.bag, *log.key), log)
        return [found[key] for key in sorted(found)]

    def of_child(self, array: str, bag: int) -> list[AttemptLog]:
        """Return the logs of one child, by try and attempt."""
        listed = stored_logs(self.store, self.run_url, array)
        stored = [log for log in listed if log.bag == bag]
        found = {log.key: log for log in stored}
        for one in self.submissions.get(array, ()):
            of_try = [log for log in stored if log.number == one.number]
            child = one.child_id(bag)
            if child is None or (of_try and one.status == "SUCCEEDED" and not _gaps(of_try)):
                continue
            for log in self._attempted(partial(self._described, one, [child])):
                found.setdefault(log.key, log)
        return [found[key] for key in sorted(found)]

    def _missing(self, one: SubmittedArray, stored: Sequence[AttemptLog]) -> Iterator[AttemptLog]:
        """Yield what Batch knows of the children whose logs are not all in the store."""
        ids = {child for bag in _gaps(stored) if (child := one.child_id(bag)) is not None}
        if one.status != "SUCCEEDED":
            ids.update(self._suspects(one))
        yield from self._described(one, sorted(ids))

    def _suspects(self, one: SubmittedArray) -> Iterator[str]:
        """Yield the children that have started and may not have put their last log."""
        if one.job.size == 1:
            yield one.job_id
            return
        for status in ASKED_FOR:
            for child in self.jobs().children(one.job_id, status):
                # What failed with what it waited for has never said anything.
                if child.started is not None or child.log_stream or status == "STARTING":
                    yield child.job_id

    def _described(self, one: SubmittedArray, ids: Sequence[str]) -> Iterator[AttemptLog]:
        if ids:
            known = self.jobs().describe(ids)
            for child in ids:
                if child in known:
                    yield from batch_logs(one, one.bag_of(child), known[child])

    def _attempted(self, look: Callable[[], Iterable[AttemptLog]]) -> list[AttemptLog]:
        """Look, and go on without where Batch cannot be asked: the store has the most."""
        try:
            return list(look())
        except OutsideError as error:
            self.on_note(f"only what is in the store is shown: {error.problems[0].message}")
            return []


def _gaps(logs: Iterable[AttemptLog]) -> set[int]:
    """Return the bags of which an attempt is missing before one that is there.

    Shapes: logs of one try.
    """
    counts: dict[int, int] = {}
    newest: dict[int, int] = {}
    for log in logs:
        counts[log.bag] = counts.get(log.bag, 0) + 1
        newest[log.bag] = max(newest.get(log.bag, 0), log.attempt)
    return {bag for bag, count in counts.items() if count < newest[bag]}


def is_over(job: JobState) -> bool:
    """Tell whether a job or child will not be started again."""
    return job.status in ("SUCCEEDED", "FAILED")

"""The last words of a task that are in no log: its streams were files, or the log was lost.

The worker keeps the end of both streams in the record of each execution.
"""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.engine.history.past_records import read_records
from pegbatch.engine.listing import list_urls
from pegbatch.model.layout import join_url, records_folder
from pegbatch.model.logs import AttemptLog, LoggedTask
from pegbatch.model.records import TaskRecord
from pegbatch.ports import ObjectStore


def task_records(store: ObjectStore, run_url: str, task: LoggedTask) -> list[TaskRecord]:
    """Return the records of a task that children wrote, oldest first; one LIST and its files."""
    folder = join_url(run_url, records_folder(task.array, task.bag))
    found = read_records(store, list_urls(store, folder))
    return [record for record in found if record.id == task.id and record.attempt > 0]


def file_tails(task: LoggedTask, record: TaskRecord) -> Iterator[bytes]:
    """Yield the end of each stream that went to a file, of a task that did not succeed.

    Its outputs were not put then, so that these are all that is left of the file.
    """
    if record.state == "succeeded":
        return
    streams = (
        ("stdout", task.stdout, record.stdout_tail),
        ("stderr", task.stderr, record.stderr_tail),
    )
    for name, lfn, tail in streams:
        if lfn is not None and tail:
            yield from _tail(f"the end of {name}, which went to the file {lfn}", tail)


def last_words(record: TaskRecord) -> Iterator[bytes]:
    """Yield the end of both streams, where the log itself is lost."""
    yield _line(f"task {record.id} {record.state}: {record.reason}".rstrip(": "))
    for name, tail in (("stdout", record.stdout_tail), ("stderr", record.stderr_tail)):
        if tail:
            yield from _tail(f"the end of {name}", tail)


def record_log(task: LoggedTask, record: TaskRecord) -> AttemptLog:
    """Return the log that a record stands in for."""
    return AttemptLog(array=task.array, bag=task.bag, number=record.try_, attempt=record.attempt)


def _tail(title: str, tail: str) -> Iterator[bytes]:
    yield _line(title)
    yield tail.encode("utf-8", "replace").removesuffix(b"\n") + b"\n"


def _line(text: str) -> bytes:
    return f"=== {text}\n".encode("utf-8", "replace")

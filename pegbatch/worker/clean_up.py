"""Clean up: delete files of the run that no task can need any more, and never fail for it.

The job starts when every child that uses one of its files has ended. A child that ended with a task
failed or skipped has left a failure mark; the files of such tasks are kept for a later try. So one
listing of the marks, and the bags that they point at, are all that has to be read.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pegbatch.errors import PegbatchError
from pegbatch.model.manifest import TaskLine
from pegbatch.model.records import settle
from pegbatch.ports import ObjectStore
from pegbatch.worker.bag import read_rows, read_tasks
from pegbatch.worker.child import Child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.history import read_records
from pegbatch.worker.marks import BagMark, list_marks
from pegbatch.worker.stop import Stop, Stopped

MARKS_MAX = 1_000
"""More bags with failures than this are not gone through: everything stays."""
DELETIONS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class CleanUpDoors:
    """What a clean-up child needs."""

    store: ObjectStore
    pool: Executor
    stop: Stop
    log: ChildLog


def clean_up(child: Child, doors: CleanUpDoors) -> None:
    """Delete what the child's bag names, but for the files of tasks that have not succeeded.

    Errors: none; what went wrong is told in the log, and the files stay.
    """
    try:
        _clean_up(child, doors)
    except Stopped:
        doors.log.say("told to end; what is not deleted stays")
    except PegbatchError as error:
        doors.log.say(f"what is not deleted stays: {error}")
    except Exception as error:
        doors.log.say("".join(traceback.format_exception(error)))
        doors.log.say("this is a bug in pegbatch; what is not deleted stays")


def _clean_up(child: Child, doors: CleanUpDoors) -> None:
    rows = list(read_rows(doors.store, child.run_url, child.array, child.index))
    arrays = {array for row in rows for array in row["after"]}
    marks = [mark for mark in list_marks(doors.store, child.run_url) if mark.array in arrays]
    if len(marks) > MARKS_MAX:
        doors.log.say(f"{len(marks)} bags with failures: nothing is deleted")
        return
    futures = [doors.pool.submit(_files_to_keep, child, doors.store, mark) for mark in marks]
    kept = {url for future in futures for url in doors.stop.wait_for(future)}
    files = [child.url(url) for row in rows for url in row["delete"]]
    unwanted = [url for url in files if url not in kept]
    doors.log.say(
        f"clean-up {child.array}: deleting {len(unwanted)} files, keeping"
        f" {len(files) - len(unwanted)} of tasks that have not succeeded"
    )
    _delete(doors, unwanted)


def _files_to_keep(child: Child, store: ObjectStore, mark: BagMark) -> list[str]:
    """Return all URLs of the tasks of a marked bag that have no success on record."""
    records = settle(read_records(store, child.run_url, mark.array, mark.bag))
    tasks = read_tasks(store, child.run_url, mark.array, mark.bag)
    return [
        child.url(url)
        for task in tasks
        if task.id not in records or records[task.id].state != "succeeded"
        for url in _urls(task)
    ]


def _urls(task: TaskLine) -> Iterator[str]:
    nested = task.sub_workflow
    others = (*nested.inputs, *nested.outputs) if nested is not None else ()
    for use in (*task.inputs, *task.outputs, *task.checkpoints, *others):
        yield use.url


def _delete(doors: CleanUpDoors, urls: Sequence[str]) -> None:
    doors.stop.check()
    futures = [
        doors.pool.submit(doors.store.delete, urls[first : first + DELETIONS_AT_ONCE])
        for first in range(0, len(urls), DELETIONS_AT_ONCE)
    ]
    for future in futures:
        doors.stop.wait_for(future)

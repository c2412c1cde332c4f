"""The bag lines of a submit directory, one after another (docs/formats.md, "Bag line")."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import orjson

from pegbatch.adapters.plan_files import RESTORE_HINT
from pegbatch.errors import InputError
from pegbatch.model.history import PlannedTask
from pegbatch.model.layout import bags_file
from pegbatch.model.plan import Job

Taken = TypeVar("Taken")


@contextmanager
def file_of_plan(path: Path) -> Iterator[None]:
    """Say of a file of the plan, while it is read, that it is missing or damaged.

    Errors: InputError.
    """
    try:
        yield
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(path, str(error)) from error
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise _damaged(path, f"it has a line that is no task: {error!r}") from error


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"this file of the plan is missing or damaged: {why}", where=str(path), hint=RESTORE_HINT
    )


def rows_in(path: Path, take: Callable[[dict[str, Any]], Taken]) -> Iterator[Taken]:
    """Yield what is taken of each line of a packed file, unpacked as they are drawn.

    Errors: InputError where the file is missing or damaged, or nothing can be taken of a line.
    """
    with file_of_plan(path), gzip.open(path) as stream:
        for line in stream:
            yield take(orjson.loads(line))


def bag_rows(
    folder: Path, jobs: Iterable[Job], take: Callable[[Job, Mapping[str, Any]], Taken]
) -> Iterator[Taken]:
    """Yield what is taken of each task of the compute arrays among these jobs, in their order.

    Errors: as rows_in.
    """
    for job in jobs:
        if job.kind == "compute":
            yield from rows_in(folder / bags_file(job.name), partial(take, job))


def read_planned_tasks(folder: Path, jobs: Iterable[Job]) -> dict[str, PlannedTask]:
    """Return the tasks of a plan by id, in plan order; those of its compute arrays.

    Errors: InputError where files of the plan are missing or damaged.
    """
    return {task.id: task for task in bag_rows(folder, jobs, _task_of)}


def _task_of(job: Job, row: Mapping[str, Any]) -> PlannedTask:
    return PlannedTask(
        id=str(row["id"]),
        # A million tasks share a handful of these.
        transformation=sys.intern(row["transformation"]),
        array=job.name,
        bag=int(row["bag"]),
        cluster=sys.intern(row.get("cluster", "")),
        cores=row.get("cores"),
        runtime_seconds=row.get("runtime_seconds"),
    )

"""The tasks of a submit directory with their files and commands, as a trace tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pegbatch.adapters.bag_rows import bag_rows, rows_in
from pegbatch.model.file_keys import name_in_run
from pegbatch.model.layout import UPLOADS_FILE
from pegbatch.model.manifest import uses_of_line
from pegbatch.model.plan import Job
from pegbatch.model.trace import TracedTask


def traced_tasks(folder: Path, jobs: Iterable[Job]) -> Iterator[TracedTask]:
    """Yield the tasks of the compute arrays in plan order, read as they are drawn.

    Errors: InputError where files of the plan are missing or damaged.
    """
    return bag_rows(folder, jobs, _traced)


def _traced(_: Job, row: Mapping[str, Any]) -> TracedTask:
    return TracedTask(
        id=row["id"],
        transformation=row["name"],
        argv=tuple(row["argv"]),
        inputs=tuple(map(_name, uses_of_line(row, "inputs"))),
        outputs=tuple(map(_name, uses_of_line(row, "outputs"))),
    )


def _name(use: Mapping[str, Any]) -> str:
    return name_in_run(use["lfn"], use["url"])


def upload_sizes(folder: Path, jobs: Iterable[Job]) -> dict[str, int]:
    """Return the sizes of what the client has sent, by the LFN that tasks know it by.

    Errors: InputError where files of the plan are missing or damaged.
    """
    sent = dict(rows_in(folder / UPLOADS_FILE, lambda row: (row["url"], row["size_bytes"])))
    if not sent:
        return {}

    def known(_: Job, row: Mapping[str, Any]) -> list[tuple[str, int]]:
        return [(use["lfn"], sent[use["url"]]) for use in row["inputs"] if use["url"] in sent]

    return {lfn: size for found in bag_rows(folder, jobs, known) for lfn, size in found}

"""The tasks of a submit directory with their files and commands, as a trace tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from pegbatch.adapters.bag_rows import bag_rows, rows_in
from pegbatch.model.file_keys import name_in_run
from pegbatch.model.layout import UPLOADS_FILE
from pegbatch.model.manifest import uses_of_line
from pegbatch.model.plan import Job
from pegbatch.model.trace import TracedTask

FileNamer: TypeAlias = Callable[[str, str], str]
"""What a file of an LFN at a URL, as bag lines have both, is called among all of a run."""


def traced_tasks(
    folder: Path, jobs: Iterable[Job], name: FileNamer = name_in_run
) -> Iterator[TracedTask]:
    """Yield the tasks of the compute arrays in plan order, read as they are drawn.

    Errors: InputError where files of the plan are missing or damaged.
    """
    return bag_rows(folder, jobs, partial(_traced, name))


def _traced(name: FileNamer, _: Job, row: Mapping[str, Any]) -> TracedTask:
    return TracedTask(
        id=row["id"],
        transformation=row["name"],
        argv=tuple(row["argv"]),
        inputs=tuple(name(use["lfn"], use["url"]) for use in uses_of_line(row, "inputs")),
        outputs=tuple(name(use["lfn"], use["url"]) for use in uses_of_line(row, "outputs")),
    )


def shared_lfns(folder: Path, jobs: Iterable[Job]) -> frozenset[str]:
    """Return the LFNs that several files of a plan have: sub-workflows may share a name.

    Errors: InputError where files of the plan are missing or damaged.
    """
    first: dict[str, str] = {}
    found = set()
    for places in bag_rows(folder, jobs, _places):
        for lfn, url in places:
            if first.setdefault(lfn, url) != url:
                found.add(lfn)
    return frozenset(found)


def _places(_: Job, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    uses = (*uses_of_line(row, "inputs"), *uses_of_line(row, "outputs"))
    return [(use["lfn"], use["url"]) for use in uses]


def upload_sizes(
    folder: Path, jobs: Iterable[Job], name: FileNamer = name_in_run
) -> dict[str, int]:
    """Return the sizes of what the client has sent, by the names that files go by.

    Errors: InputError where files of the plan are missing or damaged.
    """
    sent = dict(rows_in(folder / UPLOADS_FILE, lambda row: (row["url"], row["size_bytes"])))
    if not sent:
        return {}

    def known(_: Job, row: Mapping[str, Any]) -> list[tuple[str, int]]:
        return [
            (name(use["lfn"], use["url"]), sent[use["url"]])
            for use in row["inputs"]
            if use["url"] in sent
        ]

    return dict(pair for found in bag_rows(folder, jobs, known) for pair in found)

"""Who makes which file: a look through the bags of a submit directory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pegbatch.adapters.bag_rows import rows_in
from pegbatch.model.layout import bags_file
from pegbatch.model.plan import Job


class Maker(NamedTuple):
    """The task, or transfer, that makes a file."""

    array: str
    bag: int
    id: str


def find_makers(folder: Path, jobs: Iterable[Job], lfns: Collection[str]) -> Mapping[str, Maker]:
    """Return who makes these files, of those that somebody makes.

    Shapes: one pass through the bags that may hold a maker; none where no file is asked for.
    Errors: InputError where files of the plan are missing or damaged.
    """
    wanted, found = frozenset(lfns), dict[str, Maker]()
    for job in jobs if wanted else ():
        if job.kind in ("compute", "stage-in"):
            for bag, id_, made in rows_in(folder / bags_file(job.name), _made):
                found.update((lfn, Maker(job.name, bag, id_)) for lfn in made if lfn in wanted)
        if len(found) == len(wanted):
            break
    return found


def _made(row: Mapping[str, Any]) -> tuple[int, str, list[str]]:
    return row["bag"], row["id"], [use["lfn"] for use in row["outputs"]]

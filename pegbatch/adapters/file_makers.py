"""Who makes which file: a look through the bags of a submit directory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pegbatch.adapters.bag_rows import rows_in
from pegbatch.model.layout import PRIVATE_KEY, bags_file, join_url
from pegbatch.model.manifest import uses_of_line
from pegbatch.model.plan import Job


class Maker(NamedTuple):
    """The task, or transfer, that makes a file."""

    array: str
    bag: int
    id: str


def told_name(lfn: str, url: str, run_url: str) -> str:
    """Return how a record tells a file that is not there: by its name, and where that is one of a
    sub-workflow's own, which others may have, too, also by where it lies.
    """
    is_private = url.startswith(f"{PRIVATE_KEY}/")
    return f"{lfn}: {join_url(run_url, url)}" if is_private else lfn


def find_makers(
    folder: Path, jobs: Iterable[Job], names: Collection[str], run_url: str
) -> Mapping[str, Maker]:
    """Return who makes these files, of those that somebody makes.

    Shapes: files by `told_name`; one pass through the bags that may hold a maker; none where no
    file is asked for.
    Errors: InputError where files of the plan are missing or damaged.
    """
    wanted, found = frozenset(names), dict[str, Maker]()
    for job in jobs if wanted else ():
        if job.kind in ("compute", "stage-in"):
            for bag, id_, made in rows_in(folder / bags_file(job.name), _made):
                told = (told_name(lfn, url, run_url) for lfn, url in made)
                found.update((name, Maker(job.name, bag, id_)) for name in told if name in wanted)
        if len(found) == len(wanted):
            break
    return found


def _made(row: Mapping[str, Any]) -> tuple[int, str, list[tuple[str, str]]]:
    return row["bag"], row["id"], [(use["lfn"], use["url"]) for use in uses_of_line(row, "outputs")]

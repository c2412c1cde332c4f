"""Whether the files of a plan are all there and whole, before anything of it is submitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pegbatch.errors import InputError, Problem
from pegbatch.model.layout import (
    OUTPUTS_FILE,
    UPLOADS_FILE,
    VERDICT_FILE,
    bags_file,
    index_file,
)
from pegbatch.model.manifest import INDEX_LINE_BYTES, parse_index_line
from pegbatch.model.plan import Job, Plan

WITH_BAGS = frozenset({"compute", "stage-in", "clean-up"})
RESTORE_HINT = "restore the submit directory from a copy, or plan the workflow again"


def check_plan_files(folder: Path, plan: Plan) -> None:
    """Refuse a plan of which something is missing or cut off.

    Shapes: looks at sizes and at the last line of each index; bags are not unpacked.
    Errors: InputError naming every such file.
    """
    problems = [
        Problem(what, str(folder / name), RESTORE_HINT) for name, what in _defects(folder, plan)
    ]
    if problems:
        raise InputError(problems=problems)


def _defects(folder: Path, plan: Plan) -> Iterator[tuple[str, str]]:
    for name in (VERDICT_FILE, UPLOADS_FILE, OUTPUTS_FILE):
        if not (folder / name).is_file():
            yield name, "this file of the plan is missing"
    for job in plan.jobs:
        if job.kind in WITH_BAGS:
            yield from _array_defects(folder, job)


def _array_defects(folder: Path, job: Job) -> Iterator[tuple[str, str]]:
    names = (bags_file(job.name), index_file(job.name))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        yield from ((name, "this file of the plan is missing") for name in missing)
        return
    bags, index = names
    end = _end_of_bags(folder / index, job.size)
    if end is None:
        yield index, f"this file of the plan is damaged: it has not {job.size:,} lines"
    elif (folder / bags).stat().st_size != end:
        yield bags, f"this file of the plan is damaged: it has not {end:,} bytes"


def _end_of_bags(index: Path, size: int) -> int | None:
    """Return where the last bag ends; None where the index is not one of so many lines."""
    if index.stat().st_size != size * INDEX_LINE_BYTES:
        return None
    with index.open("rb") as file:
        file.seek(-INDEX_LINE_BYTES, 2)
        try:
            last = parse_index_line(file.read())
        except ValueError:
            return None
    return last.offset + last.length

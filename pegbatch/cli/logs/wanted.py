"""Which log a word asks for: a task's, a child's, or those of an array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pegbatch.adapters.found_tasks import FoundTask, find_task, similar_tasks
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.looking.status import all_jobs
from pegbatch.errors import InputError
from pegbatch.model.logs import LoggedTask
from pegbatch.model.plan import Job
from pegbatch.model.sub_workflows import refuse_planned_in

_CHILD = re.compile(r"(?P<array>.+):(?P<bag>[0-9]{1,9})", re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class WantedArray:
    """All children of an array."""

    array: str


@dataclass(frozen=True, slots=True)
class WantedChild:
    """One child of an array, by its bag."""

    array: str
    bag: int


Wanted: TypeAlias = WantedArray | WantedChild | LoggedTask


def find_wanted(run: OpenRun, word: str) -> Wanted:
    """Return what a word names: an array, `ARRAY:BAG`, or a task, looked for in this order.

    Shapes: an array of one child is that child.
    Errors: InputError where there is no such thing, with what looks like it.
    """
    jobs = {job.name: job for job in all_jobs(run.plan, run.state())}
    if word in jobs:
        return WantedChild(word, 0) if jobs[word].size == 1 else WantedArray(word)
    match = _CHILD(word)
    if match is not None and match["array"] in jobs:
        return _child(run, jobs[match["array"]], int(match["bag"]))
    arrays = [job.name for job in jobs.values() if job.kind in ("compute", "stage-in")]
    found = find_task(run.directory.path, arrays, word)
    if found is None:
        raise _unknown(run, word, list(jobs.values()), arrays)
    return _logged(found)


def _child(run: OpenRun, job: Job, bag: int) -> WantedChild:
    if bag >= job.size:
        raise InputError(
            f"{job.name} has no child {bag}",
            where=str(run.known_path),
            hint=f"its children are 0 to {job.size - 1:,}" if job.size > 1 else "it has one: 0",
        )
    return WantedChild(job.name, bag)


def _logged(found: FoundTask) -> LoggedTask:
    row = found.row
    return LoggedTask(
        id=row["id"],
        transformation=row["transformation"],
        array=found.array,
        bag=row["bag"],
        beside_others=any("cores" in one for one in found.bag_rows),
        stdout=row.get("stdout"),
        stderr=row.get("stderr"),
        bag_fellows=tuple((one["id"], one["transformation"]) for one in found.bag_rows),
    )


def _unknown(run: OpenRun, word: str, jobs: list[Job], arrays: list[str]) -> InputError:
    refuse_planned_in(word, run.plan.planned_in, str(run.known_path))
    running = [job.name for job in jobs if word in _names(job)]
    if running:
        shown = ", ".join(running[:3]) + (", …" if len(running) > 3 else "")
        message = f"{word} is a transformation; its tasks run in {shown}"
        hint = f"name a task, or an array, or a child of one: {running[0]}:0"
        return InputError(message, where=str(run.known_path), hint=hint)
    close = [job.name for job in jobs if word.lower() in job.name.lower()][:2]
    close += similar_tasks(run.directory.path, arrays, word)
    hint = f"did you mean {' or '.join(close)}?" if close else "`pegbatch logs` lists the arrays"
    message = f"there is no task, array or child {word!r}"
    return InputError(message, where=str(run.known_path), hint=hint)


def _names(job: Job) -> Iterator[str]:
    """Yield what the transformations of an array may be called: `ns::name:version`, `name`."""
    for whole in job.transformations:
        yield whole
        yield whole.rpartition("::")[2].partition(":")[0]

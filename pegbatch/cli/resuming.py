"""Resume: the next try of a run that has ended without succeeding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from pegbatch.adapters.delivery import delivered_size
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.complaints import Complaints, remove_damaged
from pegbatch.engine.context import Context
from pegbatch.engine.findings import list_failures
from pegbatch.engine.missing import Known, find_missing
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState
from pegbatch.engine.suspects import find_suspects
from pegbatch.engine.undone import Deliveries, Undone, find_undone, record_undone, with_undone
from pegbatch.engine.uploads import Awaited, UploadItem, look_up_inputs
from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import WORKER_KEY, index_file, join_url, plan_key, try_file
from pegbatch.model.manifest import INDEX_LINE_BYTES
from pegbatch.model.plan import Plan
from pegbatch.model.tries import Try, try_to_json
from pegbatch.planner.remainder import remainder
from pegbatch.ports import JobService, ObjectStore

FILES_SHOWN = 3
"""Lost files that are named; more are counted."""


@dataclass(frozen=True, slots=True)
class FoundTry:
    """What the next try of a run is."""

    next_try: Try
    undone: tuple[Undone, ...]
    """Tasks whose success it takes back, since a file that they made is lost."""


def _only_look(complaints: Complaints) -> None:
    """Leave everything as it is."""


def begin_next_try(run: OpenRun, context: Context) -> None:
    """Find out what is missing, keep that as the next try, and begin it; the caller has the lock.

    A process that is killed on the way leaves the run as it was, or in the new try.
    """
    state, store = context.state, context.ports.store

    def mend(complaints: Complaints) -> None:
        for url in remove_damaged(store, complaints.urls(run.plan.staging_url)):
            say(f"pegbatch: damaged in the store, and brought or made again: {url}")

    found = find_next_try(run, store, state, jobs=context.ports.jobs, mend=mend)
    next_try = found.next_try
    record_undone(store, state.run_url, next_try.number, found.undone, now=run.clock.now())
    run.directory.write_try(next_try)
    say_resume(run.plan, found)
    body = {
        "try": next_try.number,
        "run_url": state.run_url,
        "service": state.service,
        "job_prefix": state.job_prefix,
        **({"wire": True} if state.wire else {}),
    }
    context.journal.put("run-started", **body)


def find_next_try(
    run: OpenRun,
    store: ObjectStore,
    state: RunState,
    *,
    jobs: JobService | None = None,
    mend: Callable[[Complaints], None] = _only_look,
) -> FoundTry:
    """Return what the next try submits: what has no success on record, and what waits for it.

    Shapes: jobs, where given, may be asked which children have failed. mend is told what tasks
    without a success say of files, before these are looked for.
    """
    known = _known(run.plan, store, state, jobs)
    complaints = Complaints(state.run_url)
    missing = find_missing(
        store,
        state.run_url,
        run.plan,
        run.directory.bag_ids,
        failures=list_failures(store, state.run_url),
        known=known,
        hear=complaints.hear,
    )
    mend(complaints)
    deliveries = Deliveries(
        outputs=lambda: run.directory.outputs(state.run_url),
        is_here=lambda output: delivered_size(store, output) is not None,
        lost=frozenset() if run.host is None else absent_urls(store, run.host.wanted),
    )
    read_files = run.directory.task_files
    undone = find_undone(store, state.run_url, run.plan, missing, read_files, deliveries)
    all_missing = with_undone(missing, undone)
    next_try = remainder(run.plan, all_missing, state.number + 1, succeeded=known.succeeded)
    return FoundTry(next_try, undone)


def absent_urls(store: ObjectStore, urls: Iterable[str]) -> frozenset[str]:
    """Return those at which there is nothing."""
    wanted = tuple(urls)

    def is_there(url: str) -> bool:
        try:
            store.head(url)
        except ObjectMissing:
            return False
        return True

    answers = zip(wanted, map_parallel(is_there, wanted), strict=True)
    return frozenset(url for url, there in answers if not there)


def say_resume(plan: Plan, found: FoundTry) -> None:
    """Say what is run again, and what of it for files that are gone."""
    say(f"pegbatch: {resume_text(plan, found.next_try)}")
    files = sorted({one.file for one in found.undone})
    if files:
        shown = ", ".join(files[:FILES_SHOWN])
        more = f" and {len(files) - FILES_SHOWN:,} more" if len(files) > FILES_SHOWN else ""
        tasks = "1 task is" if len(found.undone) == 1 else f"{len(found.undone):,} tasks are"
        say(f"pegbatch: lost, though made before: {shown}{more}; {tasks} undone for that")


def resume_text(plan: Plan, next_try: Try) -> str:
    """Return the line that says what is run again."""
    arrays = [job for job in plan.jobs if job.kind == "compute"]
    again = [job for job in next_try.jobs if job.kind == "compute"]
    tasks = sum(job.tasks for job in again)
    if not tasks:
        return f"resuming: none of {plan.tasks:,} tasks is missing; what follows them is done again"
    verb = "task is" if plan.tasks == 1 else "tasks are"
    return (
        f"resuming: {tasks:,} of {plan.tasks:,} {verb} missing, "
        f"in {len(again):,} of {len(arrays):,} {'array' if len(arrays) == 1 else 'arrays'}"
    )


def _known(plan: Plan, store: ObjectStore, state: RunState, jobs: JobService | None) -> Known:
    """Return what log and Batch know; nothing where the run's objects are lost (--wire)."""
    try:
        store.head(join_url(state.run_url, WORKER_KEY))
    except ObjectMissing:
        return Known(number=state.number)
    arrays = {**state.carried, **state.arrays}.values()
    return Known(
        succeeded=frozenset(array.name for array in arrays if array.status == "SUCCEEDED"),
        number=state.number,
        suspects=find_suspects(plan, state, jobs),
    )


def absent_items(store: ObjectStore, items: Iterable[UploadItem]) -> Iterator[UploadItem]:
    """Yield what the next try has to send of what earlier tries sent already."""

    def is_absent(awaited: Awaited) -> bool:
        item = awaited.item
        if awaited.listed is not None:
            return False
        try:
            store.head(item.url)
        except ObjectMissing:
            return True
        return not item.again

    looked_up = tuple(look_up_inputs(store, items))
    for awaited, absent in zip(looked_up, map_parallel(is_absent, looked_up), strict=True):
        if absent:
            yield awaited.item


def new_files(run: OpenRun, state: RunState, next_try: Try) -> Iterator[dict[str, Any]]:
    """Yield, as a dry run tells them, the files that the next try would write and send."""
    sizes = {try_file(next_try.number): len(orjson.dumps(try_to_json(next_try)))}
    for job in next_try.jobs:
        if job.name in next_try.bags:
            name = index_file(next_try.array(job))
            sizes[name] = INDEX_LINE_BYTES * len(next_try.bags[job.name])
    for name, size_bytes in sizes.items():
        url = join_url(state.run_url, plan_key(name))
        yield {"source": str(run.directory.path / name), "url": url, "size_bytes": size_bytes}

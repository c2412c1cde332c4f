"""The verdict: what became of the whole run, as `summary.json` and as an exit code.

Tasks are counted from the failure marks; records are read only where marks point at them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pegbatch.errors import StoreError
from pegbatch.model import layout
from pegbatch.model.records import TaskRecord, settle
from pegbatch.model.run_status import (
    FAILURES_SHOWN,
    ArrayStatus,
    Failure,
    RunStatus,
    TaskCounts,
    summary_to_json,
)
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child
from pegbatch.worker.history import read_records

EXIT_FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A bag in which tasks failed or were skipped, in the newest try that says so."""

    array: str
    bag: int
    try_: int
    failed: int
    skipped: int


def read_marks(store: ObjectStore, run_url: str) -> tuple[Mark, ...]:
    """Return the failure mark that counts for each bag, in the order of arrays' names and bags.

    Errors: those of the store.
    """
    newest: dict[tuple[str, int], Mark] = {}
    for info in store.list(layout.join_url(run_url, layout.FAILURES_KEY)):
        parts = layout.parse_failure_key(info.url)
        if parts is None:
            continue
        array, bag, number, failed, skipped = parts
        before = newest.get((array, bag))
        if before is None or before.try_ <= number:
            newest[array, bag] = Mark(
                array=array, bag=bag, try_=number, failed=failed, skipped=skipped
            )
    return tuple(newest[key] for key in sorted(newest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a run."""

    status: RunStatus
    marks: tuple[Mark, ...]
    """Those in force."""
    failures: tuple[Failure, ...]
    """The first FAILURES_SHOWN."""


def judge(store: ObjectStore, child: Child) -> Verdict:
    """Return what became of the run.

    Errors: those of the store; StoreError where `verdict.json` is not ours.
    """
    expected = _read_expected(store, child)
    marks = tuple(_in_force(store, child, read_marks(store, child.run_url)))
    names = {array["name"] for array in expected["arrays"]}
    # Marks of other arrays (stage-in) fail the run too, but what they count is no task.
    failed = sum(mark.failed for mark in marks if mark.array in names)
    skipped = sum(mark.skipped for mark in marks if mark.array in names)
    total = expected["tasks"]
    return Verdict(
        status=RunStatus(
            run=child.run_url,
            workflow=expected["workflow"],
            service=child.service,
            state="failed" if marks else "succeeded",
            tasks=TaskCounts(
                total=total, succeeded=total - failed - skipped, failed=failed, skipped=skipped
            ),
            arrays=tuple(_array(array) for array in expected["arrays"]),
            outputs=expected["outputs"],
            seconds=0.0 if child.run_started is None else time.time() - child.run_started,
        ),
        marks=marks,
        failures=tuple(islice(_failures(store, child, expected, marks), FAILURES_SHOWN)),
    )


def give_verdict(store: ObjectStore, child: Child) -> tuple[int, str]:
    """Write `summary.json`; return the exit code and the summary as text.

    Errors: those of the store.
    """
    verdict = judge(store, child)
    summary = summary_to_json(verdict.status, verdict.failures)
    text = json.dumps(summary, indent=1, ensure_ascii=False) + "\n"
    store.write(child.url(layout.SUMMARY_KEY), text.encode())
    return (EXIT_FAILED if verdict.marks else 0), describe(verdict)


def describe(verdict: Verdict) -> str:
    """Return the verdict for a reader of the log."""
    status, tasks = verdict.status, verdict.status.tasks
    lines = [
        f"workflow {status.workflow} {status.state}: {tasks.succeeded} of"
        f" {tasks.total} tasks succeeded, {tasks.failed} failed, {tasks.skipped} skipped"
    ]
    for array in status.arrays:
        own = [mark for mark in verdict.marks if mark.array == array.name]
        if own:
            failed, skipped = sum(m.failed for m in own), sum(m.skipped for m in own)
            lines.append(f"  {array.name}: {failed} failed and {skipped} skipped")
    for failure in verdict.failures:
        lines.append(
            f"  {failure.state} {failure.id} ({failure.array}, bag {failure.bag}): {failure.reason}"
        )
        lines.extend(f"    | {line}" for line in failure.stderr_tail.splitlines()[-5:])
    shown, all_of_them = len(verdict.failures), tasks.failed + tasks.skipped
    if shown < all_of_them:
        lines.append(f"  … and {all_of_them - shown} more")
    return "\n".join(lines)


def _read_expected(store: ObjectStore, child: Child) -> dict[str, Any]:
    url = child.url(layout.plan_key(layout.VERDICT_FILE))
    try:
        data: dict[str, Any] = json.loads(store.read(url))
        missing = {"workflow", "tasks", "outputs", "arrays"} - data.keys()
    except (ValueError, AttributeError) as error:
        raise StoreError(f"not what a verdict counts by: {error}", where=url) from error
    if missing:
        raise StoreError(f"no {', '.join(sorted(missing))}", where=url)
    return data


def _in_force(store: ObjectStore, child: Child, marks: Iterable[Mark]) -> Iterator[Mark]:
    """Yield the marks that still hold.

    A mark of an earlier try does not if a later one has run the bag without leaving its own: then
    the records say what is left.
    """
    for mark in marks:
        if mark.try_ >= child.try_:
            yield mark
            continue
        records = settle(read_records(store, child.run_url, mark.array, mark.bag)).values()
        failed = sum(record.state == "failed" for record in records)
        skipped = sum(record.state == "skipped" for record in records)
        if failed or skipped:
            yield Mark(
                array=mark.array, bag=mark.bag, try_=mark.try_, failed=failed, skipped=skipped
            )


def _array(array: Mapping[str, Any]) -> ArrayStatus:
    """Return the status of an array that the verdict waited for: all its children have ended well.

    Batch starts the verdict only then; tasks that failed are told by marks.
    """
    return ArrayStatus(
        name=array["name"],
        job_id=None,
        state="SUCCEEDED",
        reason="",
        size=array["size"],
        children={"SUCCEEDED": array["size"]},
    )


def _failures(
    store: ObjectStore, child: Child, expected: Mapping[str, Any], marks: Iterable[Mark]
) -> Iterator[Failure]:
    """Yield failures in plan order, failed tasks of a bag before skipped ones."""
    order = {array["name"]: number for number, array in enumerate(expected["arrays"])}
    for mark in sorted(marks, key=lambda mark: (order.get(mark.array, -1), mark.bag)):
        records = settle(read_records(store, child.run_url, mark.array, mark.bag)).values()
        bad = [record for record in records if record.state != "succeeded"]
        for record in sorted(bad, key=lambda record: record.state != "failed"):
            yield _failure(mark.array, record)


def _failure(array: str, record: TaskRecord) -> Failure:
    return Failure(
        array=array,
        bag=record.bag,
        id=record.id,
        state=record.state,
        reason=record.reason,
        exit_code=record.exit_code,
        stderr_tail=record.stderr_tail,
    )

"""The verdict: what became of the whole run, as `summary.json` and as an exit code.

Tasks are counted from the failure marks; records are read only where marks point at them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pegbatch.errors import StoreError
from pegbatch.model import layout
from pegbatch.model.records import settle
from pegbatch.model.run_status import (
    FAILURES_SHOWN,
    ArrayStatus,
    Failure,
    RunStatus,
    TaskCounts,
    failure_of,
    summary_to_json,
)
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child
from pegbatch.worker.history import read_records
from pegbatch.worker.marks import BagMark, list_marks

EXIT_FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a run."""

    status: RunStatus
    marks: tuple[BagMark, ...]
    """Those in force."""
    failures: tuple[Failure, ...]
    """The first FAILURES_SHOWN."""


def judge(store: ObjectStore, child: Child, pool: Executor) -> Verdict:
    """Return what became of the run.

    Errors: those of the store; StoreError where `verdict.json` is not ours.
    """
    expected = _read_expected(store, child)
    marks = tuple(_in_force(store, child, pool, list_marks(store, child.run_url)))
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
            seconds=_since(child.run_started),
            number=child.try_,
        ),
        marks=marks,
        failures=tuple(islice(_failures(store, child, expected, marks), FAILURES_SHOWN)),
    )


def give_verdict(store: ObjectStore, child: Child, pool: Executor) -> tuple[int, str]:
    """Write `summary.json`; return the exit code and the summary as text.

    Errors: those of the store.
    """
    verdict = judge(store, child, pool)
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
        said = failure.stderr_tail if failure.stderr_tail.strip() else failure.stdout_tail
        lines.extend(f"    | {line}" for line in said.splitlines()[-5:])
    shown, all_of_them = len(verdict.failures), tasks.failed + tasks.skipped
    if shown < all_of_them:
        lines.append(f"  … and {all_of_them - shown} more")
    return "\n".join(lines)


def _since(started: float | None) -> float:
    """Return the seconds since a time of the client's clock, which ours may be behind."""
    return 0.0 if started is None else max(0.0, time.time() - started)


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


def _in_force(
    store: ObjectStore, child: Child, pool: Executor, marks: Iterable[BagMark]
) -> Iterator[BagMark]:
    """Yield the marks that still hold.

    A bag that a later try has done says so with a mark of its own. One that could not say it any
    more (its child was lost right then) has a mark of an earlier try: then its records tell.
    """

    def look_again(mark: BagMark) -> BagMark:
        if mark.try_ >= child.try_:
            return mark
        records = settle(read_records(store, child.run_url, mark.array, mark.bag)).values()
        failed = sum(record.state == "failed" for record in records)
        skipped = sum(record.state in ("skipped", "undone") for record in records)
        return replace(mark, failed=failed, skipped=skipped)

    return (mark for mark in pool.map(look_again, marks) if mark.failed or mark.skipped)


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
    store: ObjectStore, child: Child, expected: Mapping[str, Any], marks: Iterable[BagMark]
) -> Iterator[Failure]:
    """Yield failures in plan order, failed tasks of a bag before skipped ones."""
    order = {array["name"]: number for number, array in enumerate(expected["arrays"])}
    for mark in sorted(marks, key=lambda mark: (order.get(mark.array, -1), mark.bag)):
        records = settle(read_records(store, child.run_url, mark.array, mark.bag)).values()
        bad = [record for record in records if record.state != "succeeded"]
        for record in sorted(bad, key=lambda record: record.state != "failed"):
            yield failure_of(mark.array, mark.bag, record)

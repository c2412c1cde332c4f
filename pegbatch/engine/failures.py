"""The `failures` of a summary: the first tasks that failed or were skipped, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from pegbatch.engine.history.past_records import newest_records
from pegbatch.engine.lost import LostChild
from pegbatch.model.marks import Marks
from pegbatch.model.records import TaskRecord
from pegbatch.model.run_status import FAILURES_SHOWN, Failure, failure_of
from pegbatch.ports import ObjectStore

BAGS_MOST = 100
"""Marked bags that are looked at for failures to show: nearly each of them has one."""


def describe_failures(
    store: ObjectStore,
    run_url: str,
    marks: Marks,
    lost: Iterable[LostChild],
    order: Sequence[str],
) -> tuple[Failure, ...]:
    """Return at most FAILURES_SHOWN failures: lost children first, then marked bags in plan order.

    Shapes: order names the arrays of the plan; within a bag failed tasks come before skipped ones.
    """
    failed = (child for child in lost if child.state == "failed")
    rows = [
        Failure(
            array=child.array,
            bag=child.bag,
            id=None,
            state=child.state,
            reason=child.reason,
            exit_code=child.exit_code,
            stderr_tail="",
        )
        for child in islice(failed, FAILURES_SHOWN)
    ]
    rows.extend(islice(_marked(store, run_url, marks, order), FAILURES_SHOWN - len(rows)))
    return tuple(rows)


def _marked(
    store: ObjectStore, run_url: str, marks: Marks, order: Sequence[str]
) -> Iterator[Failure]:
    bags = ((array, bag) for array in order for bag in sorted(marks.get(array, ())))
    for array, bag in islice(bags, BAGS_MOST):
        records: Mapping[str, TaskRecord] = newest_records(store, run_url, array, bag)
        bad = [record for record in records.values() if record.state != "succeeded"]
        for record in sorted(bad, key=lambda record: record.state != "failed"):
            yield failure_of(array, bag, record)

"""Failure marks as the worker reads them: one LIST says which bags have anything to ask about."""

from __future__ import annotations

from dataclasses import dataclass

from pegbatch.model import layout
from pegbatch.model.marks import Marks, read_marks
from pegbatch.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class BagMark:
    """A bag in which tasks failed or were skipped, in the newest try that says so."""

    array: str
    bag: int
    try_: int
    failed: int
    skipped: int


def list_marks(store: ObjectStore, run_url: str) -> tuple[BagMark, ...]:
    """Return the failure mark that counts for each bag, in the order of arrays' names and bags.

    Errors: those of the store.
    """
    marks = _marks_below(store, layout.join_url(run_url, layout.FAILURES_KEY))
    return tuple(
        BagMark(array=array, bag=bag, try_=mark.number, failed=mark.failed, skipped=mark.skipped)
        for array, bags in sorted(marks.items())
        for bag, mark in sorted(bags.items())
    )


def marked_bags(store: ObjectStore, run_url: str, array: str) -> frozenset[int]:
    """Return the bags of one array that have a failure mark.

    Errors: those of the store.
    """
    folder = layout.join_url(run_url, layout.array_failures(array))
    return frozenset(_marks_below(store, folder).get(layout.base_array(array), ()))


def _marks_below(store: ObjectStore, folder: str) -> Marks:
    return read_marks(info.url for info in store.list(folder))

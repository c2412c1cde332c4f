"""The first failure of a try that goes on: mostly one page of a LIST, until there is one."""

from __future__ import annotations

from dataclasses import dataclass

from pegbatch.engine.history.past_records import newest_records
from pegbatch.engine.listing import list_urls
from pegbatch.engine.state import RunState
from pegbatch.model.layout import FAILURES_KEY, join_url, parse_failure_key
from pegbatch.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFailure:
    """What failed first, of what a look has found."""

    array: str
    bag: int | None = None
    """None: a child was lost, and nobody was asked which."""
    task: str | None = None
    reason: str = ""


def find_first_failure(store: ObjectStore, state: RunState) -> FirstFailure | None:
    """Return a failure of the current try, as marks and counts of children tell; None before it.

    Errors: those of the store.
    """
    if state.started is None or not state.uploaded:
        return None
    for url in list_urls(store, join_url(state.run_url, FAILURES_KEY)):
        mark = parse_failure_key(url)
        if mark is None:
            continue
        array, bag, number, failed, _ = mark
        if number == state.number and failed:
            return _marked(store, state, array, bag)
    return None if state.cancelling else _lost(state)


def _marked(store: ObjectStore, state: RunState, array: str, bag: int) -> FirstFailure:
    for record in newest_records(store, state.run_url, array, bag).values():
        if record.state == "failed":
            return FirstFailure(array=array, bag=bag, task=record.id, reason=record.reason)
    return FirstFailure(array=array, bag=bag)


def _lost(state: RunState) -> FirstFailure | None:
    for array in state.arrays.values():
        has_failed = array.status == "FAILED" or array.children.get("FAILED", 0) > 0
        if has_failed and array.name not in state.optional:
            why = f": {array.reason}" if array.reason else ""
            return FirstFailure(array=array.name, reason=f"a child was lost{why}")
    return None

"""Looking up what the events do not say: failure marks, and the summary."""

from __future__ import annotations

import json

from pegbatch.engine.counting import Marks, read_marks
from pegbatch.engine.state import RunState
from pegbatch.engine.status import Findings
from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.model.layout import FAILURES_KEY, SUMMARY_KEY, join_url
from pegbatch.model.run_status import TaskCounts, counts_from_json
from pegbatch.ports import ObjectStore


def look_up(store: ObjectStore, state: RunState) -> Findings:
    """Return what the store knows of a run: its summary once all is over, else its marks.

    Shapes: one GET or one LIST; nothing before the first upload.
    """
    if state.started is None or not state.uploaded:
        return Findings()
    tasks = read_summary_tasks(store, state.run_url) if is_over(state) else None
    if tasks is not None:
        return Findings(tasks=tasks)
    return Findings(marks=list_marks(store, state.run_url))


def is_over(state: RunState) -> bool:
    """Say whether no array of the run can change any more."""
    return state.outcome is not None or all(array.ended for array in state.arrays.values())


def list_marks(store: ObjectStore, run_url: str) -> Marks:
    """Return the failure marks of a run, from one LIST."""
    try:
        return read_marks(info.url for info in store.list(join_url(run_url, FAILURES_KEY)))
    except ObjectMissing:
        return {}


def read_summary_tasks(store: ObjectStore, run_url: str) -> TaskCounts | None:
    """Return the task counts of summary.json, or None where it is not there.

    Errors: StoreError where it is there and is not a summary.
    """
    url = join_url(run_url, SUMMARY_KEY)
    try:
        text = store.read(url)
    except ObjectMissing:
        return None
    try:
        return counts_from_json(json.loads(text)["tasks"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"not a summary: {error!r}", where=url, hint="delete it; it is written again"
        ) from error

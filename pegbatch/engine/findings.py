"""Looking up what the events do not say: failure marks, and the summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.engine.listing import list_urls
from pegbatch.engine.looking.status import Findings
from pegbatch.engine.state import RunState
from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.model.layout import FAILURES_KEY, SUMMARY_KEY, join_url
from pegbatch.model.marks import FailureKeys, Marks, read_failures
from pegbatch.model.run_status import LevelStatus, TaskCounts, counts_from_json, level_from_json
from pegbatch.ports import ObjectStore


def look_up(store: ObjectStore, state: RunState) -> Findings:
    """Return what the store knows of the current try: its marks, and its summary once all is over.

    Shapes: one LIST, and one GET where all is over; nothing before the first upload.
    """
    if state.started is None or not state.uploaded:
        return Findings()
    found = list_failures(store, state.run_url)
    summary = read_summary(store, state) if is_over(state) else None
    return Findings(
        marks=marks_of_try(found.marks, state.number),
        tasks=summary.tasks if summary is not None else None,
        levels=summary.levels if summary is not None else (),
        restarts=found.restarts(),
    )


def is_over(state: RunState) -> bool:
    """Say whether no array of the current try can change any more."""
    return state.outcome is not None or all(array.ended for array in state.arrays.values())


def list_marks(store: ObjectStore, run_url: str) -> Marks:
    """Return the failure marks of a run, from one LIST."""
    return list_failures(store, run_url).marks


def list_failures(store: ObjectStore, run_url: str) -> FailureKeys:
    """Return what the keys of the failures of a run say, from one LIST."""
    return read_failures(list_urls(store, join_url(run_url, FAILURES_KEY)))


def marks_of_try(marks: Marks, number: int) -> Marks:
    """Return the marks that one try has left: those of earlier ones have been tried again."""
    return {
        array: {bag: mark for bag, mark in bags.items() if mark.number == number}
        for array, bags in marks.items()
    }


@dataclass(frozen=True, slots=True)
class Summary:
    """What `summary.json` says of one try."""

    state: str
    tasks: TaskCounts
    failures: tuple[Mapping[str, Any], ...]
    levels: tuple[LevelStatus, ...] = ()
    """Empty where the verdict wrote it."""
    seconds: float = 0.0
    """Since the first submission, when it was written."""


def read_summary(store: ObjectStore, state: RunState) -> Summary | None:
    """Return the summary of the current try, or None where there is none.

    Errors: StoreError where it is there and is not a summary.
    """
    url = join_url(state.run_url, SUMMARY_KEY)
    try:
        text = store.read(url)
    except ObjectMissing:
        return None
    try:
        data = json.loads(text)
        if int(data.get("try", 1)) != max(1, state.number):
            return None
        tasks = counts_from_json(data["tasks"])
        failures = tuple(one for one in data.get("failures", ()) if isinstance(one, dict))
        levels = tuple(map(level_from_json, data.get("levels", ())))
        seconds = float(data.get("seconds", 0.0))
        return Summary(str(data.get("state", "")), tasks, failures, levels, seconds)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"not a summary: {error!r}", where=url, hint="delete it; it is written again"
        ) from error

"""Which record of a task counts."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.model.records import (
    TaskRecord,
    TaskState,
    parse_records,
    record_line,
    settle,
    undone_record,
)
from tests.task_records import task_record


def record(state: TaskState, number: int = 1, attempt: int = 1) -> TaskRecord:
    return task_record(try_=number, state=state, attempt=attempt)


def settled(*records: TaskRecord) -> TaskState:
    return settle(records)["t"].state


def test_a_success_stays_until_it_is_undone() -> None:
    good, late = record("succeeded"), record("failed", attempt=2)
    assert settled(record("failed"), good, late) == "succeeded"
    undone = undone_record("t", 0, 2, "data/x is lost", now=1.0)
    assert settled(good, late, undone) == "undone"
    assert settled(good, undone, record("failed", number=2)) == "failed"
    again = record("succeeded", number=2)
    assert settle((good, undone, again, record("failed", 3)))["t"] is again


def test_what_is_undone_of_one_task_says_nothing_of_another() -> None:
    other = replace(record("succeeded"), id="u")
    undone = undone_record("t", 0, 2, "data/x is lost", now=1.0)
    assert settle((record("succeeded"), other, undone))["u"] is other


def test_an_undone_record_is_a_line_like_any_other() -> None:
    undone = undone_record("t", 3, 2, "data/x is lost", now=1.0)
    assert (undone.try_, undone.attempt) == (2, 0)
    assert parse_records(record_line(undone)) == [undone]

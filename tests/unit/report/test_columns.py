"""A history as columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pegbatch.engine.history.failed_tasks import failed_tasks
from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.run_status import RunPhase
from pegbatch.report.columns import KINDS, TABLES, history_columns
from tests.sketched_histories import attempt, history, job, ran, task

IDS = ("t0", "t1", "t2", "t3")
FIRST = ran(
    "t0",
    "a",
    state="failed",
    seconds=1.5,
    reason="exit code 3",
    exit_code=3,
    stdout_tail="out",
    stderr_tail="err",
)
NEWEST = replace(FIRST, attempt=2, state="succeeded", reason="", exit_code=0)
SKIPPED = replace(FIRST, id="t1", bag=1, state="skipped", reason="no input", exit_code=None)
TRANSFER = replace(NEWEST, id="stage-in-1", array="in")
LOST = attempt("a", 2, state="lost", end=None, reason="Host EC2 terminated", exit_code=137)


def run(state: RunPhase = "failed", *more: ChildAttempt) -> History:
    return history(
        [job("in", tasks=0, kind="stage-in", level=None), job("a", 4)],
        [task(id, "a", bag, transformation="lab::t:1") for bag, id in enumerate(IDS)],
        (TRANSFER, FIRST, NEWEST, SKIPPED),
        (attempt("a", 0, seconds=2.0), attempt("a", 1, seconds=2.0), LOST, *more),
        state=state,
    )


@pytest.mark.parametrize("table", TABLES)
def test_all_columns_of_a_table_have_its_length(table: str) -> None:
    columns = history_columns(run(), table)  # type: ignore[arg-type]
    assert {len(values) for values in columns.values()} == {
        {"executions": 4, "attempts": 3, "tasks": 4}[table]
    }


def test_every_kind_is_that_of_a_column() -> None:
    known = {name for table in TABLES for name in history_columns(run(), table)}
    assert KINDS.keys() <= known


def test_executions_say_which_of_them_count_and_transfers_are_no_transformation() -> None:
    columns = history_columns(run(), "executions")
    assert columns["counts"] == [True, False, True, True]
    assert columns["transformation"] == [None, *["lab::t:1"] * 3]
    assert columns["level"] == [None, 0, 0, 0]
    assert columns["seconds"] == [1.5] * 4


def test_attempts_without_an_end_have_no_length() -> None:
    columns = history_columns(run(), "attempts")
    assert columns["seconds"] == [2.0, 2.0, None]


@pytest.mark.parametrize(
    ("state", "untold"), [("failed", ["failed", "skipped"]), ("running", ["failed", "waiting"])]
)
def test_of_a_task_without_a_record_its_bag_and_the_run_tell(
    state: RunPhase, untold: list[str]
) -> None:
    columns = history_columns(run(state), "tasks")
    assert columns["state"] == ["succeeded", "skipped", *untold]
    assert columns["reason"] == ["", "no input", "", ""]


def test_failures_are_tasks_then_lost_children_and_skipped_tasks_where_asked_for() -> None:
    past = run()
    failed = replace(past, newest={**past.newest, "t0": FIRST})
    assert [(one.id, one.bag, one.state) for one in failed_tasks(failed)] == [
        ("t0", 0, "failed"),
        (None, 2, "failed"),
    ]
    assert [one.id for one in failed_tasks(failed, skipped=True)] == ["t0", None, "t1"]
    first = next(failed_tasks(failed))
    assert (first.stderr_tail, first.stdout_tail) == ("err", "")
    silent = replace(FIRST, stderr_tail="")
    told = next(failed_tasks(replace(past, newest={"t0": silent})))
    assert told.stdout_tail == "out"


def test_a_child_that_a_later_try_has_mended_is_no_failure() -> None:
    assert list(failed_tasks(run("failed", attempt("a", 2, try_=2)))) == []

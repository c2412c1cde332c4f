"""From children to tasks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.counting import (
    LostChildren,
    count_lost,
    count_tasks,
    guess_lost,
    settled_children,
)
from pegbatch.model.marks import Mark
from pegbatch.model.run_status import TaskCounts
from tests.plans import job

NONE = LostChildren()


def test_children_with_one_task_each_are_counted_exactly() -> None:
    children = {"SUCCEEDED": 4, "RUNNING": 2, "STARTING": 1, "RUNNABLE": 3}
    marks = {0: Mark(1, 1, 0), 3: Mark(1, 0, 1)}
    counts = count_tasks(job("a", size=10), children, marks, NONE, ended=False)
    assert counts == TaskCounts(total=10, succeeded=2, failed=1, skipped=1, running=3, waiting=3)


def test_children_are_scaled_to_the_tasks_of_their_bags() -> None:
    counts = count_tasks(
        job("a", size=4, tasks=10), {"SUCCEEDED": 2, "RUNNING": 1}, {}, NONE, ended=False
    )
    assert counts == TaskCounts(total=10, succeeded=5, running=3, waiting=2)


def test_what_never_ran_was_skipped_once_the_run_has_ended() -> None:
    counts = count_tasks(job("a", size=3), {}, {}, NONE, ended=True)
    assert counts == TaskCounts(total=3, skipped=3)


def test_lost_children_are_failed_or_skipped_as_found() -> None:
    children = {"SUCCEEDED": 2, "FAILED": 3}
    counts = count_tasks(job("a", size=5), children, {}, LostChildren(1, 2), ended=True)
    assert counts == TaskCounts(total=5, succeeded=2, failed=1, skipped=2)


def test_under_stop_a_child_with_a_mark_is_not_lost() -> None:
    children = {"SUCCEEDED": 1, "FAILED": 2}
    marks = {0: Mark(1, 1, 1)}
    assert count_lost(children, marks, stop=True) == 1
    assert count_lost(children, marks, stop=False) == 2


@pytest.mark.parametrize(
    ("reason", "lost"),
    [
        ("Dependent Job failed", LostChildren(skipped=4)),
        ("Array Child Job failed", LostChildren(failed=4)),
        ("", LostChildren(failed=4)),
    ],
)
def test_the_arrays_reason_tells_skipped_from_failed(reason: str, lost: LostChildren) -> None:
    assert guess_lost(ArrayState(name="a", reason=reason), 4) == lost


@pytest.mark.parametrize(
    ("status", "shown", "settled"),
    [
        ("SUCCEEDED", {"SUCCEEDED": 2, "RUNNING": 1}, {"SUCCEEDED": 3}),
        ("FAILED", {"SUCCEEDED": 2, "RUNNING": 1}, {"SUCCEEDED": 2, "FAILED": 1}),
        ("FAILED", {"SUCCEEDED": 3}, {"SUCCEEDED": 2, "FAILED": 1}),
        ("FAILED", {}, {"FAILED": 3}),
        ("PENDING", {}, {"PENDING": 3}),
        ("PENDING", {"RUNNING": 1, "RUNNABLE": 2}, {"RUNNING": 1, "RUNNABLE": 2}),
        ("", {}, {}),
    ],
)
def test_a_summary_that_lags_is_made_to_fit_the_state(
    status: str, shown: dict[str, int], settled: dict[str, int]
) -> None:
    array = ArrayState(name="a", status=status, children=shown)
    assert settled_children(array, 3) == settled


@given(
    st.integers(1, 50),
    st.integers(0, 400),
    st.lists(st.integers(0, 20), min_size=5, max_size=5),
    st.booleans(),
)
def test_the_parts_always_add_up_to_the_total(
    size: int, extra: int, parts: list[int], ended: bool
) -> None:
    children = {"SUCCEEDED": parts[0], "FAILED": parts[1], "RUNNING": parts[2]}
    marks = {0: Mark(1, parts[3], parts[4])}
    lost = LostChildren(failed=parts[1])
    one = job("a", size=size, tasks=size + extra)
    counts = count_tasks(one, children, marks, lost, ended=ended)
    shown = (counts.succeeded, counts.failed, counts.skipped, counts.running, counts.waiting)
    assert sum(shown) == counts.total == size + extra
    assert min(shown) >= 0

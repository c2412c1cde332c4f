from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.engine.looking.array_outcomes import array_outcomes
from pegbatch.model.history import History
from pegbatch.model.plan import JobLink, LinkType
from tests.invented_histories import invented_history
from tests.sketched_histories import job


def changed(history: History, array: str, state: str = "failed", **status: Any) -> History:
    arrays = tuple(
        replace(one, **status) if one.name == array else one for one in history.status.arrays
    )
    return replace(history, status=replace(history.status, arrays=arrays, state=state))  # type: ignore[arg-type]


def test_an_array_with_a_failed_task_has_failed_whatever_batch_says() -> None:
    history = invented_history(levels=1, children=50, failing=0.5)
    found = array_outcomes(history)[0]
    assert (found.word, found.batch) == ("failed", "SUCCEEDED")
    assert found.succeeded + found.failed + found.skipped == 50
    assert found.open == 0


def test_an_array_that_was_left_out_behind_a_failure_is_skipped() -> None:
    history = invented_history(levels=2, children=20, failing=1.0)
    assert [one.word for one in array_outcomes(history)] == ["failed", "skipped"]


def test_an_array_that_has_done_all_has_succeeded() -> None:
    history = invented_history(levels=2, children=20, failing=0.0)
    assert [one.word for one in array_outcomes(history)] == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("state", "children", "word"),
    [
        ("PENDING", {"PENDING": 20}, "waiting"),
        ("PENDING", {"RUNNING": 3, "RUNNABLE": 17}, "running"),
        ("RUNNING", {}, "running"),
        ("UNSUBMITTED", {}, "waiting"),
        ("FAILED", {}, "failed"),
    ],
)
def test_of_what_has_left_no_record_batch_tells(
    state: str, children: dict[str, int], word: str
) -> None:
    history = replace(invented_history(levels=1, children=20), newest={}, executions=())
    history = changed(history, "L0-step", "running", **{"children": children})
    arrays = tuple(replace(one, state=state) for one in history.status.arrays)
    history = replace(history, status=replace(history.status, arrays=arrays))
    assert array_outcomes(history)[0].word == word


def test_an_array_that_batch_failed_for_what_it_waits_for_is_skipped() -> None:
    history = replace(invented_history(levels=1, children=20), newest={}, executions=())
    arrays = tuple(
        replace(one, state="FAILED", reason="Dependent Job failed") for one in history.status.arrays
    )
    history = replace(history, status=replace(history.status, arrays=arrays, state="failed"))
    assert array_outcomes(history)[0].word == "skipped"


def test_a_job_stands_below_all_that_it_waits_for() -> None:
    jobs = (
        job("a", 2),
        job("b", 2, depends_on=(JobLink("a", LinkType.ALL),)),
        job("c", 2, depends_on=(JobLink("a", LinkType.ALL), JobLink("b", LinkType.ALL))),
    )
    history = replace(invented_history(levels=1), jobs=jobs, tasks={})
    assert [one.layer for one in array_outcomes(history)] == [0, 1, 2]

"""How tasks stand, from histories of every kind."""

from __future__ import annotations

import pytest

from pegbatch.engine.looking.array_outcomes import job_counts
from pegbatch.model.run_status import ArrayStatus
from tests.sketched_histories import attempt, history, job, ran, task


def state_of(executions=(), attempts=(), state="running"):
    """Return how the only task of a run stands."""
    made = history([job("L0")], [task("a")], executions, attempts, state=state)
    return made.states["a"]


@pytest.mark.parametrize("word", ["succeeded", "failed", "skipped"])
def test_a_record_says_how_a_task_stands(word: str) -> None:
    assert state_of([ran("a", state=word)], [attempt()]) == word


def test_a_task_without_a_record_waits_while_the_run_goes_on_and_was_skipped_after() -> None:
    assert state_of() == "waiting"
    assert state_of(state="cancelled") == "skipped"
    assert state_of([ran("a", state="undone", attempt=0, try_=2)], state="running") == "waiting"


def test_every_task_of_a_run_that_succeeded_did_also_where_records_are_gone() -> None:
    assert state_of(state="succeeded") == "succeeded"


def test_a_lost_child_is_tried_again_until_the_run_is_over() -> None:
    lost = [attempt(state="lost", exit_code=None)]
    assert state_of(attempts=lost) == "waiting"
    assert state_of(attempts=lost, state="failed") == "failed"


def test_a_task_that_is_tried_again_runs_and_one_that_is_done_in_the_same_bag_does_not() -> None:
    running = [attempt(state="failed"), attempt(state="running", attempt=2)]
    assert state_of(attempts=running) == "running"
    assert state_of([ran("a", state="failed")], running) == "running"
    assert state_of([ran("a", state="failed", attempt=2)], running) == "failed"
    assert state_of([ran("a", state="failed", attempt=3)], [attempt(state="running", try_=2)]) == (
        "running"
    )
    assert state_of([ran("a")], running) == "succeeded"


def array(name: str, state: str) -> ArrayStatus:
    return ArrayStatus(name=name, job_id="1", state=state, reason="", size=1, children={})


@pytest.mark.parametrize(
    ("word", "run", "expected"),
    [
        ("SUCCEEDED", "failed", "succeeded"),
        ("FAILED", "failed", "failed"),
        ("STARTING", "running", "running"),
        ("PENDING", "running", "waiting"),
        ("PENDING", "cancelled", "skipped"),
    ],
)
def test_a_job_without_tasks_counts_itself(word: str, run: str, expected: str) -> None:
    jobs = [job("L0", 3), job("verdict", kind="verdict", tasks=0)]
    tasks = [task(name, bag=bag) for bag, name in enumerate("abc")]
    made = history(
        jobs,
        tasks,
        [ran("a"), ran("b", state="failed")],
        state=run,
        arrays=(array("verdict", word),),
    )
    counts = job_counts(made)
    left = "waiting" if run == "running" else "skipped"
    assert counts == {"L0": {"succeeded": 1, "failed": 1, left: 1}, "verdict": {expected: 1}}


def test_a_helper_that_was_never_submitted_waits() -> None:
    made = history([job("clean-up-1", kind="clean-up", tasks=0)], [], state="running")
    assert job_counts(made) == {"clean-up-1": {"waiting": 1}}

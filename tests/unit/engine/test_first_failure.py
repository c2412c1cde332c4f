"""What is told of the first failure, by marks, records and counts."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.engine.array_states import ArrayState, ArrayStates
from pegbatch.engine.looking.first_failure import FirstFailure, find_first_failure
from pegbatch.engine.state import RunState
from pegbatch.model.layout import failure_key, record_key
from pegbatch.model.records import record_line
from tests.fakes_store import MemoryStore
from tests.task_records import task_record

RUN = "s3://bucket/run"


def state(number: int = 1, **array: object) -> RunState:
    known = ArrayState(name="L0", **array)  # type: ignore[arg-type]
    return RunState(
        arrays=ArrayStates([known]), number=number, run_url=RUN, started=1.0, uploaded=True
    )


def marked(*marks: tuple[int, int, int, int]) -> MemoryStore:
    store = MemoryStore()
    for bag, number, failed, skipped in marks:
        store.put_bare(f"{RUN}/{failure_key('L0', bag, number, failed, skipped)}", b"")
    return store


def test_a_mark_and_its_record_tell_task_and_reason() -> None:
    store = marked((3, 1, 1, 0))
    record = task_record("t3", bag=3, state="failed", reason="exit code 7")
    store.put_bare(f"{RUN}/{record_key('L0', 3, 1, 1)}", record_line(record))
    expected = FirstFailure(array="L0", bag=3, task="t3", reason="exit code 7")
    assert find_first_failure(store, state()) == expected


def test_marks_of_earlier_tries_and_of_skipped_tasks_are_no_news() -> None:
    store = marked((1, 1, 1, 0), (2, 2, 0, 4), (3, 2, 0, 0))
    assert find_first_failure(store, state(2)) is None
    assert find_first_failure(store, state(1)) == FirstFailure(array="L0", bag=1)


def test_a_child_that_failed_without_a_word_is_told_by_the_counts() -> None:
    found = find_first_failure(marked(), state(children={"FAILED": 1, "RUNNING": 3}))
    assert found == FirstFailure(array="L0", reason="a child was lost")
    failed = find_first_failure(marked(), state(status="FAILED", reason="image gone"))
    assert failed == FirstFailure(array="L0", reason="a child was lost: image gone")


def test_what_a_cancel_ends_and_what_is_optional_is_no_failure() -> None:
    lost = state(status="FAILED")
    assert find_first_failure(marked(), replace(lost, cancelling=True)) is None
    assert find_first_failure(marked(), replace(lost, optional=frozenset({"L0"}))) is None


def test_before_anything_is_sent_nothing_has_failed() -> None:
    assert find_first_failure(marked((1, 1, 1, 0)), replace(state(), uploaded=False)) is None

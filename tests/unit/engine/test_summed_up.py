"""Lost children that a summary remembers."""

from __future__ import annotations

from typing import Any

from pegbatch.engine.findings import Summary
from pegbatch.engine.history.attempts import BagOfTry
from pegbatch.engine.history.summed_up import told_by_summary
from pegbatch.engine.history.unexplained import Question
from pegbatch.model.run_status import TaskCounts

LOST = {"array": "L0", "bag": 3, "id": None, "reason": "Host EC2", "exit_code": None}


def summary(*failures: Any) -> Summary:
    return Summary("failed", TaskCounts(), failures)


def question(*bags: int, begun: tuple[int, ...] = ()) -> Question:
    return Question(
        number=2,
        array="L0",
        job_id="j",
        size=9,
        children=dict(enumerate(bags)),
        begun=frozenset(begun),
    )


def test_failures_without_a_task_are_lost_children() -> None:
    found = told_by_summary(summary(LOST, {**LOST, "id": "t1"}), 2, [question(1, 3)])
    assert list(found) == [BagOfTry(2, "L0", 3)]
    (attempt,) = found[BagOfTry(2, "L0", 3)].attempts
    assert (attempt.reason, attempt.exit_code, attempt.start) == ("Host EC2", None, None)


def test_what_the_records_explain_or_have_begun_is_not_told_twice() -> None:
    assert told_by_summary(summary(LOST), 2, [question(1, 2)]) == {}
    assert told_by_summary(summary(LOST), 2, [question(1, 3, begun=(1,))]) == {}
    assert told_by_summary(summary(LOST), 1, [question(3)]) == {}


def test_what_somebody_else_has_written_there_is_passed_over() -> None:
    rubbish = [{"id": None}, {"id": None, "array": 3, "bag": "x"}, {"array": "L0", "bag": None}]
    assert told_by_summary(summary(*rubbish), 2, [question(3)]) == {}
    odd = {"array": "L0", "bag": 3, "reason": ["x"], "exit_code": "one"}
    (told,) = told_by_summary(summary(odd), 2, [question(3)]).values()
    assert (told.attempts[0].reason, told.attempts[0].exit_code) == ("['x']", None)


def test_without_a_summary_there_are_none() -> None:
    assert told_by_summary(None, 2, [question(3)]) == {}

"""Which tasks were lost with their child."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.model.history import Execution
from tests.sketched_histories import attempt, history, job, ran, task


def lost_of(*executions: Execution, run: str = "failed", **end: Any) -> list[str]:
    """Return the lost tasks of a run of one child, whose newest attempt ended so."""
    known = {"state": "lost", "exit_code": None, "reason": "Host EC2 gone", "attempt": 3, **end}
    made = history([job("L0", tasks=2)], [task("a"), task("b")], executions, [attempt(**known)],
                   state=run)  # fmt: skip
    return list(made.lost)


def test_what_a_lost_child_has_recorded_is_not_lost() -> None:
    assert lost_of() == ["a", "b"]
    assert lost_of(ran("a", attempt=3)) == ["b"]
    assert lost_of(ran("a", attempt=3, state="failed"), ran("b", attempt=3)) == []


def test_a_loss_counts_more_than_an_older_failure_and_less_than_a_success() -> None:
    older = {"attempt": 1, "reason": "exit code 3"}
    assert lost_of(ran("a", state="failed", **older), ran("b", **older)) == ["a"]
    assert lost_of(ran("a", state="skipped", **older), ran("b", state="undone")) == ["a", "b"]
    assert lost_of(ran("a", state="undone", try_=2, attempt=0)) == ["b"]


@pytest.mark.parametrize(
    ("end", "lost"),
    [
        ({"attempt": 1}, False),
        ({"attempt": 1, "exit_code": 75, "state": "failed"}, False),
        ({"attempt": 1, "exit_code": 137}, True),
        ({"attempt": 3}, True),
        ({"state": "succeeded"}, False),
    ],
)
def test_while_a_run_goes_on_a_child_that_batch_starts_again_is_not_lost(
    end: dict[str, Any], lost: bool
) -> None:
    assert bool(lost_of(run="running", **end)) is lost


def test_a_child_that_was_skipped_or_cancelled_has_lost_nothing() -> None:
    assert lost_of(reason="Dependent Job failed") == []
    assert lost_of(run="cancelled", reason="") == []
    assert lost_of(run="cancelled", reason="", exit_code=1) == ["a", "b"]

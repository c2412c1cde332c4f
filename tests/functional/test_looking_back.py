"""The history of real runs, through the one door that commands have to it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from pegbatch.cli.looking_back import read_history
from pegbatch.cli.wiring import open_run
from pegbatch.model.history import History
from tests.functional.resume_desk import ResumeDesk
from tests.functional.seen_runs import BAD_SAMPLES, MENDED, PARTS, SAMPLES


def history_of(submit_dir: Path) -> History:
    return read_history(open_run(submit_dir), tell=lambda text: None)


def test_a_healthy_run_has_an_execution_a_task_and_an_attempt_a_child(healthy_run: Path) -> None:
    history = history_of(healthy_run)
    assert history.status.state == "succeeded"
    assert Counter(task.transformation for task in history.tasks.values()) == {
        "lab::split:1.0": 1,
        "lab::work:1.0": PARTS,
        "lab::join:1.0": 4,
    }
    assert list(history.newest) == [one.id for one in history.executions]
    assert {one.state for one in history.executions} == {"succeeded"}
    assert [attempt.bag for attempt in history.attempts] == [0, *range(PARTS), 0, 1]
    for attempt in history.attempts:
        assert (attempt.state, attempt.exit_code, attempt.attempt) == ("succeeded", 0, 1)
        assert attempt.host == os.uname().nodename
        assert attempt.waited_seconds is not None
    split = history.newest["split"]
    assert split.bytes_in == 0
    assert (split.bytes_out, split.files_out) == (120, PARTS)
    assert history.newest["work0"].bytes_in == 15
    assert all(one.cpu_seconds is not None for one in history.executions)
    assert history.started is not None
    assert history.ended is not None


def test_levels_do_not_overlap_and_waits_are_told_from_the_level_before(healthy_run: Path) -> None:
    history = history_of(healthy_run)
    (split,) = (one for one in history.attempts if one.array == "L0-split")
    works = [one for one in history.attempts if one.array == "L1-work"]
    assert split.end is not None
    for work in works:
        assert work.start is not None
        # The system counts starts in hundredths of a second.
        assert work.start > split.end - 0.02
        assert work.waited_seconds == pytest.approx(max(0.0, work.start - split.end))


def test_a_half_failed_run_tells_both_tries_and_why(half_failed_run: Path) -> None:
    history = history_of(half_failed_run)
    assert (history.status.state, history.status.number) == ("failed", 2)
    first = {one.id for one in history.executions if one.try_ == 1 and one.state == "failed"}
    second = {one.id for one in history.executions if one.try_ == 2 and one.state == "failed"}
    assert first == set(BAD_SAMPLES)
    assert second == set(BAD_SAMPLES) - {MENDED}
    newest = history.newest
    assert newest[MENDED].state == "succeeded"
    assert (newest["m5"].exit_code, newest["m5"].stderr_tail) == (3, "sample 5 is not calibrated\n")
    assert newest["m3"].exit_code == 7
    assert (newest["m7"].signal, newest["m7"].exit_code) == (9, None)
    assert newest["m9"].reason == "output sample9.txt was not made"
    assert Counter(one.state for one in newest.values()) == {
        "succeeded": 2 * (SAMPLES // 2 + 1),
        "failed": SAMPLES // 2 - 1,
        "skipped": SAMPLES // 2,
    }
    again = [one for one in history.attempts if (one.array, one.bag) == ("L0-measure", 3)]
    assert [(one.try_, one.attempt, one.exit_code) for one in again] == [
        (1, 1, 75),
        (1, 2, 0),
        (2, 1, 75),
        (2, 2, 0),
    ]
    assert {one.state for one in again} == {"failed"}


def test_a_killed_child_is_told_by_batch_with_its_log(lost_children_run: Path) -> None:
    history = history_of(lost_children_run)
    states = {(one.array, one.bag): one.state for one in history.attempts}
    assert states == {
        ("L0-doomed", 0): "succeeded",
        ("L0-doomed", 1): "lost",
        ("L0-doomed", 2): "succeeded",
    }
    lost = history.attempts[1]
    assert (lost.exit_code, lost.reason) == (137, "Essential container in task exited")
    assert lost.log_stream is not None
    assert lost.end is not None
    assert "d1" not in history.newest


def test_a_planned_run_has_tasks_and_no_past(tmp_path: Path) -> None:
    history = history_of(ResumeDesk(tmp_path).plan())
    assert history.status.state == "planned"
    assert len(history.tasks) == 9
    assert (history.executions, history.attempts, history.started) == ((), (), None)

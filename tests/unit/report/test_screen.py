"""A run on one screen: what it says, and that it is never larger than what it is drawn on."""

from __future__ import annotations

from datetime import datetime

import pytest

from pegbatch.model.run_look import Throughput, WaitingFor, look_to_json
from pegbatch.report.level_rows import bar_pieces, fold
from pegbatch.report.lines import line_text
from pegbatch.report.screen import Sheet, screen, since
from tests.run_looks import COST, array, level, look

LEVELS = (
    level(0, succeeded=2_000),
    level(1, succeeded=900, running=100, failed=40, waiting=960),
    level(2, waiting=1_999, skipped=1),
)
SIZES = [(80, 24), (200, 50), (60, 15), (40, 10), (20, 6), (8, 3)]


WIDE = Sheet()


def text_of(found, sheet: Sheet = WIDE) -> list[str]:
    return [line_text(line) for line in screen(found, sheet)]


def test_the_screen_has_a_row_for_each_level_with_its_bar_and_counts() -> None:
    assert text_of(look(LEVELS), Sheet(width=80)) == [
        "survey: running on Amazon, 12 min 34 s, 2900 of 6000 tasks succeeded, 40 failed…",
        "run:   s3://b/runs/survey-1",
        "",
        "LEVEL                        TASKS  SUCCEEDED  RUNNING  WAITING  FAILED  SKIPPED",
        "0      ████████████████████  2,000      2,000        -        -       -        -",
        "1      █████████▚▓·········  2,000        900      100      960      40        -",
        "2      ▒···················  2,000          -        -    1,999       -        1",
        "all    ████████▚▒▓·········  6,000      2,900      100    2,959      40        1",
    ]


def test_below_it_stand_speed_end_retries_and_cost() -> None:
    found = look(
        LEVELS,
        throughput=Throughput(120.0, 300.0),
        estimated_end=1_000.0 + 720,
        retries=12,
        lost_children=3,
        cost=COST,
    )
    at = datetime.fromtimestamp(1_720).strftime("%H:%M")
    assert text_of(found)[-4:] == [
        "speed       120 tasks/min over the last 5 min 0 s",
        f"end         in about 12 min 0 s, at {at}",
        "retries     12 children were started again, 3 lost (host or Spot reclaimed, killed, "
        "no image)",
        "cost        about 0.60 USD so far: 12.50 vCPU h on m5 in us-east-1, prices of 2026-06-17",
    ]


def test_before_anything_has_ended_the_end_is_the_earliest_that_runtimes_allow() -> None:
    found = look(LEVELS, throughput=None, estimated_end=1_000.0 + 21)
    at = datetime.fromtimestamp(1_021).strftime("%H:%M")
    assert f"end         in 21 s at the earliest, at {at}" in text_of(found)


def test_on_the_embedded_aws_it_would_have_cost() -> None:
    free = look(LEVELS, cost=COST.__class__(**{**_fields(COST), "is_paid": False}))
    assert text_of(free)[-1].startswith("cost        would have cost about 0.60 USD so far")


def _fields(cost) -> dict[str, object]:
    return {name: getattr(cost, name) for name in cost.__slots__}


def test_why_nothing_starts_comes_first_and_once_for_all_arrays_it_holds_up() -> None:
    waiting = tuple(WaitingFor(f"L{n}", "the queue is gone", "make it again") for n in range(3))
    lines = text_of(look(LEVELS, waiting_for=waiting, retries=1))
    start = lines.index("waiting     L0 and 2 more: the queue is gone")
    assert lines[start + 1 : start + 3] == [
        "  do        make it again",
        "retries     1 child was started again",
    ]


def test_until_all_has_ended_it_says_how_many_jobs_have_and_what_runs_beside_the_tasks() -> None:
    arrays = [array("stage-in-1", RUNNING=2), array("L0", "UNSUBMITTED"), array("x", "SUCCEEDED")]
    found = text_of(look([level(0, waiting=4)], arrays=arrays))
    said = "1 of 3 array jobs have ended, 1 are not submitted yet, stage-in-1 runs"
    assert found[-1] == f"jobs        {said}"
    ended = look([level(0, succeeded=4)], state="succeeded", arrays=arrays[2:])
    assert "jobs" not in "".join(text_of(ended))


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("levels", [1, 3, 40, 1_000])
@pytest.mark.parametrize("arrays", [False, True])
def test_it_is_never_larger_than_what_it_is_drawn_on(width, height, levels, arrays) -> None:
    found = look(
        [level(number, succeeded=5, running=1, waiting=3) for number in range(levels)],
        arrays=[array(f"L{number}-step", SUCCEEDED=5, RUNNING=4) for number in range(levels)],
        throughput=Throughput(3.0, 60.0),
        estimated_end=5_000.0,
        cost=COST,
        retries=4,
        waiting_for=(WaitingFor("L0-step", "no machines " * 20, "wait " * 30),),
    )
    lines = text_of(found, Sheet(width=width, height=height, arrays=arrays))
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("survey")


@pytest.mark.parametrize(("width", "height"), SIZES[:4])
def test_of_many_levels_all_tasks_are_in_some_row(width, height) -> None:
    levels = [level(number, succeeded=number, running=1) for number in range(400)]
    rows = fold(levels, height - 8)
    assert len(rows) <= max(1, height - 8)
    assert sum(row.tasks.total for row in rows) == sum(one.tasks.total for one in levels)
    assert rows[0].label.startswith("0") and rows[-1].label.endswith("399")


def test_levels_that_are_done_or_have_not_begun_share_rows_first() -> None:
    levels = [level(number, succeeded=1) for number in range(10)]
    levels += [level(10, running=1), level(11, failed=1)]
    levels += [level(number, waiting=1) for number in range(12, 40)]
    assert [row.label for row in fold(levels, 5)] == ["0-9", "10", "11", "12-39"]
    assert len(fold(levels, None)) == 40


def test_arrays_that_failed_or_run_are_shown_where_there_is_not_room_for_all() -> None:
    arrays = [array(f"a{number}", "SUCCEEDED", SUCCEEDED=2) for number in range(1_000)]
    arrays[500] = array("bad", "FAILED", reason="Host EC2 gone\x1b[2J", SUCCEEDED=1, FAILED=1)
    arrays[700] = array("busy", RUNNING=2)
    shown = text_of(
        look([level(0, running=1)], arrays=arrays), Sheet(width=80, height=12, arrays=True)
    )
    assert any(line.startswith("bad    FAILED") and "\\u001b[2J" in line for line in shown)
    assert any(line.startswith("busy") for line in shown)
    assert any(line.startswith("… and 99") and "SUCCEEDED" in line for line in shown)


def test_a_bar_shows_a_cell_of_whatever_there_is() -> None:
    tasks = level(0, succeeded=100_000, failed=1, running=1, skipped=1, waiting=1).tasks
    bar = "".join(piece.text for piece in bar_pieces(tasks, 10, unicode=False))
    assert bar == "######x->."
    assert not bar_pieces(level(0).tasks, 10, unicode=True)


def test_terminals_that_know_ascii_alone_get_ascii() -> None:
    lines = text_of(look(LEVELS), Sheet(unicode=False))
    assert all(line.isascii() for line in lines)


def test_words_of_the_workflow_steer_no_terminal() -> None:
    evil = "x\x1b[2J\ny"
    found = look(LEVELS, workflow=evil, waiting_for=(WaitingFor(evil, evil, evil),))
    assert not any(letter in line for line in text_of(found) for letter in "\x1b\n")


def test_between_two_looks_the_clock_goes_on_until_the_run_has_ended() -> None:
    assert since(look(LEVELS), 1_010.0).status.seconds == 764.0
    ended = look(LEVELS, state="failed")
    assert since(ended, 1_010.0) is ended


def test_the_json_has_what_the_screen_has() -> None:
    found = look(
        LEVELS,
        throughput=Throughput(120.0, 300.0),
        estimated_end=1_720.0,
        retries=12,
        lost_children=3,
        cost=COST,
        waiting_for=(WaitingFor("L0", "why", "what"),),
    )
    data = look_to_json(found)
    assert data["throughput"] == {"tasks_per_minute": 120.0, "over_seconds": 300.0}
    assert data["estimated_end"] == "1970-01-01T00:28:40+00:00"
    assert (data["retries"], data["lost_children"]) == (12, 3)
    assert data["cost"]["amount"] == 0.6 and data["cost"]["is_paid"] is True
    assert data["waiting_for"] == [{"array": "L0", "why": "why", "next": "what"}]
    assert data["levels"][1]["tasks"]["failed"] == 40 and data["levels"][1]["arrays"] == 1
    nothing = look_to_json(look(LEVELS))
    assert [nothing[key] for key in ("throughput", "estimated_end", "cost")] == [None] * 3

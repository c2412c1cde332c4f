"""What `analyze` prints."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest

from pegbatch.engine.analysis.grouping import analyse, tell_task
from pegbatch.model.analysis import CauseKind
from pegbatch.model.history import Execution, History
from pegbatch.model.plain import plain_line
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from pegbatch.report.analysis_text import (
    Telling,
    analysis_text,
    commands_of,
    story_text,
    task_word,
)
from tests.sketched_histories import attempt, history, job, ran, task

PAGE = Path(__file__).resolve().parents[3] / "docs" / "analyze.md"
TELLING = Telling(submit_dir="'my run'")


def bad(name: str, bag: int = 0, **more: Any) -> Execution:
    known = {"reason": "exit code 4", "exit_code": 4, "stderr_tail": "first\nlast", **more}
    return ran(name, bag=bag, state="failed", **known)


def run_of(*executions: Execution, **status: Any) -> History:
    tasks = [task(one.id, one.array, one.bag) for one in executions]
    return history([job("L0", 9), job("L1", 9)], tasks, executions, **status)


def lines_of(run: History, telling: Telling = TELLING) -> list[str]:
    return analysis_text(analyse(run, {}), telling).splitlines()


def test_totals_come_first_then_why_then_what_to_type() -> None:
    skipped = ran("b", "L1", state="skipped", reason="parent a failed")
    assert lines_of(run_of(bad("a", max_rss_mib=12.0), ran("c", bag=1), skipped)) == [
        "invented: failed on Amazon, 1 of 3 tasks succeeded, 1 failed, 1 skipped, 10.0 s",
        "",
        "  total      3  100.0 %",
        "  succeeded  1   33.3 %",
        "  failed     1   33.3 %",
        "  skipped    1   33.3 %",
        "",
        "1. 1 task of t failed: exit code 4: last",
        "   tasks    a  (in L0)",
        "   skipped  1 task behind it: b",
        "   example  a, L0 bag 0, try 1, attempt 1, 10.0 s, 12 MiB",
        "   stderr   | first",
        "            | last",
        "   log      s3://bucket/runs/sketch-1/logs/L0/0.1.1.log",
        "   debug    pegbatch debug 'my run' a",
        "   read     pegbatch logs 'my run' a",
        "",
        "what has not succeeded, and only that: pegbatch run 'my run'",
    ]


def test_what_tasks_said_can_be_left_out() -> None:
    lines = lines_of(run_of(bad("a")), Telling(submit_dir="d", quiet=True))
    assert not any("|" in line for line in lines)


def test_of_many_kinds_the_largest_are_shown_and_the_rest_is_counted() -> None:
    kinds = [bad(f"t{code}", exit_code=code, reason=f"exit code {code}") for code in range(1, 5)]
    lines = lines_of(run_of(*kinds), Telling(submit_dir="d", top=1))
    assert "… and 3 more kinds of failure, 3 tasks: --top 4 shows all" in lines
    assert len([line for line in lines if line.startswith(("1. ", "2. "))]) == 1


def test_a_run_that_goes_on_says_so_and_one_that_did_not_begin_too() -> None:
    assert lines_of(run_of(bad("a"), state="running"))[-2:] == [
        "the run goes on, and this is so far; what has tries left is tried again",
        "wait: pegbatch wait 'my run'",
    ]
    quiet = lines_of(run_of(ran("a"), state="running"))
    assert "the run goes on, and nothing has failed so far" in quiet[-2]
    assert lines_of(run_of(state="planned"))[-1] == "not run yet: pegbatch run 'my run'"


def test_a_run_that_has_succeeded_tells_what_was_mended() -> None:
    assert lines_of(run_of(bad("a"), ran("a", attempt=2), state="succeeded"))[-2:] == [
        "1 task failed first and succeeded when tried again",
        "nothing is left that failed",
    ]


def test_a_cancelled_run_says_why_tasks_left_nothing() -> None:
    run = history([job("L0")], [task("a")], state="cancelled")
    line = "1 task left no record, and nothing says why but that the run was cancelled"
    assert line in lines_of(run)


def test_a_lost_child_is_told_with_its_stream_and_advice_in_lines_that_can_be_read() -> None:
    lost = attempt(state="lost", reason="CannotPullContainerError", exit_code=None, log_stream="s")
    lines = lines_of(history([job("L0")], [task("a")], (), [lost]))
    assert "   log      CloudWatch stream s" in lines
    start = next(number for number, line in enumerate(lines) if line.startswith("   next "))
    assert lines[start + 1].startswith(" " * 12)
    assert max(map(len, lines)) < 120


def test_words_of_others_are_harmless_and_make_no_lines_of_their_own() -> None:
    evil = "a\x1b[2J\n9. 1 task failed"
    run = run_of(bad(evil, stderr_tail="x\x1b]0;title\x07\ry\n"))
    text = analysis_text(analyse(run, {}), TELLING)
    assert "\x1b" not in text and "\r" not in text
    assert not [line for line in text.splitlines() if line.startswith("9. ")]
    story = story_text(tell_task(run, {}, evil), TELLING)
    assert "\x1b" not in story and "\n9. " not in story


def test_a_task_whose_name_begins_with_a_dash_can_be_typed() -> None:
    assert task_word("-x") == "-- -x"
    assert task_word("a b") == "'a b'"


def test_the_planner_of_a_sub_workflow_is_read_and_not_debugged() -> None:
    commands = list(commands_of("sub", str(SUB_WORKFLOW), "run0001"))
    assert commands == [("read", "pegbatch logs run0001 sub")]


def test_the_story_of_a_skipped_task_leads_to_its_root() -> None:
    run = run_of(bad("a"), ran("b", "L1", state="skipped", reason="parent a failed"))
    assert story_text(tell_task(run, {}, "b"), TELLING).splitlines() == [
        "b (t), L1 bag 0: skipped",
        "   why      parent a failed",
        "   root     a: exit code 4: last",
        "",
        "   TRY  ATTEMPT  STATE      SECONDS  MEMORY     REASON",
        "     1        1  skipped       10.0  -          parent a failed",
        "",
        "   log      s3://bucket/runs/sketch-1/logs/L1/0.1.1.log",
        "   debug    pegbatch debug 'my run' a",
        "   read     pegbatch logs 'my run' a",
    ]


@pytest.mark.parametrize("kind", get_args(CauseKind))
def test_every_kind_of_cause_is_on_the_page(kind: str) -> None:
    rows = [row for row in PAGE.read_text().splitlines() if row.startswith("| `")]
    assert any(f"`{kind}`" in row.split("|")[1] for row in rows)


@pytest.mark.parametrize("id_", ["t1", "a b'c", "-x", "\u202ertl\\n'q", "$(id)"])
def test_a_command_that_is_printed_names_the_task_when_a_shell_reads_it(id_: str) -> None:
    word = task_word(id_)
    assert plain_line(word) == word
    said = subprocess.run(
        ["bash", "-c", f"printf %s {word.removeprefix('-- ')}"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert said.stdout.decode() == id_

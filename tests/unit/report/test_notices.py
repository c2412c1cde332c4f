"""What is told of a run: lines that nobody else can forge."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.model.run_status import TaskCounts
from pegbatch.report.notices import LONGEST, failure_notice, verdict_notice
from tests.run_looks import run_status

STATUS = run_status(
    "failed",
    workflow="my\nworkflow\x1b[2J",
    service="aws",
    tasks=TaskCounts(total=9, succeeded=3, failed=4, skipped=2),
    seconds=5.0,
)


def row(number: int, reason: str = "exit code 1") -> dict[str, object]:
    return {"array": "L0", "bag": number, "id": f"t{number}", "state": "failed", "reason": reason}


def test_a_verdict_names_the_first_failures_and_counts_the_rest() -> None:
    notice = verdict_notice(STATUS, [row(n) for n in range(5)], "/w/run0001")
    lines = notice.text.splitlines()
    assert lines[0].startswith("my\\u000aworkflow\\u001b[2J: failed on Amazon, 3 of 9 tasks")
    assert lines[1:5] == [
        "task t0 (L0:0): exit code 1",
        "task t1 (L0:1): exit code 1",
        "task t2 (L0:2): exit code 1",
        "… and 3 more that failed or were skipped",
    ]
    assert lines[5:] == ["run: s3://b/run", "next: pegbatch analyze /w/run0001"]
    assert notice.subject == "my\\u000aworkflow\\u001b[2J: failed"


def test_a_success_has_nothing_to_name() -> None:
    done = replace(STATUS, state="succeeded", tasks=TaskCounts(total=9, succeeded=9))
    notice = verdict_notice(done, (), "/w/run0001")
    assert len(notice.text.splitlines()) == 3
    assert "next: pegbatch status" in notice.text


def test_a_reason_forges_no_line_and_fills_no_screen() -> None:
    notice = failure_notice("w", "s3://b/run", row(1, "bad\nnext: rm -rf /" + 9999 * "x"), "/w")
    lines = notice.text.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("task t1 (L0:1): bad\\u000anext: rm -rf /")
    assert len(lines[1]) < LONGEST + 50


def test_a_child_that_was_lost_has_no_task_to_name() -> None:
    lost = {"array": "L0", "bag": None, "id": None, "reason": ""}
    assert "\nL0: no reason was given\n" in failure_notice("w", "r", lost, "/w").text


def test_names_and_reasons_of_megabytes_are_cut() -> None:
    long = "x" * 5_000_000
    failure = {"id": long, "array": "L0", "bag": 1, "reason": long}
    notice = failure_notice("w", "s3://b/run", failure, "run0001")
    assert len(notice.text) < 1_000

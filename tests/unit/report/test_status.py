"""What people read about a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pegbatch.model.run_status import (
    RunPhase,
    RunStatus,
    TaskCounts,
    counts_from_json,
    counts_to_json,
    status_to_json,
)
from pegbatch.report.progress import progress_line
from pegbatch.report.status import (
    failures_text,
    headline,
    outputs_text,
    size_text,
)
from tests.run_looks import array, run_status


def status(state: RunPhase = "running", **counts: int) -> RunStatus:
    return run_status(
        state,
        tasks=TaskCounts(**counts),
        arrays=(
            array("L0", "SUCCEEDED", SUCCEEDED=1),
            array("L1-long", "FAILED", reason="Dependent Job failed", FAILED=2, RUNNING=2),
            array("L2", "UNSUBMITTED"),
        ),
        outputs=2,
        seconds=61.25,
    )


def test_the_json_has_all_that_the_text_has() -> None:
    data = status_to_json(status(total=6, waiting=6))
    assert (data["run"], data["state"], data["outputs"]) == ("s3://b/run", "running", 2)
    assert data["seconds"] == 61.25
    assert data["arrays"][2]["job_id"] is None
    assert data["arrays"][1]["children"] == {"FAILED": 2, "RUNNING": 2}


def test_counts_survive_json() -> None:
    counts = TaskCounts(total=10, succeeded=1, failed=2, skipped=3, running=4)
    assert counts_from_json(counts_to_json(counts)) == counts


def test_a_headline_before_the_first_submission_names_no_place() -> None:
    planned = replace(status("planned", total=3), service="")
    assert headline(planned) == "sketch: planned, 0 of 3 tasks succeeded, 1 min 1 s"


def test_only_the_first_outputs_are_listed_and_the_rest_counted() -> None:
    outputs = [(f"o{n}", 2048 if n else None, f"/out/o{n}") for n in range(20)]
    lines = outputs_text(outputs, 35).splitlines()
    assert lines[0] == "outputs (35):"
    assert lines[1] == "  o0     not made  /out/o0"
    assert lines[2] == "  o1      2.0 KiB  /out/o1"
    assert lines[-1] == "  … and 15 more"
    assert outputs_text([], 0) == "no outputs to deliver"


def test_failures_show_the_end_of_stderr_without_what_steers_a_terminal() -> None:
    failure = {
        "array": "L0",
        "bag": 2,
        "id": "b",
        "state": "failed",
        "reason": "exit code 3",
        "stderr_tail": "one\ntwo\nthree\n\x1b[31mfour\n",
    }
    assert failures_text([failure], 1).splitlines() == [
        "first failures:",
        "  b (L0, bag 2) failed: exit code 3",
        "    | two",
        "    | three",
        "    | \\u001b[31mfour",
    ]
    lost = {"array": "L0", "bag": 2, "id": None, "state": "failed", "reason": "Host EC2 gone"}
    assert failures_text([lost], 4).splitlines()[1] == "  L0, bag 2 was lost: Host EC2 gone"
    ended = failures_text([lost | {"exit_code": 137}], 4).splitlines()[1]
    assert ended == "  L0, bag 2 was lost: Host EC2 gone (exit code 137)"
    last = failures_text([failure] * 9, 30).splitlines()[-1]
    assert last == "  … and 25 more that failed or were skipped: `pegbatch analyze` tells them all"
    assert failures_text([], 0) == ""


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 50, "3072.0 TiB"),
    ],
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert size_text(size) == text


def test_the_progress_line_counts_submissions_then_tasks() -> None:
    assert progress_line(status("submitting")) == "submitting: 2 of 3 array jobs"
    line = progress_line(status(total=9, succeeded=3, failed=1, skipped=1, running=2))
    assert line == "running: 5 of 9 tasks done, 2 running, 1 failed, 1 skipped"

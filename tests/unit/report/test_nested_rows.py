"""Sub-workflows on the screen and in the line of progress."""

from __future__ import annotations

from typing import Any

from pegbatch.model.nested import NestedStatus
from pegbatch.model.run_look import RunLook, look_to_json
from pegbatch.model.run_status import RunStatus, TaskCounts
from pegbatch.report.lines import lines_text
from pegbatch.report.nested_rows import nested_table
from pegbatch.report.progress import progress_line
from pegbatch.report.screen import Sheet, screen


def one(id_: str, state: Any = "running", *inner: NestedStatus, **counts: int) -> NestedStatus:
    tasks = TaskCounts(**{"total": sum(counts.values()), **counts})
    return NestedStatus(
        id=id_, file="w.yml", run="s3://b/r", state=state, tasks=tasks, inner=tuple(inner)
    )


def status(**changes: Any) -> RunStatus:
    known: dict[str, Any] = {
        "run": "s3://b/r", "workflow": "w", "service": "aws", "state": "running",
        "tasks": TaskCounts(total=3, succeeded=1, running=2), "arrays": (), "outputs": 0,
        "seconds": 5.0, **changes,
    }  # fmt: skip
    return RunStatus(**known)


def test_a_row_for_each_below_the_one_it_lies_in() -> None:
    runs = [
        one("sub", "failed", one("sub.deep", "running", running=1), failed=1, succeeded=2),
        one("idle", "planned"),
    ]
    assert lines_text(nested_table(runs, rows=None)).splitlines() == [
        "SUB-WORKFLOW  STATE       TASKS",
        "sub           failed      3 of 3 done, 1 failed",
        "  sub.deep    running     0 of 1 done, 1 running",
        "idle          not begun",
    ]


def test_many_are_folded_and_what_failed_stays() -> None:
    runs = [one(f"s{number}", "succeeded", succeeded=1) for number in range(1_000)]
    runs[700] = one("bad", "failed", failed=1)
    lines = lines_text(nested_table(runs, rows=5)).splitlines()
    assert len(lines) == 5
    assert lines[-1] == "… and 997 more: 997 succeeded"
    assert any(line.startswith("bad ") for line in lines)


def test_there_is_no_table_without_sub_workflows() -> None:
    assert nested_table([], rows=None) == []
    look = RunLook(status=status(), time=0.0)
    assert "SUB-WORKFLOW" not in lines_text(screen(look, Sheet()))
    assert "sub_workflows" not in look_to_json(look)


def test_a_low_screen_keeps_its_height() -> None:
    runs = tuple(one(f"s{number}", running=1) for number in range(50))
    look = RunLook(status=status(), time=0.0, sub_workflows=runs)
    for height in range(1, 40):
        assert len(screen(look, Sheet(width=60, height=height))) <= height
    assert "… and 42 more: 42 running" in lines_text(screen(look, Sheet()))
    assert "s49" in lines_text(screen(look, Sheet(arrays=True)))


def test_odd_ids_and_troubles_are_made_plain() -> None:
    odd = NestedStatus(
        id="a\x1b[31m\n" + "x" * 500, file="w", run="s3://b/r", state="submitting",
        tasks=TaskCounts(), trouble="not\x07 JSON",
    )  # fmt: skip
    text = lines_text(nested_table([odd], rows=None))
    assert "\x1b" not in text and "\x07" not in text and len(text.splitlines()) == 2
    assert max(map(len, text.splitlines())) < 120


def test_the_line_of_progress_counts_tasks_of_sub_workflows_apart() -> None:
    assert progress_line(status()) == "running: 1 of 3 tasks done, 2 running"
    within = one("s", "running", one("s.d", failed=1), succeeded=2, running=2)
    line = progress_line(status(), [within])
    assert line == "running: 1 of 3 tasks done, 2 running, 3 of 5 in sub-workflows (1 failed)"
    assert progress_line(status(), [one("s", "planned")]) == progress_line(status())

"""`pegbatch statistics` as a user types it, on runs that have ended."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from tests.functional.commands import called
from tests.functional.seen_runs import BAD_SAMPLES, MENDED, PARTS, SAMPLES
from tests.wfformat_schema import SCHEMA


class Answer(NamedTuple):
    """What a command has said."""

    exit_code: int
    stdout: str
    stderr: str


def asked(*words: str | Path | int) -> Answer:
    return Answer(*called(*words))


def told(*words: str | Path | int) -> dict[str, Any]:
    answer = asked("statistics", "--json", *words)
    assert answer.exit_code == 0, answer.stderr
    made: dict[str, Any] = json.loads(answer.stdout)
    return made


def test_a_healthy_run_is_told_in_pegasus_tables(healthy_run: Path) -> None:
    answer = asked("statistics", healthy_run)
    assert answer.exit_code == 0, answer.stderr
    rows = [line.split() for line in answer.stdout.splitlines()]
    tasks = str(1 + PARTS + 4)
    assert ["Tasks", tasks, "0", "0", tasks, "0", tasks] in rows
    assert ["Jobs", "11", "0", "0", "11", "0", "11"] in rows
    assert "Cumulative job wall time as seen from submit side" in answer.stdout
    assert "On Amazon it would have cost" in answer.stdout
    assert "lab::work:1.0: memory: 2,048 MiB asked" in answer.stdout


def test_a_half_failed_run_tells_what_came_to_nothing(half_failed_run: Path) -> None:
    made = told("-s", "all", half_failed_run)
    failed = len(BAD_SAMPLES) - 1
    tasks, jobs = made["summary"]["tasks"], made["summary"]["jobs"]
    assert (tasks["failed"], tasks["skipped"]) == (failed, failed + 1)
    assert tasks["succeeded"] + tasks["failed"] + tasks["incomplete"] == tasks["total"]
    assert (jobs["failed"], made["tries"]) == (failed, 2)
    assert 0 < made["summary"]["task_badput_seconds"] < made["summary"]["task_seconds"]
    bad = [row for row in made["jobs"] if row["array"] == "L0-measure" and row["failed_tasks"]]
    assert {row["child"] for row in bad} == {int(name[1:]) for name in BAD_SAMPLES}
    mended = [row["state"] for row in made["jobs"] if row["child"] == int(MENDED[1:])]
    assert "failed" in mended and "succeeded" in mended
    measure = {row["type"]: row for row in made["transformations"] if "measure" in str(row)}
    assert measure["successful"]["count"] == SAMPLES - failed
    assert measure["failed"]["runtime_seconds"]["total"] > 0
    assert measure["successful"]["cpu_seconds"] is not None
    assert all(row["wait_seconds"] is not None for row in made["transformations"])
    killed = next(row for row in made["resources"] if "measure" in row["transformation"])
    assert killed["killed"] > 0
    assert any("SIGKILL" in line for line in killed["advice"])


def test_totals_of_all_tables_agree(half_failed_run: Path) -> None:
    made = told("-s", "all", half_failed_run)
    summary = made["summary"]
    for key in ("succeeded", "failed", "retries", "total"):
        assert sum(row["tasks"][key] for row in made["arrays"]) == summary["tasks"][key]
        assert sum(row["jobs"][key] for row in made["arrays"]) == summary["jobs"][key]
    totals = [
        sum(row["runtime_seconds"]["total"] for row in made["transformations"]),
        sum(row["task_seconds"] for row in made["jobs"]),
        sum(row["invocation_seconds"] for row in made["time"]),
        sum(row["invocation_seconds"] for row in made["hosts"]),
    ]
    assert totals == pytest.approx([summary["task_seconds"]] * 4, abs=1e-3)
    assert made["cost"]["containers"] == len(made["jobs"])
    assert made["cost"]["is_charged"] is False
    assert made["cost"]["estimate"]["tasks"] == summary["tasks"]["total"]


@pytest.mark.parametrize("suffix", ["txt", "csv"])
def test_files_are_those_of_pegasus(healthy_run: Path, tmp_path: Path, suffix: str) -> None:
    form = "text" if suffix == "txt" else "csv"
    answer = asked("statistics", "-f", form, "-o", tmp_path / "new" / "folder", healthy_run)
    assert answer.exit_code == 0, answer.stderr
    folder = tmp_path / "new" / "folder"
    for name in ("summary", "workflow", "jobs", "breakdown", "time", "integrity"):
        path = folder / f"{name}.{suffix}"
        assert len(path.read_text().splitlines()) >= 2, name
        assert str(path) in answer.stderr
    assert "Sub-Workflows" in answer.stdout


def test_one_level_as_csv_is_one_table(healthy_run: Path) -> None:
    answer = asked("statistics", "-s", "jb_stats", "-f", "csv", healthy_run)
    rows = list(csv.DictReader(answer.stdout.splitlines()))
    assert len(rows) == 11
    assert {row["State"] for row in rows} == {"succeeded"}
    assert all(float(row["Runtime"]) >= 0 and row["Host"] for row in rows)


def test_hours_and_machines_and_discounts_can_be_chosen(healthy_run: Path) -> None:
    full = told("-t", "hour", "-s", "summary,ti_stats", "--machine", "fargate", healthy_run)
    assert all(row["start"].endswith(":00:00Z") for row in full["time"])
    half = told("-s", "summary", "--machine", "fargate", "--discount", "50", healthy_run)
    assert half["cost"]["amount"] == pytest.approx(full["cost"]["amount"] / 2, abs=1e-5)


def test_an_unknown_level_or_machine_is_a_usage_error(healthy_run: Path) -> None:
    answer = asked("statistics", "-s", "summary,jobs", healthy_run)
    assert answer.exit_code == 2
    assert "'jobs'" in answer.stderr and "jb_stats" in answer.stderr
    answer = asked("statistics", "--machine", "x1", healthy_run)
    assert (answer.exit_code, "fargate" in answer.stderr) == (2, True)


def test_a_folder_that_cannot_be_written_is_named(healthy_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = asked("statistics", "-o", tmp_path / "file" / "below", healthy_run)
    assert answer.exit_code == 5
    assert str(tmp_path / "file" / "below") in answer.stderr


def test_a_run_goes_out_as_wfformat_and_comes_back(half_failed_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    answer = asked("statistics", "-s", "summary", "--export-wfformat", path, half_failed_run)
    assert answer.exit_code == 0, answer.stderr
    left = len(BAD_SAMPLES) - 1
    assert f"{2 * left + 1} of {2 * SAMPLES + 1} tasks have not succeeded" in answer.stderr
    made = json.loads(path.read_text())
    jsonschema.validate(made, SCHEMA, format_checker=jsonschema.FormatChecker())
    tasks = {row["id"]: row for row in made["workflow"]["specification"]["tasks"]}
    assert tasks["r2"]["parents"] == ["m2"]
    assert tasks["m2"]["children"] == ["r2"]
    assert len(tasks["gather"]["parents"]) == SAMPLES
    sizes = {row["id"]: row["sizeInBytes"] for row in made["workflow"]["specification"]["files"]}
    assert sizes["sample2.txt"] == len("sample 2\n")
    ran = {row["id"]: row for row in made["workflow"]["execution"]["tasks"]}
    assert MENDED in ran and not {"m3", "gather"} & ran.keys()
    assert ran["r2"]["readBytes"] == sizes["sample2.txt"]
    estimated = asked("estimate", "--json", path)
    assert estimated.exit_code == 0, estimated.stderr
    assert json.loads(estimated.stdout)["tasks"] == 2 * SAMPLES + 1

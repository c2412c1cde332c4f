"""Looking at runs with sub-workflows that were planned in the run."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from pegbatch.adapters.store import Store
from pegbatch.cli.commands.status import command as status_command
from pegbatch.cli.completing import complete_task
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.wiring import open_run
from pegbatch.model.layout import nested_key
from tests.functional.commands import LONGEST, ROOT, called, embedded_aws
from tests.functional.nested_runs import NestedDesk, mark_sub_workflows, nest
from tests.functional.seen_runs import lab_job, planned_in, ran_to
from tests.wfformat_schema import SCHEMA

PATIENCE = 120.0
"""Seconds after which a fact that a test waits for does not come any more."""


def said(word: str, *words: str | Path, code: int = 0) -> str:
    ended, printed, talk = called(word, *words)
    assert ended == code, f"{word}: exit code {ended}\n{printed}{talk}"
    return printed


def told(word: str, *words: str | Path, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(word, "--json", *words, code=code))
    return found


def test_status_tells_the_tree_of_sub_workflows(half_failed_nested_run: NestedDesk) -> None:
    status = told("status", half_failed_nested_run.submit_dir)
    assert status["tasks"]["total"] == 5
    sub, idle = status["sub_workflows"]
    assert (sub["id"], sub["state"], sub["file"]) == ("sub", "failed", "follow.yml")
    assert sub["run"] == f"{half_failed_nested_run.url}/{nested_key('sub')}"
    assert {k: v for k, v in sub["tasks"].items() if v} == {
        "total": 5, "succeeded": 1, "failed": 2, "skipped": 2,
    }  # fmt: skip
    (deep,) = sub["sub_workflows"]
    assert (deep["id"], deep["state"], deep["tasks"]["failed"]) == ("sub.deep", "failed", 1)
    assert deep["run"].startswith(sub["run"] + "/") and deep["sub_workflows"] == []
    assert (idle["state"], idle["run"], idle["tasks"]["total"]) == ("planned", "", 0)


def test_status_has_a_block_of_them_and_the_first_failures_are_the_innermost(
    half_failed_nested_run: NestedDesk,
) -> None:
    lines = said("status", half_failed_nested_run.submit_dir).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("SUB-WORKFLOW"))
    assert [line.split()[:2] for line in lines[start + 1 : start + 4]] == [
        ["sub", "failed"], ["sub.deep", "failed"], ["idle", "not"],
    ]  # fmt: skip
    failures = lines[lines.index("first failures:") + 1 :]
    assert failures[0].startswith("  sub.t2 (sub/L0-mixed, bag 1) failed: exit code 3")
    assert any(line.startswith("  sub.deep.d2 (sub.deep/L1-drill") for line in failures)
    assert not any(line.startswith("  sub (") for line in failures)


def test_analyze_tells_what_failed_innermost_and_what_that_took_along(
    half_failed_nested_run: NestedDesk,
) -> None:
    place = half_failed_nested_run.submit_dir
    found = told("analyze", place, code=1)
    assert [(one["ids"], one["skipped_ids"]) for one in found["failures"]] == [
        (["sub.t2"], ["last", "sub.t3"]),
        (["sub.deep.d2"], ["sub.t4"]),
        (["idle"], []),
    ]
    assert (found["failed"], found["skipped"], found["unexplained"]) == (3, 3, 0)
    # The three planners: `idle` never began and counts; the tasks of the others stand for them.
    assert found["tasks"]["total"] == 3 + 1 + 4 + 2
    example = found["failures"][1]["example"]
    assert example["log"].startswith(f"{half_failed_nested_run.url}/nested/sub/nested/deep/logs/")
    text = said("analyze", place, code=1)
    assert f"pegbatch debug {place} sub.deep.d2" in text
    assert "no such task" not in text


def test_analyze_of_a_word_reaches_into_sub_workflows(half_failed_nested_run: NestedDesk) -> None:
    place = half_failed_nested_run.submit_dir
    story = told("analyze", place, "last", code=1)
    assert (story["root"], story["state"]) == ("sub.t2", "skipped")
    planner = told("analyze", place, "sub", code=1)
    assert planner["root"] == "sub.t2" and "not calibrated" in planner["root_cause"]["sentence"]
    array = told("analyze", place, "sub.deep/L1-drill", code=1)
    assert [one["ids"] for one in array["failures"]] == [["sub.deep.d2"]]


def test_statistics_count_sub_workflows_and_their_tasks_once(
    half_failed_nested_run: NestedDesk, nested_run: NestedDesk
) -> None:
    summary = told("statistics", "-s", "summary", nested_run.submit_dir)["summary"]
    assert (summary["tasks"]["total"], summary["tasks"]["succeeded"]) == (6, 6)
    assert (summary["jobs"]["total"], summary["jobs"]["succeeded"]) == (6, 6)
    row = summary["sub_workflows"]
    assert (row["total"], row["succeeded"], row["failed"]) == (2, 2, 0)
    failed = told("statistics", half_failed_nested_run.submit_dir)
    row = failed["summary"]["sub_workflows"]
    assert (row["total"], row["succeeded"], row["failed"], row["retries"]) == (3, 0, 3, 0)
    assert failed["summary"]["tasks"]["total"] == 9
    assert failed["summary"]["planner_seconds"] > 0
    known = {one["transformation"] for one in failed["transformations"]}
    assert "lab::drill:1.0" in known and "lab::planner:1.0" not in known


def test_cost_has_each_container_once(nested_run: NestedDesk) -> None:
    cost = told("statistics", "-s", "summary", nested_run.submit_dir)["cost"]
    # Three tasks and two planners of the run itself, three tasks of the nested run.
    assert cost["containers"] == 3 + 2 + 3


def test_logs_of_nested_tasks_and_arrays_are_found(half_failed_nested_run: NestedDesk) -> None:
    place = half_failed_nested_run.submit_dir
    assert "sensor 2 is not calibrated" in said("logs", place, "sub.t2")
    assert "the drill broke" in said("logs", place, "sub.deep/L1-drill:0")
    names = [one["name"] for one in told("logs", place)["arrays"]]
    assert {"L0-lead", "sub/L0-mixed", "sub.deep/L1-drill"} <= set(names)
    within = [one["name"] for one in told("logs", place, "sub/")["arrays"]]
    assert "sub.deep/L1-drill" in within and "L0-lead" not in within


def test_all_logs_are_merged_with_those_of_nested_runs(
    half_failed_nested_run: NestedDesk, tmp_path: Path
) -> None:
    said("logs", half_failed_nested_run.submit_dir, "--merge", tmp_path / "all.log")
    text = (tmp_path / "all.log").read_text()
    assert "==> L0-lead:0" in text and "==> sub.deep/L1-drill:0" in text


def test_a_nested_task_is_done_again_on_this_machine(
    half_failed_nested_run: NestedDesk, tmp_path: Path
) -> None:
    place = half_failed_nested_run.submit_dir
    found = told("debug", "--run", "--into", tmp_path / "here", place, "sub.deep.d2", code=1)
    assert found["id"] == "sub.deep.d2"
    assert (tmp_path / "here" / "inputs" / "d1.txt").read_text() == "1\n"
    code, _, talk = called("debug", "--into", tmp_path / "there", place, "sub.t3")
    assert code == 5 and f"pegbatch debug {place} sub.t2" in talk


@pytest.mark.parametrize(
    ("word", "sentence"),
    [("idle.t1", "has not begun"), ("sub.nothing", "sub.nothing"), ("subt.1", "subt.1")],
)
def test_words_that_name_nothing_are_refused_as_elsewhere(
    half_failed_nested_run: NestedDesk, tmp_path: Path, word: str, sentence: str
) -> None:
    place = half_failed_nested_run.submit_dir
    code, _, talk = called("debug", "--into", tmp_path / "here", place, word)
    assert code == 3 and sentence in talk
    assert called("logs", place, word)[0] == 3


def test_the_shell_is_offered_nested_tasks_and_arrays(half_failed_nested_run: NestedDesk) -> None:
    context = click.Context(status_command)
    context.params["submit_dir"] = half_failed_nested_run.submit_dir
    said("analyze", half_failed_nested_run.submit_dir, code=1)

    def offered(incomplete: str) -> list[str]:
        items = complete_task(context, status_command.params[0], incomplete)
        return [item.value for item in items]

    assert offered("sub.deep.") == ["sub.deep.d1", "sub.deep.d2"]
    assert {"sub.deep/L0-count", "sub.deep/L1-drill", "sub.deep"} <= set(offered("sub.d"))
    assert "sub/L0-mixed" in offered("sub/") and "sub.t2" in offered("")
    assert offered("idle") == ["idle"]


def test_report_and_graph_see_through(half_failed_nested_run: NestedDesk, tmp_path: Path) -> None:
    place = half_failed_nested_run.submit_dir
    written = told("report", "-o", tmp_path / "r.html", place)
    assert written["attempts"] == 5 + 5 + 2
    page = (tmp_path / "r.html").read_text()
    assert 'id="sub-workflows"' in page and "sub.deep/L1-drill" in page
    assert "sub failed" not in page and "idle" in page
    assert "2 failed" in said("graph", place)


def test_a_trace_has_the_tasks_of_nested_runs_behind_their_planners(
    nested_run: NestedDesk, tmp_path: Path
) -> None:
    said("statistics", "--export-wfformat", tmp_path / "w.json", nested_run.submit_dir)
    instance = json.loads((tmp_path / "w.json").read_text())
    jsonschema.validate(instance, SCHEMA)
    tasks = {one["id"]: one for one in instance["workflow"]["specification"]["tasks"]}
    assert tasks["sub.t1"]["parents"] == ["sub"]
    assert tasks["sub.t3"]["parents"] == ["sub.t1", "sub.t2"]
    ran = {one["id"] for one in instance["workflow"]["execution"]["tasks"]}
    assert {"sub", "sub.t3", "last"} <= ran


def test_fetch_brings_what_nested_runs_deliver(nested_run: NestedDesk) -> None:
    out = nested_run.base / "out"
    shutil.rmtree(out, ignore_errors=True)
    said("fetch", nested_run.submit_dir)
    assert (out / "three.txt").read_text() == "1\n2\n"
    assert (out / "last.txt").read_text() == "joined\n"
    ended = said("wait", nested_run.submit_dir)
    assert "outputs (2):" in ended and str(out / "three.txt") in ended


def shim(*words: str | Path, cwd: Path, code: int = 0) -> str:
    """Run one of Pegasus's own commands, as `pegbatch pegasus-shims` writes them."""
    ended = subprocess.run(
        [sys.executable, "-m", "pegbatch.cli.shims", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def test_pegasus_own_commands_see_through(
    half_failed_nested_run: NestedDesk, nested_run: NestedDesk, tmp_path: Path
) -> None:
    place = half_failed_nested_run.submit_dir
    root = json.loads(shim("pegasus-analyzer", "-j", place, cwd=tmp_path, code=2))["workflows"]
    jobs = root["root"]["jobs"]
    assert set(jobs["job_details"]["failed_jobs"]) == {"sub.t2", "sub.deep.d2", "idle"}
    assert (jobs["total"], jobs["failed"], root["root"]["wf_status"]) == (10, 3, "failure")
    status = json.loads(shim("pegasus-status", "-j", place, cwd=tmp_path))
    assert (status["totals"]["total"], status["dags"]["root"]["state"]) == (5, "Failure")
    told_lines = shim(
        "pegasus-statistics", "-o", tmp_path / "s", nested_run.submit_dir, cwd=tmp_path
    )
    (row,) = [line.split() for line in told_lines.splitlines() if "Sub-Workflows" in line]
    assert row == ["Sub-Workflows", "2", "0", "0", "2", "0", "2"]


def test_the_history_knows_the_runs_within(half_failed_nested_run: NestedDesk) -> None:
    history = read_history(open_run(half_failed_nested_run.submit_dir), tell=lambda text: None)
    assert history.nested["sub"].blamed == "sub.t2"
    assert history.nested["sub.deep"].outer == "sub"
    assert history.states["sub.t3"] == "skipped"
    assert history.phase_of("sub.deep/L1-drill") == "failed"


def test_what_was_brought_of_a_nested_run_is_no_submit_directory(
    half_failed_nested_run: NestedDesk,
) -> None:
    brought = open_run(half_failed_nested_run.submit_dir)
    said("analyze", brought.directory.path, code=1)
    code, _, talk = called("run", brought.directory.path / nested_key("sub"))
    assert code == 3 and "give the submit directory around it" in talk


def test_what_is_no_run_at_a_nested_place_is_told_and_harms_nothing(tmp_path: Path) -> None:
    with embedded_aws(tmp_path / "base") as base:
        jobs = [lab_job(name, "planner", "echo > " + name, [], [name]) for name in ("a", "b", "c")]
        submit_dir = planned_in(base, "odd", jobs)
        mark_sub_workflows(submit_dir, dict.fromkeys("abc", "f.yml"))
        ran_to(base, submit_dir, expected=0)
        desk = NestedDesk(base, submit_dir)
        root = desk.buckets / desk.url.removeprefix("s3://")
        for name, text in (("a", "{]"), ("b", '{"format": 1}')):
            place = root / nested_key(name) / "plan"
            place.mkdir(parents=True)
            (place / "run.json").write_text(text)
        _copy_run_json(root, root / nested_key("c") / "plan")
        status = told("status", submit_dir)
        troubles = [one["trouble"] for one in status["sub_workflows"]]
        assert len(troubles) == 3 and all(troubles)
        assert status["state"] == "succeeded"
        assert told("analyze", submit_dir)["failed"] == 0
        assert told("statistics", submit_dir)["summary"]["sub_workflows"]["total"] == 3
        said("fetch", submit_dir)


def _copy_run_json(root: Path, place: Path) -> None:
    """Pass the run itself off as one of its own nested runs."""
    place.mkdir(parents=True)
    for name in ("run.json", "plan.json"):
        shutil.copy(root / "plan" / name, place / name)


class Gated(NestedDesk):
    """A run whose nested run goes on until a gate is opened."""

    @property
    def gate(self) -> Path:
        return self.base / "gate"


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Gated]:
    with embedded_aws(tmp_path / "base") as base:
        yield Gated(base, planned_in(base, "outer", _gated_jobs(base), "-Ddagman.retry=0"))
        (base / "gate").touch()


def _gated_jobs(base: Path) -> list[dict[str, Any]]:
    waits = f"test -e {base}/lost && exit 1; while ! test -e {base}/gate; do sleep 0.1; done; "
    return [
        lab_job("sub", "planner", waits + "echo > made.txt", [], ["made.txt"]),
        lab_job("last", "last", "cat made.txt > l.txt", ["made.txt"], ["l.txt"], delivered=True),
    ]


def _nested_jobs(base: Path) -> list[dict[str, Any]]:
    waits = f"while ! test -e {base}/gate; do sleep 0.1; done; "
    return [
        lab_job("n1", "first", "echo 1 > n1.txt", [], ["n1.txt"]),
        lab_job("n2", "second", waits + "cat n1.txt > n2.txt", ["n1.txt"], ["n2.txt"]),
    ]


def _begun(desk: Gated) -> None:
    """Have both runs go on, the nested one in its second task."""
    mark_sub_workflows(desk.submit_dir, {"sub": "f.yml"})
    said("run", "--detach", "--vcpus", "4", desk.submit_dir)
    nest(desk, desk.url, "sub", _nested_jobs(desk.base), detached=True)
    _wait_for(desk, lambda one: one["tasks"]["running"] == 1 and one["tasks"]["succeeded"] == 1)


def _wait_for(desk: Gated, is_so: Any) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        (found,) = told("status", desk.submit_dir)["sub_workflows"]
        if is_so(found):
            return dict(found)
        time.sleep(0.1)
    raise AssertionError(f"it did not come so far: {found}")


def test_a_cancel_ends_nested_runs_too(gated: Gated) -> None:
    _begun(gated)
    printed = said("cancel", gated.submit_dir)
    assert "cancelled" in printed
    status = told("status", gated.submit_dir)
    assert status["state"] == "cancelled"
    (sub,) = status["sub_workflows"]
    assert (sub["state"], sub["tasks"]["succeeded"], sub["tasks"]["running"]) == ("cancelled", 1, 0)
    summary = gated.buckets / sub["run"].removeprefix("s3://") / "summary.json"
    assert json.loads(summary.read_bytes())["state"] == "cancelled"


def test_a_nested_run_that_its_planner_has_left_alone_is_seen_and_ended(gated: Gated) -> None:
    (gated.base / "lost").touch()
    mark_sub_workflows(gated.submit_dir, {"sub": "f.yml"})
    said("run", "--vcpus", "4", gated.submit_dir, code=1)
    nest(gated, gated.url, "sub", _nested_jobs(gated.base), detached=True)
    running = _wait_for(gated, lambda one: one["tasks"]["running"] == 1)
    assert running["state"] == "running"
    assert told("status", gated.submit_dir)["state"] == "failed"
    _, _, talk = called("cancel", gated.submit_dir)
    assert "1 sub-workflow of it went on" in talk
    assert _wait_for(gated, lambda one: True)["state"] == "cancelled"


def test_a_nested_run_is_seen_while_it_goes_on_and_when_it_has_ended(gated: Gated) -> None:
    _begun(gated)
    block = said("status", gated.submit_dir)
    assert "SUB-WORKFLOW" in block and "1 of 2 done, 1 running" in block
    history = read_history(open_run(gated.submit_dir), tell=lambda text: None)
    assert (history.states["sub.n1"], history.states["sub.n2"]) == ("succeeded", "running")
    assert told("statistics", gated.submit_dir)["summary"]["sub_workflows"]["incomplete"] == 1
    gated.gate.touch()
    said("wait", gated.submit_dir)
    assert _wait_for(gated, lambda one: one["state"] == "succeeded")["tasks"]["succeeded"] == 2


def test_a_nested_run_delivers_nowhere_but_where_the_run_does(tmp_path: Path) -> None:
    with embedded_aws(tmp_path / "base") as base:
        submit_dir = planned_in(base, "odd", [lab_job("a", "planner", "echo > a", [], ["a"])])
        mark_sub_workflows(submit_dir, {"a": "f.yml"})
        ran_to(base, submit_dir, expected=0)
        desk = NestedDesk(base, submit_dir)
        jobs = [lab_job("t", "count", "echo made > t.txt", [], ["t.txt"], delivered=True)]
        url = f"{nest(desk, desk.url, 'a', jobs)}/plan/outputs.jsonl.gz"
        store = Store(s3_directory=desk.buckets)
        (row,) = [json.loads(line) for line in gzip.decompress(store.read(url)).splitlines()]
        outside = tmp_path / "outside" / "t.txt"
        store.write(url, _packed({**row, "destination": f"file://{outside}"}))
        _, _, talk = called("fetch", submit_dir)
        assert not outside.exists() and "1 outputs of sub-workflow a go to" in talk
        assert (base / "wf-output" / "t.txt").read_text() == "made\n"
        shutil.rmtree(submit_dir / "nested")
        stolen = {**row, "url": f"file://{submit_dir}/run.db", "destination": "s3://evil/run.db"}
        store.write(url, _packed(stolen))
        _, _, talk = called("fetch", submit_dir)
        assert "cannot be looked into" in talk and "of this machine" in talk
        assert not (desk.buckets / "evil").exists()


def _packed(row: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(row).encode() + b"\n")


def test_the_log_of_a_nested_task_is_followed_until_it_ends(gated: Gated) -> None:
    _begun(gated)
    gated.gate.touch()
    code, _, talk = called("logs", "--follow", gated.submit_dir, "sub.n2")
    assert code == 0 and "sub/L1-second:0" in talk
    said("wait", gated.submit_dir)
    found = told("logs", gated.submit_dir, "sub/L1-second:0")
    assert found["logs"][0]["array"] == "sub/L1-second"

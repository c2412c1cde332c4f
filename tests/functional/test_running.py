"""Runs on the embedded AWS from the command line: ends, failures, cancels, coming back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.emulator.background import local_folder, stop
from tests.functional.workflow_texts import shell_workflow

JOBS = """\
jobs:
  - type: job
    id: a
    name: sh
    arguments: ["-c", "'echo a > a.txt'"]
    uses: [{{lfn: a.txt, type: output, stageOut: true}}]
  - type: job
    id: b
    name: sh
    arguments: ["-c", "'{script}'"]
    uses: [{{lfn: b.txt, type: output, stageOut: true}}]
  - type: job
    id: c
    name: sh
    arguments: ["-c", "'cat a.txt b.txt > c.txt'"]
    uses:
      - {{lfn: a.txt, type: input}}
      - {{lfn: b.txt, type: input}}
      - {{lfn: c.txt, type: output, stageOut: true}}
"""


class Desk:
    """A directory in which workflows are planned and run from the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outputs = folder / "wf output"

    def pegbatch(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.words(), *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            timeout=120,
        )

    def words(self) -> list[str]:
        return [sys.executable, "-m", "pegbatch"]

    def plan(self, script: str, *options: str) -> Path:
        (self.folder / "wf.yml").write_text(shell_workflow("sketch", JOBS.format(script=script)))
        words = ("--dir", self.folder, "--output-dir", self.outputs, "--sites", "here", "--json")
        planned = self.pegbatch("plan", *words, *options, "wf.yml")
        assert planned.returncode == 0, planned.stderr
        return Path(json.loads(planned.stdout)["submit_dir"])

    def status(self, submit_dir: Path) -> dict[str, Any]:
        found = self.pegbatch("status", submit_dir, "--json")
        assert found.returncode == 0, found.stderr
        status: dict[str, Any] = json.loads(found.stdout)
        return status

    def job_names(self) -> list[str]:
        """Return the names of all jobs ever submitted here."""
        lines = (local_folder(self.folder) / "events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return sorted({event["name"] for event in events if event["child"] is None})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "a desk"
    folder.mkdir()
    yield Desk(folder)
    stop(local_folder(folder))


def test_a_run_ends_with_its_outputs_in_place_and_says_so(desk: Desk) -> None:
    submit_dir = desk.plan("echo b > b.txt")
    ran = desk.pegbatch("run", submit_dir)
    assert ran.returncode == 0, ran.stderr
    assert (desk.outputs / "c.txt").read_text() == "a\nb\n"
    assert "sketch: succeeded on the embedded AWS, 3 of 3 tasks" in ran.stdout
    assert f"c.txt         4 B  {desk.outputs}/c.txt" in ran.stdout
    assert str(submit_dir) in ran.stdout
    assert "the embedded AWS in" in ran.stderr
    again = desk.pegbatch("run", submit_dir, "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["state"] == "succeeded"
    assert len(desk.job_names()) == 3


def test_a_failed_task_fails_the_run_and_is_told_from_a_skipped_one(desk: Desk) -> None:
    submit_dir = desk.plan("echo how bad >&2; exit 3")
    ran = desk.pegbatch("run", submit_dir)
    assert ran.returncode == 1, ran.stderr
    assert "how bad" in ran.stdout
    status = desk.status(submit_dir)
    assert status["state"] == "failed"
    counts = {"succeeded": 1, "failed": 1, "skipped": 1, "running": 0, "waiting": 0}
    assert status["tasks"] == {"total": 3, **counts}
    assert "how bad" in desk.pegbatch("status", submit_dir).stdout
    (summary,) = local_folder(desk.folder).glob("s3/pegbatch/*/summary.json")
    told = json.loads(summary.read_text())
    of_a_look = {"throughput", "estimated_end", "retries", "lost_children", "cost", "waiting_for"}
    shared = status.keys() - of_a_look
    assert told.keys() == shared - {"levels"} | {"failures"}  # the verdict knows no levels
    assert (told["service"], told["tasks"]) == ("local", status["tasks"])
    assert 0 < told["seconds"] <= status["seconds"]
    fetched = desk.pegbatch("fetch", submit_dir, "--json")
    assert fetched.returncode == 1
    assert json.loads(fetched.stdout)["missing"] == ["b.txt", "c.txt"]
    assert (desk.outputs / "a.txt").read_text() == "a\n"


def test_where_batch_itself_fails_the_rest_the_summary_is_written_all_the_same(desk: Desk) -> None:
    (desk.folder / "pegasus.properties").write_text("pegbatch.on_failure = stop\n")
    submit_dir = desk.plan("exit 3")
    ran = desk.pegbatch("run", submit_dir, "--json")
    assert ran.returncode == 1, ran.stderr
    status = json.loads(ran.stdout)
    assert status["tasks"]["failed"] == status["tasks"]["skipped"] == 1
    (summary,) = local_folder(desk.folder).glob("s3/pegbatch/*/summary.json")
    told = json.loads(summary.read_text())
    assert (told["state"], told["tasks"]) == ("failed", status["tasks"])
    assert [failure["id"] for failure in told["failures"]] == ["b"]


def test_a_detached_run_is_waited_for_by_another_process(desk: Desk) -> None:
    gate = desk.folder.parent / "go"
    submit_dir = desk.plan(f"until test -e {gate}; do sleep 0.1; done; echo b > b.txt")
    detached = desk.pegbatch("run", submit_dir, "--detach", "--json")
    assert detached.returncode == 0, detached.stderr
    assert json.loads(detached.stdout)["state"] == "running"
    assert desk.status(submit_dir)["state"] == "running"
    gate.touch()
    waited = desk.pegbatch("wait", submit_dir)
    assert waited.returncode == 0, waited.stderr
    assert (desk.outputs / "c.txt").read_text() == "a\nb\n"


def test_ctrl_c_detaches_and_a_second_run_waits_for_the_same_jobs(desk: Desk) -> None:
    submit_dir = desk.plan(
        f"until test -e {desk.folder.parent}/go; do sleep 0.1; done; echo b > b.txt"
    )
    words = [*desk.words(), "run", str(submit_dir)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("running"):
                break
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130
    assert "the run goes on" in told
    assert f"pegbatch wait '{submit_dir}'" in told
    (desk.folder.parent / "go").touch()
    again = desk.pegbatch("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert len(desk.job_names()) == 3


@pytest.mark.slow
def test_a_client_killed_while_submitting_is_taken_up_where_it_stopped(desk: Desk) -> None:
    submit_dir = desk.plan("echo b > b.txt")
    words = [*desk.words(), "run", str(submit_dir)]
    log = SqliteRuns(submit_dir)
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        while [event.kind for event in log.events()].count("intent") < 2:
            assert process.poll() is None
        process.kill()
    again = desk.pegbatch("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert len(desk.job_names()) == 3
    assert (desk.outputs / "c.txt").read_text() == "a\nb\n"


def test_a_cancelled_run_ends_and_stays_cancelled(desk: Desk) -> None:
    submit_dir = desk.plan("sleep 100")
    assert desk.pegbatch("run", submit_dir, "--detach").returncode == 0
    cancelled = desk.pegbatch("cancel", submit_dir, "--json")
    assert cancelled.returncode == 0, cancelled.stderr
    assert json.loads(cancelled.stdout)["state"] == "cancelled"
    status = desk.status(submit_dir)
    assert status["state"] == "cancelled"
    assert status["tasks"]["failed"] == 0
    assert desk.pegbatch("wait", submit_dir).returncode == 1
    assert desk.pegbatch("cancel", submit_dir).returncode == 0


def test_a_directory_as_staging_site_needs_no_bucket(desk: Desk) -> None:
    submit_dir = desk.plan("echo b > b.txt")
    header = json.loads((submit_dir / "plan.json").read_text())
    header["staging_url"] = f"file://{desk.folder}/staging"
    (submit_dir / "plan.json").write_text(json.dumps(header))
    ran = desk.pegbatch("run", submit_dir)
    assert ran.returncode == 0, ran.stderr
    assert (desk.outputs / "c.txt").read_text() == "a\nb\n"

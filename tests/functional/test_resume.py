"""Resume on the embedded AWS: what is missing runs again, and nothing else does."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.emulator.background import ensure_running, local_folder, stop
from pegbatch.model.events import RunEvent
from tests.functional.resume_desk import (
    TASKS,
    ResumeDesk,
    once,
    submissions,
    successes,
    undisturbed,
)

ALL = sorted(undisturbed())


def assert_whole(desk: ResumeDesk, submit_dir: Path) -> None:
    """Check that a run has ended as if nothing had gone wrong."""
    assert desk.delivered() == undisturbed()
    assert successes(desk.store()) == once(ALL)
    sent = submissions(submit_dir)
    assert len(sent) == len(set(sent))
    tasks = desk.status(submit_dir)["tasks"]
    assert (tasks["total"], tasks["succeeded"]) == (TASKS, TASKS)
    summary = json.loads((desk.store() / "summary.json").read_text())
    assert (summary["state"], summary["tasks"]["succeeded"]) == ("succeeded", TASKS)


@pytest.mark.parametrize(
    ("reading", "options"),
    [
        ("child", ()),
        ("array", ("-Dpegbatch.array.by=auto",)),
        ("child", ("-Dpegbatch.pack.size=2",)),
        ("array", ("--cluster", "chain")),
        ("child", ("-Dpegbatch.on_failure=stop",)),
        ("array", ("-Dpegbatch.on_failure=stop",)),
    ],
    ids=["level", "auto", "packed", "chains", "stop-child", "stop-array"],
)
def test_after_a_failure_only_what_is_missing_runs_again(
    desk: ResumeDesk, reading: str, options: tuple[str, ...]
) -> None:
    ensure_running(local_folder(desk.base), options=("--n-to-n-failure", reading))
    submit_dir = desk.plan(*options)
    desk.breaks("a1")
    first = desk.call("run", submit_dir)
    assert first.returncode == 1, first.stderr
    done = set(successes(desk.store()))
    assert "a1" not in done
    desk.breaks()
    desk.ran()
    second = desk.call("run", submit_dir)
    assert second.returncode == 0, second.stderr + second.stdout
    assert f"resuming: {TASKS - len(done)} of {TASKS} tasks are missing" in second.stderr
    assert desk.ran() == once(set(ALL) - done)
    assert_whole(desk, submit_dir)
    assert desk.status(submit_dir)["try"] == 2


def test_over_the_wire_a_failed_run_is_resumed_too(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("b2")
    assert desk.call("run", "--wire", submit_dir).returncode == 1
    desk.breaks()
    desk.ran()
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert desk.ran() == once(["b2", "end"])
    assert desk.delivered() == undisturbed()


def test_a_wire_run_whose_objects_are_lost_is_done_all_over(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("b2")
    assert desk.call("run", "--wire", submit_dir).returncode == 1
    stop(local_folder(desk.base))
    fetched = desk.call("fetch", "--json", submit_dir)
    assert set(json.loads(fetched.stdout)["missing"]) == {"b2", "end"}, fetched.stderr
    desk.breaks()
    desk.ran()
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert desk.ran() == once(ALL)
    assert desk.delivered() == undisturbed()


def test_tries_go_on_until_all_is_done(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    for number, broken in enumerate((["a0", "a3"], ["a3"], ["end"], []), 1):
        desk.breaks(*broken)
        ended = desk.call("run", submit_dir)
        assert ended.returncode == int(bool(broken)), ended.stderr
        status = desk.status(submit_dir)
        assert status["try"] == number
        assert sum(status["tasks"].values()) == 2 * TASKS
        assert all(sum(a["children"].values()) == 4 for a in status["arrays"] if "-sh" in a["name"]
                   and a["name"][:2] in ("L0", "L1"))  # fmt: skip
    assert_whole(desk, submit_dir)
    assert "try 4" in desk.call("status", submit_dir).stdout


def test_a_cancelled_run_goes_on_where_it_was_ended(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    gate = desk.folder / "gate"
    path = desk.folder / "wf.yml"
    held = path.read_text().replace("cat seed; echo a2", f"cat seed; until test -e {gate}; do "
                                    "sleep 0.1; done; echo a2")  # fmt: skip
    path.write_text(held)
    shutil.rmtree(submit_dir)
    planned = desk.call(
        "plan", "--dir", desk.base, "--output-dir", desk.outputs, "-s", "here", "--json", path
    )
    submit_dir = Path(json.loads(planned.stdout)["submit_dir"])
    assert desk.call("run", "--detach", submit_dir).returncode == 0
    while "a2" not in (desk.tally.read_text() if desk.tally.exists() else ""):
        assert desk.status(submit_dir)["state"] == "running"
    assert desk.call("cancel", submit_dir).returncode == 0
    assert desk.status(submit_dir)["state"] == "cancelled"
    told = desk.call("cancel", submit_dir)
    assert "nothing is running: the run has been cancelled already" in told.stderr
    done = set(successes(desk.store()))
    assert "a2" not in done
    gate.touch()
    desk.ran()
    again = desk.call("run", "--resume", submit_dir)
    assert again.returncode == 0, again.stderr
    assert desk.ran() == once(set(ALL) - done)
    assert_whole(desk, submit_dir)


def test_a_failed_run_goes_on_when_batch_has_forgotten_all(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    forget(desk)
    desk.breaks()
    desk.ran()
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert desk.ran() == once(["a1", "b1", "end"])
    assert_whole(desk, submit_dir)


def test_a_run_that_nobody_watched_is_taken_up_when_batch_has_forgotten_it(
    desk: ResumeDesk,
) -> None:
    submit_dir = desk.plan()
    desk.breaks("b1")
    assert desk.call("run", "--detach", submit_dir).returncode == 0
    summary = desk.store() / "summary.json"
    while not summary.exists():
        assert desk.status(submit_dir)["state"] in ("running", "failed")
    log = SqliteRuns(submit_dir).events()
    forget(desk)
    rewind(submit_dir, [unended(event) for event in log if event.kind != "finished"])
    desk.breaks()
    desk.ran()
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert "resuming: 2 of 9 tasks are missing, in 2 of 3 arrays" in again.stderr
    assert desk.ran() == once(["b1", "end"])
    assert_whole(desk, submit_dir)


def forget(desk: ResumeDesk) -> None:
    """Let the embedded AWS lose all but its buckets."""
    folder = local_folder(desk.base)
    stop(folder)
    for path in folder.iterdir():
        if path.name == "s3":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def unended(event: RunEvent) -> RunEvent:
    """Return the event as it was while every job still ran."""
    if event.kind != "state":
        return event
    return replace(event, body={**event.body, "status": "RUNNING", "children": {"RUNNING": 1}})


def rewind(submit_dir: Path, events: Sequence[RunEvent]) -> None:
    """Write the log anew."""
    for path in submit_dir.glob("run.db*"):
        path.unlink()
    runs = SqliteRuns(submit_dir)
    for event in events:
        runs.append(event)


def test_a_client_killed_while_it_resumes_goes_on_with_the_same_try(desk: ResumeDesk) -> None:
    submit_dir = desk.plan("-Dpegbatch.array.by=cluster")
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    desk.breaks()
    log = [e.kind for e in SqliteRuns(submit_dir).events()]
    for _ in range(3):
        client = subprocess.Popen(
            [sys.executable, "-m", "pegbatch", "run", str(submit_dir)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seen = len(log)
        while client.poll() is None and len(SqliteRuns(submit_dir).events()) <= seen:
            pass
        client.send_signal(signal.SIGKILL)
        client.wait()
        log = [e.kind for e in SqliteRuns(submit_dir).events()]
    ended = desk.call("run", submit_dir)
    assert ended.returncode == 0, ended.stderr
    assert desk.status(submit_dir)["try"] == 2
    assert_whole(desk, submit_dir)


def test_what_cannot_be_resumed_is_said(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    early = desk.call("run", "--resume", submit_dir)
    assert (early.returncode, "never run" in early.stderr) == (3, True)
    assert desk.call("run", submit_dir).returncode == 0
    desk.ran()
    late = desk.call("run", "--resume", submit_dir)
    assert late.returncode == 0
    assert "the run has succeeded: there is nothing to run again" in late.stderr
    assert not desk.ran()


def test_a_dry_run_of_a_failed_run_shows_the_next_try_and_writes_nothing(
    desk: ResumeDesk,
) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    before = {path: path.read_bytes() for path in submit_dir.rglob("*") if path.is_file()}
    shown = desk.call("run", "--dry-run", "--json", submit_dir)
    assert shown.returncode == 0, shown.stderr
    assert "resuming: 3 of 9 tasks are missing, in 3 of 3 arrays" in shown.stderr
    requests = json.loads(shown.stdout)["requests"]
    commands = [r["containerOverrides"]["command"][1] for r in requests]
    assert commands == ["L0-sh.t2", "L1-sh.t2", "L2-sh.t2", "verdict.t2"]
    uploads = {row["url"].rpartition("/")[2] for row in json.loads(shown.stdout)["uploads"]}
    assert {"2.json", "L0-sh.t2.index", "worker.pyz"} <= uploads
    assert before == {path: path.read_bytes() for path in submit_dir.rglob("*") if path.is_file()}


def test_inputs_that_changed_since_are_not_needed_where_the_store_has_them(
    desk: ResumeDesk,
) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    desk.breaks()
    desk.seed.unlink()
    again = desk.call("run", submit_dir)
    assert again.returncode == 0, again.stderr
    assert_whole(desk, submit_dir)


def test_an_input_that_is_neither_here_nor_there_is_named(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    shutil.rmtree(local_folder(desk.base) / "s3" / "pegbatch" / "inputs")
    desk.seed.write_text("another\n")
    refused = desk.call("run", submit_dir)
    assert refused.returncode == 3
    assert f"{desk.seed}: the file is not what it was" in refused.stderr
    desk.seed.unlink()
    refused = desk.call("run", submit_dir)
    assert refused.returncode == 3
    assert f"{desk.seed}: the file is to be sent again, and cannot be read" in refused.stderr
    desk.seed.write_text("seed\n")
    desk.breaks()
    assert desk.call("run", submit_dir).returncode == 0
    assert_whole(desk, submit_dir)


def test_inputs_and_plan_that_were_damaged_in_the_store_are_sent_again(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    desk.breaks()
    (stored,) = (desk.store().parent / "inputs").iterdir()
    stored.write_bytes(b"SEED\n")
    again = desk.call("run", submit_dir)
    assert again.returncode == 1
    assert "the object was changed or damaged" in again.stdout + again.stderr
    for path in (desk.store() / "plan" / "arrays").iterdir():
        path.write_bytes(b"rubbish")
    mended = desk.call("run", submit_dir)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "damaged in the store, and brought or made again: s3://" in mended.stderr
    assert_whole(desk, submit_dir)


def test_a_file_of_the_run_that_was_damaged_is_made_again(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("end")
    assert desk.call("run", submit_dir).returncode == 1
    desk.breaks()
    (desk.store() / "data" / "b2").write_bytes(b"rubbish")
    assert desk.call("run", submit_dir).returncode == 1
    desk.ran()
    mended = desk.call("run", submit_dir)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert desk.ran() == once(["b2", "end"])
    assert desk.delivered() == undisturbed()


def test_two_resumes_at_once_do_not_meet(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    with SqliteRuns(submit_dir).lock():
        refused = desk.call("run", submit_dir)
    assert refused.returncode == 5
    assert "held by" in refused.stderr
    assert [e.kind for e in SqliteRuns(submit_dir).events()].count("run-started") == 1

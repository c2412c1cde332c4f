"""Pegasus's own Python client plans, runs and looks back by the commands of `pegasus-shims`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import LONGEST, ROOT, embedded_aws, pegbatch

CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lend a folder with a space in its path, with the commands on PATH."""
    with embedded_aws(tmp_path / "a client" / "work") as work:
        folder = work.parent
        made = pegbatch("pegasus-shims", folder / "pegasus home", cwd=folder)
        assert made.returncode == 0, made.stderr
        monkeypatch.setenv("PATH", f"{folder}/pegasus home/bin:{os.environ['PATH']}")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("HOME", str(folder / "home"))
        yield folder


def told_by(client: str, folder: Path) -> dict[str, Any]:
    """Run a client's script in the folder and return what it has written down."""
    words = [sys.executable, "-W", "ignore", CLIENTS / f"{client}.py", folder, folder / "told.json"]
    done = subprocess.run(
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return found


def test_an_unmodified_client_looks_into_a_failure_and_runs_the_rest(base: Path) -> None:
    told = told_by("api_client", base)
    submit_dir = Path(told["braindump"]["submit_dir"])
    assert submit_dir == base / "work" / submit_dir.relative_to(base / "work")
    assert told["run_output"]["submit_dir"] == str(submit_dir)
    assert told["braindump"]["pegasus_wf_name"] == "own.client-0"
    assert told["run_output"]["root_wf_uuid"] == told["braindump"]["root_wf_uuid"]

    failed = told["failed"]
    assert (failed["state"], failed["total"], failed["percent_done"]) == ("Failure", 3, 33.33)
    assert (failed["succeeded"], failed["failed"], failed["unready"]) == (1, 1, 1)
    code, output = told["analyzer"]
    assert code == 2
    assert " # jobs failed      :      1 (33.33%)" in output
    assert "second" in output and "no gate" in output

    succeeded = told["succeeded"]
    assert (succeeded["state"], succeeded["succeeded"]) == ("Success", 3)
    assert told["outputs"] == {"f.a": "one\n", "f.c": "one\none\n"}
    assert "Workflow wall time" in (submit_dir / "statistics" / "summary.txt").read_text()
    assert (base / "drawing.svg").read_text().startswith("<svg")
    assert (submit_dir / "own.client-0.dag.dagman.out").is_file()


def test_a_run_that_lost_its_watcher_is_taken_up_and_removed_half_way(base: Path) -> None:
    told = told_by("api_removed", base)
    assert told["again"] == 1
    assert told["sessions"] == [True, False]
    (submit_dir,) = (base / "work").glob("*/pegasus/removed/run0001")
    assert told["descriptors"] == [os.devnull, *[str(submit_dir / "watcher.log")] * 2]
    assert {job["pegasus_wf_dag_job_id"] for job in told["queue"]} >= {"removed-0", "verdict"}
    assert told["other"]
    assert told["removed"]["state"] == "Failure"
    assert told["removed"]["queued"] == 0
    status = pegbatch("status", "--json", submit_dir, cwd=base)
    assert json.loads(status.stdout)["state"] == "cancelled"
    assert list((base / "home" / ".cache" / "pegbatch" / "watched").iterdir()) == []


def test_workflows_in_workflows_are_planned_in_and_run(base: Path) -> None:
    submit_dir = Path(told_by("api_hierarchy", base)["submit_dir"])
    plan = json.loads((submit_dir / "plan.json").read_text())
    assert plan["planned_in"] == ["sub", "sub.deep"]
    copies = {path.name for path in (submit_dir / "catalogs").iterdir()}
    assert copies == {"sites.yml", "middle_sub.yml", "inmost_deep.yml"}

    ran = pegbatch("run", submit_dir, cwd=base)
    assert ran.returncode == 0, ran.stderr
    lines = "a\nb\nouter\ninmost\n"
    assert {path.name: path.read_text() for path in (base / "out").iterdir()} == {
        "note": "outer\n",
        "scratch": lines,
        "lines": lines,
        "result": f"middle\n{lines}",
        "last": f"middle\n{lines}" * 2,
    }


def test_a_workflow_that_a_job_writes_fails_inside_and_is_resumed_from_the_top(base: Path) -> None:
    told = told_by("api_run_time", base)
    assert told["failed"]["state"] == "Failure"
    assert sorted(told["ran"]) == ["first", "lead", "w1", "w2", "w3"]
    code, output = told["analyzer"]
    assert code == 2
    assert "sub.dyn.w2" in output and "no gate" in output

    assert (told["succeeded"]["state"], told["succeeded"]["failed"]) == ("Success", 0)
    assert sorted(told["ran_at_last"]) == sorted([*told["ran"], "w2", "end"])
    assert told["outputs"] == {
        "mid": "outer\n",
        "side.txt": "b\na\n",
        "last.txt": "outer\na\nb\n",
    }
    submit_dir = Path(told["submit_dir"])
    rows = (submit_dir / "statistics" / "summary.txt").read_text().splitlines()
    (row,) = (line.split() for line in rows if "Sub-Workflows" in line)
    # `sub` is planned in, `sub.dyn` in the run, twice.
    assert row == ["Sub-Workflows", "2", "0", "0", "2", "1", "3"]

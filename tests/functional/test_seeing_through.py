"""A sub-workflow that a job writes fails inside, is seen through, mended, and run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pegbatch
from tests.functional.commands import LONGEST, ROOT, called, embedded_aws, planned
from tests.functional.seen_runs import lab_job

CATALOG = {
    "pegasus": "5.0",
    "transformations": [
        {
            "namespace": "lab",
            "name": name,
            "version": "1.0",
            "sites": [{"name": "here", "pfn": "/bin/sh", "type": "installed"}],
        }
        for name in ("write", "fine", "bad", "read")
    ],
}
SITES = {"pegasus": "5.0", "sites": [{"name": "local"}, {"name": "here"}]}


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with embedded_aws(tmp_path / "base") as base:
        monkeypatch.chdir(base)
        yield base


def write_files(base: Path) -> Path:
    """Write a workflow whose first job writes another one, and its catalogs."""
    (base / "inner.json").write_text(json.dumps(_inner(base)))
    (base / "transformations.yml").write_text(json.dumps(CATALOG))
    (base / "sites.yml").write_text(json.dumps(SITES))
    write = lab_job("lead", "write", f"cat {base}/inner.json > inner.yml", [], ["inner.yml"])
    uses = [
        {"lfn": "inner.yml", "type": "input", "forPlanning": True},
        {"lfn": "made.txt", "type": "output", "stageOut": False},
    ]
    sub = {"type": "pegasusWorkflow", "id": "sub", "file": "inner.yml", "uses": uses}
    read = lab_job(
        "last", "read", "cat made.txt > last.txt", ["made.txt"], ["last.txt"], delivered=True
    )
    workflow = base / "outer.yml"
    workflow.write_text(json.dumps({"pegasus": "5.0", "name": "outer", "jobs": [write, sub, read]}))
    return workflow


def _inner(base: Path) -> dict[str, Any]:
    mended = f"test -e {base}/mended || {{ echo not mended >&2; exit 3; }}; "
    jobs = [
        lab_job("ok", "fine", "echo fine > ok.txt", [], ["ok.txt"], delivered=True),
        lab_job("bad", "bad", mended + "cat ok.txt > made.txt", ["ok.txt"], ["made.txt"]),
    ]
    return {"pegasus": "5.0", "name": "inner", "jobs": jobs}


def told(word: str, *words: str | Path, code: int = 0) -> dict[str, Any]:
    ended, printed, talk = called(word, "--json", *words)
    assert ended == code, f"{word}: exit code {ended}\n{printed}{talk}"
    found: dict[str, Any] = json.loads(printed)
    return found


def run(submit_dir: Path) -> int:
    """Run in a process of its own: its environment is that of a user."""
    return subprocess.run(
        [sys.executable, "-m", "pegbatch", "run", str(submit_dir)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=submit_dir,
        stdout=subprocess.DEVNULL,
        timeout=LONGEST,
        check=False,
    ).returncode


def test_a_failure_inside_is_found_mended_and_run_again(base: Path, tmp_path: Path) -> None:
    out = base / "results"
    options = ("-Ddagman.retry=0", "--sites", "here", "--output-dir", str(out))
    submit_dir = Path(planned(write_files(base), base, *options)["submit_dir"])
    (sub_planned,) = told("status", submit_dir)["sub_workflows"]
    assert (sub_planned["id"], sub_planned["state"]) == ("sub", "planned")
    assert run(submit_dir) == 1
    (group,) = told("analyze", submit_dir, code=1)["failures"]
    assert (group["ids"], group["skipped_ids"]) == (["sub.bad"], ["last"])
    assert "not mended" in group["example"]["stderr_tail"]
    again = told("debug", "--run", "--into", tmp_path / "bad", submit_dir, "sub.bad", code=1)
    assert (again["id"], again["array"]) == ("sub.bad", "sub/L1-bad")
    code, _, talk = called("debug", "--into", tmp_path / "sub", submit_dir, "sub")
    assert code == 3 and "plans and runs a workflow" in talk
    assert (out / "ok.txt").read_text() == "fine\n"

    (base / "mended").touch()
    assert run(submit_dir) == 0
    assert (out / "last.txt").read_text() == "fine\n"
    (sub,) = pegbatch.Run(submit_dir).sub_workflows()
    assert (sub.state, sub.number, sub.tasks.succeeded) == ("succeeded", 2, 2)
    summary = told("statistics", submit_dir)["summary"]
    assert summary["tasks"]["succeeded"] == summary["tasks"]["total"] == 4
    assert summary["tasks"]["retries"] == 1
    row = summary["sub_workflows"]
    assert (row["succeeded"], row["retries"]) == (1, 1)
    story = told("analyze", submit_dir, "sub.bad")
    assert [(one["try"], one["state"]) for one in story["executions"]] == [
        (1, "failed"),
        (2, "succeeded"),
    ]


def test_failures_of_planned_in_sub_workflows_are_told_apart(base: Path) -> None:
    (base / "transformations.yml").write_text(json.dumps(CATALOG))
    (base / "sites.yml").write_text(json.dumps(SITES))
    for name, end in (("good", "echo > x.txt"), ("poor", "exit 9")):
        jobs = [
            lab_job("mk", "write", end, [], ["x.txt"]),
            lab_job("use", "read", "cat x.txt > y.txt", ["x.txt"], ["y.txt"]),
        ]
        inner = {"pegasus": "5.0", "name": name, "jobs": jobs}
        (base / f"{name}.yml").write_text(json.dumps(inner))
    uses = [("poor", "poor.yml"), ("good", "good.yml"), ("other", "good.yml")]
    jobs = [{"type": "pegasusWorkflow", "id": id_, "file": file, "uses": []} for id_, file in uses]
    workflow = base / "outer.yml"
    workflow.write_text(json.dumps({"pegasus": "5.0", "name": "outer", "jobs": jobs}))
    options = ("-Ddagman.retry=0", "--sites", "here")
    submit_dir = Path(planned(workflow, base, *options)["submit_dir"])
    assert run(submit_dir) == 1
    found = told("analyze", submit_dir, code=1)
    assert [(one["ids"], one["skipped_ids"]) for one in found["failures"]] == [
        (["poor.mk"], ["poor.use"])
    ]
    assert found["unexplained"] == 0
    row = told("statistics", submit_dir)["summary"]["sub_workflows"]
    assert (row["total"], row["succeeded"], row["failed"], row["incomplete"]) == (3, 2, 1, 0)
    code, _, talk = called("debug", "--into", base / "here", submit_dir, "poor.use")
    assert code == 5 and "its producer poor.mk" in talk
    assert "sub_workflows" not in told("status", submit_dir)

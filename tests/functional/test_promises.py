"""Checkpoints, messages, hooks, integrity: from the workflow file to the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.emulator.background import local_folder, stop
from tests.functional.commands import pegbatch

WORKFLOW = """
pegasus: "5.0"
name: promises
hooks:
  shell:
  - {_on: start, cmd: "sh -c 'echo WF $PEGASUS_EVENT >>hooked'"}
  - {_on: all, cmd: "sh -c 'echo ALL $PEGASUS_EVENT $PEGASUS_STATUS >>hooked'"}
  - {_on: error, cmd: "no-such-program"}
transformationCatalog:
  transformations:
  - name: sh
    sites: [{name: here, type: installed, pfn: /bin/sh}]
    hooks: {shell: [{_on: success, cmd: "echo of the transformation"}]}
siteCatalog: {sites: [{name: here, directories: []}]}
jobs:
- type: job
  id: steps
  name: sh
  arguments: ["-c", "'echo x >>state; test $(wc -l <state) -ge 3 && cp state result'"]
  profiles: {dagman: {retry: 3}}
  uses:
  - {lfn: state, type: checkpoint, stageOut: false}
  - {lfn: result, type: output}
  hooks: {shell: [{_on: error, cmd: "sh -c 'cat state >&2'"}]}
- type: job
  id: liar
  name: sh
  arguments: ["-c", "'echo all is lost'"]
  profiles: {pegasus: {exitcode.failuremsg: "is l.st$"}, dagman: {retry: 0}}
  uses: []
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a directory with the workflow, and end its embedded AWS."""
    (tmp_path / "workflow.yml").write_text(WORKFLOW)
    yield tmp_path
    stop(local_folder(tmp_path))


def plan(folder: Path, *options: str) -> Path:
    planned = pegbatch("plan", "--json", "-O", "out", *options, cwd=folder)
    assert planned.returncode == 0, planned.stderr
    return Path(json.loads(planned.stdout)["submit_dir"])


def test_a_run_keeps_its_promises(folder: Path) -> None:
    submit_dir = plan(folder, "-Dpegasus.integrity.checking=none")
    ended = pegbatch("run", "--json", submit_dir, cwd=folder)
    assert ended.returncode == 1, ended.stderr
    tasks = json.loads(ended.stdout)["tasks"]
    assert (tasks["succeeded"], tasks["failed"]) == (1, 1)
    assert (folder / "out" / "result").read_text() == "x\nx\nx\n"
    assert not (folder / "out" / "state").exists()
    logs = "".join(path.read_text() for path in (folder / "local-aws" / "s3").rglob("*.log"))
    assert logs.count("checkpoint file state saved") == 2
    assert "its output matches exitcode.failuremsg 'is l.st$'" in logs
    assert logs.count("of the transformation") == 1
    said = "WF start\nALL start\nALL at_end 1\n"
    assert (submit_dir / "hooked").read_text() == said
    assert "warning: hook on_error: no-such-program: " in ended.stderr
    assert pegbatch("wait", submit_dir, cwd=folder).returncode == 1
    assert (submit_dir / "hooked").read_text() == said
    # Another try is begun and ends: the same hooks, once more.
    assert pegbatch("run", submit_dir, cwd=folder).returncode == 1
    assert (submit_dir / "hooked").read_text() == 2 * said


def test_a_submitted_plan_has_its_last_hooks_run_by_who_waits(folder: Path) -> None:
    planned = pegbatch("plan", "-J", "-S", "-j", "mine-", "-O", "out", "-r", cwd=folder)
    assert planned.returncode == 0, planned.stderr
    told = json.loads(planned.stdout)
    hooked = Path(told["submit_dir"]) / "hooked"
    assert "/mine-promises-" in told["run"]
    assert hooked.read_text() == "WF start\nALL start\n"
    waited = pegbatch("wait", told["submit_dir"], cwd=folder)
    assert waited.returncode == 1, waited.stderr
    assert hooked.read_text().endswith("ALL at_end 1\n")

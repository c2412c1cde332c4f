"""What the benchmarks measure is what they say; how long it takes is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.generate_workflow import SHAPES, write_workflow
from benchmarks.rows import Row
from benchmarks.run import BENCHMARKS
from pegbatch.adapters.planning_inputs import load_workflow
from pegbatch.model.workflow import Workflow

ROOT = Path(__file__).resolve().parent.parent


def table(workflow: Workflow) -> list[object]:
    tasks = workflow.tasks
    files = [workflow.lfns[lfn] for lfn in tasks.use_lfns]
    edges = sorted(zip(workflow.edges.parents, workflow.edges.children, strict=True))
    profiles = [workflow.profile_sets[number] for number in tasks.profiles]
    return [tasks.ids, tasks.arguments, files, list(tasks.use_flags), edges, profiles]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_the_same_workflow_in_both_formats(shape: str, tmp_path: Path) -> None:
    read = []
    for name in ("w.dax", "w.yml"):
        write_workflow(tmp_path / name, 40, shape)
        read.append(load_workflow(tmp_path / name, {}))
    assert table(read[0]) == table(read[1])
    assert len(read[0].tasks) == 40
    assert not read[0].defects


def test_a_bound_is_held_against_the_ratio_or_the_value() -> None:
    row = Row(name="x", size=1, value=6.0, unit="s", floor=2.0, bound=3.0)
    assert (row.ratio, row.is_kept) == (3.0, True)
    assert Row(name="x", size=1, value=6.0, unit="s", bound=3.0).is_kept is False
    assert Row(name="x", size=1, value=6.0, unit="s").is_kept is None


def test_the_runner_names_its_benchmarks_and_refuses_others() -> None:
    command = [sys.executable, "-m", "benchmarks.run"]
    listed = subprocess.run([*command, "--list"], cwd=ROOT, capture_output=True, text=True)
    assert listed.stdout.split() == list(BENCHMARKS)
    refused = subprocess.run([*command, "nonsense"], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "unknown: nonsense" in refused.stderr


def test_planning_is_measured_from_the_outside() -> None:
    command = [sys.executable, "-m", "benchmarks.plan_time", "--tasks", "40", "--repeat", "1"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert [row["unit"] for row in rows] == ["s", "CPU s", "MiB", "bytes/task"]
    assert all(row["value"] > 0 for row in rows)

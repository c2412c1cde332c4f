"""The examples of leaders, steps, records and environments run to what their pages promise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import EXAMPLES, answer, embedded_aws
from tests.functional.test_examples import promised
from tests.plan_checker import problems_of
from tests.workflow_reader import read_workflow

WORKFLOWS = {
    "leader-follower": "leader-follower.yml",
    "leader-follower-dynamic": "leader-follower-dynamic.yml",
    "six-steps": "six-steps.dax",
    "records": "records.dax",
    "reproject": "reproject.yml",
}


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for runs."""
    with embedded_aws(tmp_path / "runs") as folder:
        yield folder


def plan_example(name: str, base: Path, workflow: Path | None = None) -> dict[str, Any]:
    """Plan an example from its own folder, as its page says."""
    file = workflow or EXAMPLES / name / WORKFLOWS[name]
    options = ("--dir", base, "--output-dir", base / "outputs")
    conf = EXAMPLES / name / "pegasus.properties"
    found = answer("plan", "--conf", conf, *options, file, cwd=EXAMPLES / name)
    assert problems_of(Path(found["submit_dir"]), file) == []
    return found


def links(requests: list[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Return, by job, what it waits for and how; helpers left out."""
    return {
        request["jobName"].partition("-RUN-")[2]: [
            (link["jobId"], link.get("type", "ALL")) for link in request.get("dependsOn", ())
        ]
        for request in requests
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_an_example_comes_out_as_promised(name: str, base: Path) -> None:
    plan = plan_example(name, base)
    status = answer("run", plan["submit_dir"], cwd=EXAMPLES / name)
    assert status["state"] == "succeeded"
    assert status["tasks"]["succeeded"] == status["tasks"]["total"] == plan["tasks"]
    found = {
        path.name: sha256(path.read_bytes()).hexdigest() for path in (base / "outputs").iterdir()
    }
    assert found == promised(EXAMPLES / name)


def test_six_steps_wait_for_each_other_child_by_child_where_they_can(tmp_path: Path) -> None:
    workflow = read_workflow(EXAMPLES / "six-steps" / "six-steps.dax")
    assert workflow.levels() == {"A": 0, "B": 1, "C": 1, "D": 2, "E": 2, "F": 3}
    plan = plan_example("six-steps", tmp_path)
    sent = answer("run", "--dry-run", plan["submit_dir"], cwd=tmp_path)
    assert links(sent["requests"])["L2-mixed"] == [("L1-mixed", "N_TO_N")]


@pytest.mark.slow
def test_records_as_wide_as_batch_allows_pass_the_dry_run(tmp_path: Path) -> None:
    large = tmp_path / "large.dax"
    script = EXAMPLES / "records" / "generate.py"
    subprocess.run([sys.executable, script, "400000", "10000", large], check=True)
    plan = plan_example("records", tmp_path, large)
    sent = answer("run", "--dry-run", plan["submit_dir"], cwd=tmp_path)
    found = links(sent["requests"])
    assert found["L0-make"] == []
    assert found["L1-mix"] == [("L0-make", "N_TO_N")]
    assert found["L2-sum"] == [("L1-mix", "N_TO_N")]
    sizes = [one.get("arrayProperties", {}).get("size") for one in sent["requests"]]
    assert sizes.count(10_000) == 3


@pytest.mark.parametrize(
    ("name", "numbers"), [("leader-follower", ["8"]), ("records", ["40", "4"])]
)
def test_a_workflow_is_what_its_script_writes(
    name: str, numbers: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "written"
    script = EXAMPLES / name / "generate.py"
    subprocess.run([sys.executable, script, *numbers, target], check=True)
    assert target.read_bytes() == (EXAMPLES / name / WORKFLOWS[name]).read_bytes()


def test_reproject_asks_for_its_sizes_parameters_and_tags(tmp_path: Path) -> None:
    plan = plan_example("reproject", tmp_path)
    sent = answer("run", "--dry-run", plan["submit_dir"], cwd=EXAMPLES / "reproject")
    warp, join = sent["requests"][:2]
    requirements = warp["containerOverrides"]["resourceRequirements"]
    assert {one["type"]: one["value"] for one in requirements} == {
        "VCPU": "2",
        "MEMORY": "3800",
        "GPU": "1",
    }
    assert warp["parameters"] == {"projection": "TAN"}
    assert "parameters" not in join
    assert warp["tags"] == join["tags"] == {"project": "reproject"}
    assert warp["jobDefinition"] == "reproject-job-definition"

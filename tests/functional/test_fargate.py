"""A run on a queue that turns out to be on Fargate: nobody has to say so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.aws_clients import local_client
from tests.functional.commands import EXAMPLES, called, embedded_aws, planned

ENVIRONMENT = {
    "computeEnvironmentName": "tasks",
    "computeResources": {
        "type": "FARGATE_SPOT",
        "maxvCpus": 4,
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
    },
}
DEFINITION = {
    "jobDefinitionName": "task",
    "platformCapabilities": ["FARGATE"],
    "containerProperties": {
        "image": "registry.example/fetch-and-run:1",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "2048"},
        ],
    },
}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Copy the black diamond, on an environment of Fargate."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLES / "black-diamond", folder)
    (folder / "ce.json").write_text(json.dumps(ENVIRONMENT))
    (folder / "jd.json").write_text(json.dumps(DEFINITION))
    with (folder / "pegasus.properties").open("a") as properties:
        properties.write(f"pegasus.aws.batch.compute_environment = {folder / 'ce.json'}\n")
        properties.write(f"pegasus.aws.batch.job_definition = {folder / 'jd.json'}\n")
    return folder


def plan(folder: Path, base: Path, *options: str) -> str:
    conf = ("--conf", str(folder / "pegasus.properties"), "--output-dir", str(folder / "out"))
    return str(planned(folder / "diamond.dax", base, *conf, *options)["submit_dir"])


def jobs_of(base: Path, ids: list[str]) -> list[dict[str, Any]]:
    address = json.loads((base / "local-aws" / "emulator.json").read_text())["address"]
    with local_client("batch", address) as batch:
        found: list[dict[str, Any]] = batch.describe_jobs(jobs=ids)["jobs"]  # type: ignore[attr-defined]
    return found


def test_sizes_and_retry_rules_are_those_of_fargate_without_being_asked_for(
    example: Path, tmp_path: Path
) -> None:
    with embedded_aws(tmp_path / "work") as base:
        code, out, talk = called("run", "--json", plan(example, base))
        assert code == 0, talk
        jobs = jobs_of(base, [array["job_id"] for array in json.loads(out)["arrays"]])
    assert {job["status"] for job in jobs} == {"SUCCEEDED"}
    for job in jobs:
        asked = {one["type"]: one["value"] for one in job["container"]["resourceRequirements"]}
        assert asked == {"VCPU": "1", "MEMORY": "2048"}
        rules = job["retryStrategy"]["evaluateOnExit"]
        assert "Your Spot Task was interrupted*" in [rule.get("onStatusReason") for rule in rules]


def test_gpus_on_a_queue_of_fargate_are_refused_before_anything_is_sent(
    example: Path, tmp_path: Path
) -> None:
    with embedded_aws(tmp_path / "work") as base:
        code, _, talk = called("run", plan(example, base, "-Dpegasus.gpus=1"))
        assert code == 4
        assert "L1-findrange asks for 1 GPUs: Fargate has no GPUs" in talk
        assert not (base / "local-aws" / "s3" / "pegbatch" / "inputs").exists()

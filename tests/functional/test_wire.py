"""`--wire`: the same runs over the S3 protocol, to the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from pegbatch.emulator import background
from tests.functional.commands import EXAMPLES, called, embedded_aws, pegbatch, planned
from tests.functional.emulator_bench import CONTAINER, RESOURCES, client, until
from tests.functional.test_random_runs import expected_outputs, write_files

PROXY = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
"""Of a user behind a proxy, which is not for this machine."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lend a folder for runs, all on one embedded AWS."""
    with embedded_aws(tmp_path_factory.mktemp("wire") / "a b") as folder:
        yield folder


def run(submit_dir: str, base: Path, *options: str) -> dict[str, Any]:
    """Run a plan to its end and return its status."""
    result = pegbatch("run", "--json", *options, submit_dir, cwd=base, environment=PROXY)
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def plan_example(name: str, workflow: str, base: Path, outputs: Path) -> str:
    conf = str(EXAMPLES / name / "pegasus.properties")
    words = ("--conf", conf, "--output-dir", str(outputs))
    return str(planned(EXAMPLES / name / workflow, base, *words)["submit_dir"])


def promised(name: str) -> dict[str, str]:
    text = (EXAMPLES / name / "README.md").read_text()
    return {file: digest for digest, file in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.M)}


@pytest.mark.slow
def test_the_black_diamond_has_the_same_bytes_with_and_without_the_wire(base: Path) -> None:
    name, workflow = "black-diamond", "diamond.dax"
    over_wire = plan_example(name, workflow, base, base / "wired")
    in_directories = plan_example(name, workflow, base, base / "plain")
    wired, plain = run(over_wire, base, "--wire"), run(in_directories, base)
    assert wired["state"] == plain["state"] == "succeeded"
    assert files(base / "wired") == files(base / "plain") != {}
    folders = [path.name for path in (base / "local-aws" / "s3").glob("*/*/*")]
    assert wired["run"].rpartition("/")[2] not in folders
    assert plain["run"].rpartition("/")[2] in folders


@pytest.mark.slow
def test_montage_25_comes_out_as_promised_over_the_wire(base: Path) -> None:
    submit_dir = plan_example("montage-25", "montage-25.dax", base, base / "montage")
    run(submit_dir, base, "--wire")
    made = {name: sha256(data).hexdigest() for name, data in files(base / "montage").items()}
    assert made == promised("montage-25")


@pytest.mark.slow
def test_a_random_workflow_in_bags_comes_out_right_over_the_wire(
    base: Path, tmp_path: Path
) -> None:
    workflow = write_files(tmp_path, seed=100)
    outputs = tmp_path / "outputs"
    plan = planned(workflow, base, "--output-dir", str(outputs), "-Dpegbatch.pack.size=3")
    run(plan["submit_dir"], base, "--wire", "--vcpus", "8")
    made = {name: data.decode() for name, data in files(outputs).items()}
    assert made == expected_outputs(workflow)


@pytest.mark.slow
def test_later_commands_know_of_the_wire_and_say_when_its_objects_are_lost(tmp_path: Path) -> None:
    with embedded_aws(tmp_path / "lost") as base:
        submit_dir = plan_example("black-diamond", "diamond.yml", base, base / "outputs")
        code, _, said = called("run", "--detach", "--wire", submit_dir)
        assert code == 0, said
        code, told, said = called("run", "--wire", "--aws", submit_dir)
        assert (code, "on the embedded AWS already" in said) == (2, True)
        code, told, said = called("wait", submit_dir)
        assert code == 0, told + said
        assert len(files(base / "outputs")) == 3
        background.stop(background.local_folder(base))
        code, told, said = called("status", submit_dir)
        assert code == 0, said
        assert "black-diamond: succeeded" in told
        assert "those of this run are lost" in said


@pytest.mark.slow
def test_buckets_that_a_run_names_are_made(base: Path, tmp_path: Path) -> None:
    workflow = write_files(tmp_path, seed=7)
    document = yaml.safe_load(workflow.read_text())
    document["siteCatalog"] = {
        "sites": [
            site("aws-batch", "sharedScratch", "s3://me@amazon/fresh-staging/scratch"),
            site("results", "sharedStorage", "s3://me@amazon/fresh-results/some where"),
        ]
    }
    workflow.write_text(yaml.safe_dump(document))
    plan = planned(workflow, base, "--sites", "aws-batch", "--output-sites", "results")
    assert run(plan["submit_dir"], base, "--wire")["run"].startswith("s3://fresh-staging/scratch/")
    endpoint = background.running(background.local_folder(base))
    assert endpoint is not None
    s3 = client("s3", endpoint)
    made = {
        name: s3.get_object(Bucket="fresh-results", Key=f"some where/{name}")["Body"].read()
        for name in expected_outputs(workflow)
    }
    s3.close()
    assert {name: data.decode() for name, data in made.items()} == expected_outputs(workflow)


@pytest.mark.slow
def test_a_run_on_amazon_can_be_tried_on_the_one_address(base: Path, tmp_path: Path) -> None:
    workflow = write_files(tmp_path, seed=8)
    document = yaml.safe_load(workflow.read_text())
    document["siteCatalog"] = {
        "sites": [site("aws-batch", "sharedScratch", "s3://me@amazon/as-on-amazon/scratch")]
    }
    workflow.write_text(yaml.safe_dump(document))
    outputs = tmp_path / "outputs"
    properties = {
        "pegasus.aws.region": "us-east-1",
        "pegasus.aws.account": "123456789012",
        "pegasus.aws.batch.job_definition": "as-on-amazon-d",
        "pegasus.aws.batch.job_queue": "as-on-amazon-q",
    }
    words = [f"-D{name}={value}" for name, value in properties.items()]
    plan = planned(workflow, base, "--output-dir", str(outputs), *words)
    endpoint = background.ensure_running(background.local_folder(base))
    make_account(endpoint)
    found = pegbatch(
        *("run", "--aws", plan["submit_dir"]),
        cwd=base,
        environment={
            "AWS_ENDPOINT_URL": endpoint.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        },
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "on Amazon" in found.stdout
    made = {name: data.decode() for name, data in files(outputs).items()}
    assert made == expected_outputs(workflow)


def make_account(endpoint: background.Endpoint) -> None:
    """Make what must be there on Amazon: bucket, queue, definition."""
    s3, batch = client("s3", endpoint), client("batch", endpoint)
    s3.create_bucket(Bucket="as-on-amazon")
    batch.create_compute_environment(
        computeEnvironmentName="as-on-amazon",
        type="MANAGED",
        computeResources={**RESOURCES, "maxvCpus": 8},
    )
    until(
        lambda: (
            batch.describe_compute_environments(computeEnvironments=["as-on-amazon"])[
                "computeEnvironments"
            ][0]["status"]
            == "VALID"
        )
    )
    batch.create_job_queue(
        jobQueueName="as-on-amazon-q",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "as-on-amazon"}],
    )
    batch.register_job_definition(
        jobDefinitionName="as-on-amazon-d", type="container", containerProperties=CONTAINER
    )
    s3.close()
    batch.close()


def site(name: str, kind: str, url: str) -> dict[str, Any]:
    server = {"operation": "all", "url": url}
    return {"name": name, "directories": [{"type": kind, "path": "/x", "fileServers": [server]}]}

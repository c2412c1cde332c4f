"""Life cycles that moto lacks: updates and deletions beside running jobs, on the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pegbatch.cli import aws_batch_main
from pegbatch.cli import main as pegbatch_main
from pegbatch.emulator import presence
from pegbatch.emulator.background import ensure_running, local_folder, stop
from pegbatch.emulator.presence import Endpoint
from tests.fake_account import write_json
from tests.functional.commands import EXAMPLES, planned
from tests.functional.emulator_bench import until
from tests.wire_s3 import s3_server, use_credentials

RESOURCES: dict[str, Any] = {
    "type": "EC2",
    "subnets": ["subnet-1"],
    "instanceTypes": ["optimal"],
    "instanceRole": "ecsInstanceRole",
    "minvCpus": 0,
    "maxvCpus": 4,
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Endpoint, str]]:
    """Serve Batch by the embedded AWS, and S3 by moto."""
    folder = local_folder(tmp_path_factory.mktemp("entities"))
    with s3_server() as url:
        yield ensure_running(folder), url
    stop(folder)


class Bench:
    """A user's folder, and what is served."""

    def __init__(self, endpoint: Endpoint, folder: Path, capsys: Any) -> None:
        self.endpoint, self.folder, self.capsys = endpoint, folder, capsys
        self.batch = boto3.client(
            "batch",
            endpoint_url=endpoint.url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    def run(self, action: str, prefix: str, *more: str, **resources: Any) -> tuple[int, Any, str]:
        """Return exit code, actions by name, and what was said."""
        container = {"image": "busybox", "vcpus": 1, "memory": 64, "command": ["true"]}
        write_json(self.folder / "jd.json", {"containerProperties": container})
        write_json(self.folder / "ce.json", {"computeResources": {**RESOURCES, **resources}})
        files = ["-j", "jd.json", "--ce", "ce.json"] if action != "--delete" else ["--yes"]
        words = [action, "-p", prefix, "-a", "123456789012", *files, "--json", *more]
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            aws_batch_main.main(words)
        said = self.capsys.readouterr()
        entities = json.loads(said.out).get("entities", ()) if said.out else ()
        actions = {one["name"]: one["action"] for one in entities}
        assert isinstance(end.value.code, int)
        return end.value.code, actions, said.err

    def submit(self, prefix: str, flag: Path) -> str:
        """Start a job that runs until a file appears."""
        wait = f"while ! test -e '{flag}'; do sleep 0.05; done"
        found: str = self.batch.submit_job(
            jobName="waits",
            jobQueue=f"{prefix}-job-queue",
            jobDefinition=f"{prefix}-job-definition",
            containerOverrides={"command": ["/bin/sh", "-c", wait]},
        )["jobId"]
        until(lambda: self.status(found) == "RUNNING")
        return found

    def status(self, job: str) -> str:
        (found,) = self.batch.describe_jobs(jobs=[job])["jobs"]
        return str(found["status"])


@pytest.fixture
def bench(
    servers: tuple[Endpoint, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Bench:
    endpoint, url = servers
    use_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BATCH", endpoint.url)
    monkeypatch.chdir(tmp_path)
    return Bench(endpoint, tmp_path, capsys)


def test_an_update_lets_the_running_job_end_and_then_deletes(bench: Bench, tmp_path: Path) -> None:
    assert bench.run("--create", "green")[0] == 0
    flag = tmp_path / "flag"
    job = bench.submit("green", flag)
    code, actions, said = bench.run("--update", "green", "--wait", "1", instanceTypes=["m5"])
    assert code == 0, said
    assert actions["green-compute-env-b"] == "replaced"
    assert actions["green-compute-env"] == "draining"
    assert bench.status(job) == "RUNNING"
    flag.touch()
    until(lambda: bench.status(job) == "SUCCEEDED")
    code, actions, said = bench.run("--update", "green", instanceTypes=["m5"])
    assert (code, actions["green-compute-env"]) == (0, "deleted"), said
    code, actions, said = bench.run("--create", "green", instanceTypes=["m5"])
    assert set(actions.values()) == {"unchanged"}
    assert bench.run("--delete", "green")[0] == 0


def test_what_is_in_use_is_not_deleted(bench: Bench, tmp_path: Path) -> None:
    assert bench.run("--create", "used")[0] == 0
    flag = tmp_path / "flag"
    job = bench.submit("used", flag)
    code, actions, said = bench.run("--delete", "used")
    assert (code, actions) == (5, {})
    assert "used-job-queue holds job waits" in said
    assert "bucket used-bucket: stays" in said
    assert bench.status(job) == "RUNNING"
    flag.touch()
    until(lambda: bench.status(job) == "SUCCEEDED")
    code, actions, said = bench.run("--delete", "used")
    assert (code, set(actions.values())) == (0, {"deleted"}), said


def test_a_throttled_account_is_set_up_all_the_same(bench: Bench) -> None:
    presence.ask(bench.endpoint, "POST", "faults", {"kind": "throttle", "calls": 4})
    code, actions, said = bench.run("--create", "slow")
    assert (code, set(actions.values())) == (0, {"created"}), said
    assert bench.run("--delete", "slow")[0] == 0


def test_resources_are_scaled_in_place(bench: Bench) -> None:
    assert bench.run("--create", "scaled")[0] == 0
    code, actions, said = bench.run("--update", "scaled", maxvCpus=64)
    assert (code, actions["scaled-compute-env"]) == (0, "updated"), said
    (found,) = bench.batch.describe_compute_environments(
        computeEnvironments=["scaled-compute-env"]
    )["computeEnvironments"]
    assert found["computeResources"]["maxvCpus"] == 64
    assert bench.run("--delete", "scaled")[0] == 0


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        pegbatch_main.main(["check", "--json", *words])
    assert isinstance(end.value.code, int)
    return end.value.code, json.loads(capsys.readouterr().out)


def verdicts(answer: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["verdict"] for one in answer["checks"]}


def test_a_plan_for_the_embedded_aws_is_checked_without_starting_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = EXAMPLES / "black-diamond"
    conf = example / "pegasus.properties"
    plan = planned(example / "diamond.dax", tmp_path, "--conf", str(conf))
    code, answer = check(capsys, plan["submit_dir"])
    assert (code, answer["ok"]) == (0, True)
    found = verdicts(answer)
    assert found["credentials"] == found["region"] == found["quotas"] == "does not apply"
    assert found["largest job"] == found["limits"] == found["job queue"] == "ok"
    assert not (local_folder(tmp_path) / "emulator.json").exists()


def test_json_files_are_checked_for_the_embedded_aws_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_json(tmp_path / "jd.json", {"containerProperties": {"imag": "x"}})
    write_json(tmp_path / "jq.json", {"priority": 1})
    (tmp_path / "pegasus.properties").write_text(
        "pegasus.aws.batch.job_definition = jd.json\npegasus.aws.batch.job_queue = jq.json\n"
        "pegasus.aws.batch.compute_environment = none.json\n"
    )
    code, answer = check(capsys)
    assert code == 5
    found = verdicts(answer)
    assert found["job definition"] == found["compute environment"] == "failed"
    assert found["job queue"] == "ok"
    assert found["largest job"] == "does not apply"


def test_a_plan_for_amazon_is_measured_against_its_environment(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.run("--create", "sized", "--save", "sized.properties", type="FARGATE_SPOT")[0] == 3
    fargate = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
    write_json(tmp_path / "f.json", {"computeResources": fargate})
    words = ["--create", "-p", "sized", "-j", "jd.json", "--ce", "f.json", "--save", "s.properties"]
    with pytest.raises(SystemExit) as end:
        aws_batch_main.main(words)
    assert end.value.code == 0
    plan = planned_on_s3(tmp_path, cores=32)
    code, answer = check(capsys, plan["submit_dir"])
    found = {one["check"]: one for one in answer["checks"]}
    assert code == 5
    assert found["largest job"]["verdict"] == "failed"
    assert "maxvCpus is 4" in found["largest job"]["message"]
    assert found["bucket"]["verdict"] == "ok"
    assert "Fargate has at most 16 vCPUs" in found["limits"]["message"]
    assert "is for EC2, and sized-job-queue is on FARGATE" in found["platform"]["message"]
    plan = planned_on_s3(tmp_path, cores=4)
    assert verdicts(check(capsys, plan["submit_dir"])[1])["largest job"] == "ok"


def planned_on_s3(folder: Path, *, cores: int) -> dict[str, Any]:
    """Plan the example for the account of `s.properties`, staging in its bucket."""
    example = EXAMPLES / "black-diamond"
    conf = folder / "plan.properties"
    catalogs = "".join(
        f"pegasus.catalog.{name}.file = {example}/{file}.yml\n"
        for name, file in (("transformation", "transformations"), ("replica", "replicas"))
    )
    sites = folder / "sites.yml"
    sites.write_text(
        "pegasus: '5.0'\nsites:\n"
        "  - name: local\n    arch: x86_64\n    os.type: linux\n"
        "  - name: aws-batch\n    arch: x86_64\n    os.type: linux\n"
        "    directories:\n      - type: sharedScratch\n        path: /sized-bucket/scratch\n"
        "        fileServers:\n          - operation: all\n"
        "            url: s3://user@amazon/sized-bucket/scratch\n"
    )
    conf.write_text(
        (folder / "s.properties").read_text()
        + catalogs
        + f"pegasus.catalog.site.file = {sites}\npegasus.cores = {cores}\n"
    )
    return planned(example / "diamond.dax", folder, "--conf", str(conf))

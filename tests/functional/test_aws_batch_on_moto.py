"""`pegbatch-aws-batch` and `pegbatch check` as typed, against moto's own server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from pegbatch.adapters.container_definitions import ensure_container_definitions
from pegbatch.cli import aws_batch_main
from pegbatch.cli import main as pegbatch_main
from pegbatch.cli.aws_batch.account import open_account
from pegbatch.model.containers import HostMount, TaskContainer
from pegbatch.model.entities import EntityKind
from tests.fake_account import write_json
from tests.wire_s3 import s3_server, use_credentials

REGION, NUMBER = "us-east-1", "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
DEFINITION = EntityKind.DEFINITION.value
JOB_ROLE = f"arn:aws:iam::{NUMBER}:role/batchJobRole"


@dataclass(frozen=True, slots=True)
class Moto:
    url: str
    subnet: str
    group: str

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """Serve an account with the roles that a user makes by hand."""
    with s3_server() as url:
        bare = Moto(url, "", "")
        iam, ec2 = bare.client("iam"), bare.client("ec2")
        for name in ("AWSBatchServiceRole", "ecsInstanceRole", "batchJobRole"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_instance_profile(InstanceProfileName="ecsInstanceRole")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        yield Moto(url, subnet, group)


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str

    def actions(self) -> dict[str, str]:
        return {one["kind"]: one["action"] for one in json.loads(self.out)["entities"]}


class User:
    """Somebody in a folder with the three files in Pegasus's form."""

    def __init__(self, moto: Moto, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.moto, self.folder, self.capsys = moto, folder, capsys
        self.resources: dict[str, Any] = {
            "type": "EC2",
            "subnets": [moto.subnet],
            "securityGroupIds": [moto.group],
            "instanceTypes": ["optimal"],
            "instanceRole": f"arn:aws:iam::{NUMBER}:instance-profile/ecsInstanceRole",
            "desiredvCpus": 0,
            "minvCpus": 0,
            "maxvCpus": 2,
            "bidPercentage": 20,
            "tags": {"Name": "Batch Instance - optimal"},
        }
        self.container: dict[str, Any] = {
            "image": f"{NUMBER}.dkr.ecr.us-west-2.amazonaws.com/awsbatch/fetch_and_run",
            "jobRoleArn": JOB_ROLE,
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "mountPoints": [],
            "vcpus": 1,
            "memory": 500,
        }
        self.write()

    def write(self) -> None:
        definition = {
            "type": "container",
            "containerProperties": self.container,
            "retryStrategy": {"attempts": 1},
            "timeout": {"attemptDurationSeconds": 600},
            "parameters": {},
        }
        environment = {
            "state": "ENABLED",
            "type": "MANAGED",
            "computeResources": self.resources,
            "serviceRole": f"arn:aws:iam::{NUMBER}:role/AWSBatchServiceRole",
        }
        queue = {"priority": 10, "state": "ENABLED", "computeEnvironmentOrder": [{"order": 1}]}
        write_json(self.folder / "jd.json", definition)
        write_json(self.folder / "ce.json", environment)
        write_json(self.folder / "jq.json", queue)

    def run(self, run: Callable[[list[str]], Any], *words: str) -> Result:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            run(list(words))
        said = self.capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return Result(code, said.out, said.err)

    def entities(self, *words: str) -> Result:
        return self.run(aws_batch_main.main, *words)

    def make(self, action: str, prefix: str, *more: str) -> Result:
        files = ["-j", "jd.json", "--ce", "ce.json", "-q", "jq.json"]
        return self.entities(action, "-p", prefix, *files, "--json", *more)


@pytest.fixture
def user(
    moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> User:
    use_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    monkeypatch.chdir(tmp_path)
    return User(moto, tmp_path, capsys)


def test_from_nothing_to_arns_and_back(user: User) -> None:
    made = user.make("--create", "round", "--save", "my.properties")
    assert made.code == 0, made.err
    assert set(made.actions().values()) == {"created"}
    assert len(made.actions()) == 4
    again = user.make("--create", "round")
    assert set(again.actions().values()) == {"unchanged"}, again.out
    arn = f"arn:aws:batch:{REGION}:{NUMBER}"
    saved = (user.folder / "my.properties").read_text().splitlines()
    assert (
        f"pegasus.aws.batch.job_definition = {arn}:job-definition/round-job-definition:1" in saved
    )
    named = user.entities("--create", "-C", "my.properties", "-p", "round", "--json")
    assert set(named.actions().values()) == {"found", "unchanged"}
    shown = user.entities("--show", "-p", "round")
    assert "round-job-definition:1" in shown.out and "0 of 2 vCPUs, optimal" in shown.out
    gone = user.entities("--delete", "--yes", "-p", "round")
    assert gone.code == 0, gone.err
    assert gone.out.count(" deleted") == 4
    nothing = user.entities("--delete", "--yes", "-p", "round")
    assert nothing.out == "nothing that was made under the prefix round exists\n"
    assert user.entities("--show", "-p", "round").out.startswith("nothing exists")


def test_the_whole_file_is_passed_on(user: User) -> None:
    user.resources["instanceTypes"] = ["m5.large", "c5.large"]
    user.write()
    assert user.make("--create", "whole").code == 0
    batch = user.moto.client("batch")
    named = {"jobDefinitionName": "whole-job-definition", "status": "ACTIVE"}
    (definition,) = batch.describe_job_definitions(**named)["jobDefinitions"]
    assert definition["timeout"] == {"attemptDurationSeconds": 600}
    container = definition["containerProperties"]
    assert [one["name"] for one in container["environment"]] == ["A", "B"]
    assert {one["type"]: one["value"] for one in container["resourceRequirements"]} == {
        "VCPU": "1",
        "MEMORY": "500",
    }
    environments = ["whole-compute-env"]
    (found,) = batch.describe_compute_environments(computeEnvironments=environments)[
        "computeEnvironments"
    ]
    assert found["computeResources"]["instanceTypes"] == ["m5.large", "c5.large"]
    assert found["computeResources"]["bidPercentage"] == 20
    assert found["tags"]["pegbatch:prefix"] == "whole"


def test_a_changed_environment_takes_update_and_the_queue_follows(user: User) -> None:
    assert user.make("--create", "blue").code == 0
    user.resources["instanceTypes"] = ["m5.large"]
    user.write()
    refused = user.make("--create", "blue")
    assert refused.code == 5
    assert "computeResources.instanceTypes: ['optimal'] is to become ['m5.large']" in refused.err
    assert "--update makes the change" in refused.err
    updated = user.make("--update", "blue")
    assert updated.code == 0, updated.err
    batch = user.moto.client("batch")
    (queue,) = batch.describe_job_queues(jobQueues=["blue-job-queue"])["jobQueues"]
    (entry,) = queue["computeEnvironmentOrder"]
    assert entry["computeEnvironment"].endswith("/blue-compute-env-b")
    names = {
        one["computeEnvironmentName"]
        for one in batch.describe_compute_environments()["computeEnvironments"]
    }
    assert "blue-compute-env-b" in names and "blue-compute-env" not in names
    assert set(user.make("--update", "blue").actions().values()) == {"unchanged"}


def test_a_foreign_bucket_is_used_and_never_deleted(user: User) -> None:
    s3 = user.moto.client("s3")
    s3.create_bucket(Bucket="hostile-bucket")
    s3.put_object(Bucket="hostile-bucket", Key="thesis.tex", Body=b"x")
    made = user.make("--create", "hostile")
    assert made.actions()["bucket"] == "found"
    gone = user.entities("--delete", "--yes", "-p", "hostile", "--json")
    assert gone.code == 0
    assert gone.actions()["bucket"] == "kept"
    assert s3.get_object(Bucket="hostile-bucket", Key="thesis.tex")["Body"].read() == b"x"


def test_an_environment_alone_gets_a_queue(user: User) -> None:
    made = user.entities("--create", "-p", "alone", "--ce", "ce.json", "--json")
    assert made.code == 0, made.err
    assert made.actions()["job-queue"] == "created"


def test_data_of_runs_goes_with_the_bucket_that_was_made_for_them(user: User) -> None:
    assert user.entities("--create", "-p", "data", "--s3", "s3://data-b/deep").code == 0
    s3 = user.moto.client("s3")
    for key in (f"deep/inputs/{'0' * 64}", "deep/d-20261120T120000Z-0a1b2c3d/data/f.a"):
        s3.put_object(Bucket="data-b", Key=key, Body=b"x")
    s3.put_object(Bucket="data-b", Key="mine", Body=b"x")
    kept = user.entities("--delete", "--yes", "-p", "data", "--s3", "s3://data-b/deep")
    assert kept.code == 5
    assert "the first is mine" in kept.err
    assert len(s3.list_objects_v2(Bucket="data-b")["Contents"]) == 3
    s3.delete_object(Bucket="data-b", Key="mine")
    gone = user.entities("--delete", "--yes", "-p", "data", "--s3", "s3://data-b/deep")
    assert gone.code == 0, gone.err
    assert "data-b" not in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def test_what_aws_refuses_is_reported_and_the_rest_is_made(user: User) -> None:
    user.resources["subnets"] = ["subnet-nowhere"]
    user.write()
    made = user.make("--create", "partly")
    assert made.code == 5
    assert made.actions() == {"job-definition": "created", "bucket": "created"}
    assert "subnet" in made.err and "job queue partly-job-queue: not made" in made.err
    assert len(json.loads(made.out)["errors"]) == 2


def test_wrong_files_are_refused_before_anything_is_made(user: User) -> None:
    user.container["imag"] = user.container.pop("image")
    user.write()
    refused = user.make("--create", "wrong")
    assert refused.code == 3
    assert "jd.json: containerProperties.imag: unknown key" in refused.err
    assert user.entities("--show", "-p", "wrong").out.startswith("nothing exists")


def test_credentials_of_another_account_make_nothing(user: User) -> None:
    refused = user.make("--create", "other", "--account", "999999999999")
    assert refused.code == 5
    assert "the credentials belong to account 123456789012" in refused.err
    assert user.entities("--show", "-p", "other").out.startswith("nothing exists")


def test_deleting_asks_and_without_a_terminal_wants_a_yes(user: User) -> None:
    assert user.make("--create", "asked").code == 0
    refused = user.entities("--delete", "-p", "asked")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert "asked-job-queue" in user.entities("--show", "-p", "asked").out


def test_everything_is_in_order_once_it_was_made(user: User) -> None:
    assert user.make("--create", "checked", "--save", "c.properties").code == 0
    result = user.run(pegbatch_main.main, "check", "--conf", "c.properties", "--write", "--json")
    answer = json.loads(result.out)
    verdicts = {one["check"]: one["verdict"] for one in answer["checks"]}
    assert result.code == 0 and answer["ok"], result.out
    in_order = {"credentials", "region", "account", "network", "bucket", "bucket write"}
    in_order |= {"job queue", "compute environment", "job definition", "image", "job role"}
    in_order |= {"platform"}
    assert {name for name, verdict in verdicts.items() if verdict == "ok"} == {*in_order, "quotas"}
    # moto's default network has no way out, and it does not simulate policies.
    assert verdicts["subnets"] == verdicts["job role write"] == "warning"
    assert "Contents" not in user.moto.client("s3").list_objects_v2(Bucket="checked-bucket")


def test_what_is_missing_fails_the_check_with_what_to_do(user: User) -> None:
    (user.folder / "c.properties").write_text(
        "pegasus.aws.region = us-east-1\npegasus.aws.account = 999999999999\n"
        "pegasus.aws.batch.job_queue = nowhere\npegasus.aws.batch.job_definition = jd.json\n"
        "pegasus.aws.batch.s3_bucket = s3://nobodys-bucket-at-all\n"
    )
    result = user.run(pegbatch_main.main, "check", "--conf", "c.properties")
    assert result.code == 5
    lines = result.out.splitlines()
    failed = [line.split("  ")[1].strip() or line for line in lines if line.startswith("failed")]
    assert len(failed) == 4
    assert "the credentials belong to 123456789012" in result.out
    assert "there is no job queue nowhere" in result.out
    assert "there is no bucket nobodys-bucket-at-all" in result.out
    assert "pegbatch-aws-batch --create" in result.out


def test_definitions_of_containers_are_made_once_listed_and_deleted(user: User) -> None:
    made = user.make("--create", "box", "-a", NUMBER)
    assert made.code == 0, made.err
    (base,) = [one["arn"] for one in json.loads(made.out)["entities"] if one["kind"] == DEFINITION]
    containers = [TaskContainer(name="one", image="lab/one:1", mounts=(HostMount("/d", "/d"),))]
    with open_account(REGION, NUMBER, 60.0) as account:
        names = ensure_container_definitions(account.batch, base, containers)
        assert ensure_container_definitions(account.batch, base, containers) == names
    described = user.moto.client("batch").describe_job_definitions(jobDefinitionName=names["one"])
    (found,) = described["jobDefinitions"]
    assert found["revision"] == 1
    assert found["containerProperties"]["image"] == "lab/one:1"
    assert found["containerProperties"]["jobRoleArn"] == JOB_ROLE
    listed = user.entities("--show", "-p", "box", "-a", NUMBER, "--json")
    assert names["one"] in {one["name"] for one in json.loads(listed.out)["entities"]}
    gone = user.entities("--delete", "-p", "box", "-a", NUMBER, "--yes", "--json")
    deleted = {one["name"] for one in json.loads(gone.out)["entities"]}
    assert names["one"] in deleted, gone.err


def test_the_queue_for_on_demand_is_listed_whatever_its_prefix(user: User) -> None:
    assert user.make("--create", "others").code == 0
    conf = user.folder / "c.properties"
    conf.write_text("pegbatch.aws.on_demand_queue = others-job-queue\n")
    assert "others-job-queue" not in user.entities("--show", "-p", "mine").out
    listed = user.entities("--show", "-p", "mine", "--conf", str(conf))
    assert "others-job-queue" in listed.out
    assert "others-compute-env" not in listed.out.replace("on others-compute-env", "")

"""`pegbatch-aws-batch --bootstrap` and `--teardown`: one stack with all that runs need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.api import lint_file
from cfnlint.decode import cfn_yaml
from moto.events.models import EventPattern

from pegbatch.batch.user_policy import READING
from pegbatch.cli.aws_batch.stack_settings import TEMPLATE
from tests.functional.commands import EXAMPLES, LONGEST, ROOT, pegbatch
from tests.wire_s3 import CREDENTIALS, s3_server

ALL = ("--set", "Spot=yes", "--set", "Gpu=yes", "--set", "Fargate=yes", "--set", "MaxVcpus=8")

CONTAINER = "mine-0123456789ab"


class Desk:
    """A command line before some AWS."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = "from pegbatch.cli.aws_batch_main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", program, "--region", "us-east-1", *words],
            cwd=self.folder,
            env={
                **os.environ,
                **CREDENTIALS,
                "PYTHONPATH": str(ROOT),
                "AWS_ENDPOINT_URL": self.url,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )

    def answer(self, *words: str) -> dict[str, Any]:
        ended = self.call(*words, "--json")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Lend a desk before an embedded AWS."""
    folder = tmp_path_factory.mktemp("bootstrap")
    # It is stopped below; on a slow machine the tests in between may take long.
    words = ("emulator", "--background", "--json", "--idle-seconds", "3600", "--dir", folder)
    started = pegbatch(*words, cwd=folder)
    assert started.returncode == 0, started.stderr
    try:
        yield Desk(json.loads(started.stdout)["address"], folder)
    finally:
        pegbatch("emulator", "--stop", "--dir", folder, cwd=folder)


def test_the_template_passes_cfn_lint() -> None:
    assert [str(found) for found in lint_file(TEMPLATE)] == []


def test_the_packages_template_is_the_one_in_conf() -> None:
    assert TEMPLATE.resolve() == ROOT / "conf" / "bootstrap.yml"


def test_a_stack_is_made_shown_saved_kept_changed_and_torn_down(embedded: Desk) -> None:
    saved = embedded.folder / "my.properties"
    made = embedded.answer("--bootstrap", "--prefix", "mine", "--save", str(saved), *ALL)
    assert (made["stack"], made["action"]) == ("mine-pegbatch", "created")
    outputs = made["outputs"]
    assert f"pegasus.aws.batch.job_queue = {outputs['JobQueue']}\n" in saved.read_text()

    batch = embedded.client("batch")
    queues = {one["jobQueueName"]: one for one in batch.describe_job_queues()["jobQueues"]}
    second = "mine-on-demand-job-queue"
    assert set(queues) == {
        "mine-job-queue",
        second,
        "mine-gpu-job-queue",
        "mine-fargate-job-queue",
    }
    assert f"pegbatch.aws.on_demand_queue = {outputs['OnDemandJobQueue']}\n" in saved.read_text()
    assert f"pegasus.aws.batch.s3_bucket = {outputs['StagingUrl']}\n" in saved.read_text()
    (only,) = queues[second]["computeEnvironmentOrder"]
    assert only["computeEnvironment"].endswith("/mine-compute-env")
    order = queues["mine-job-queue"]["computeEnvironmentOrder"]
    assert [one["computeEnvironment"].rpartition("/")[2] for one in order] == [
        "mine-spot-compute-env",
        "mine-compute-env",
    ]
    environments = batch.describe_compute_environments()["computeEnvironments"]
    assert {one["computeResources"]["maxvCpus"] for one in environments} == {8}
    assert all(one["computeResources"]["subnets"] for one in environments)
    s3, iam = embedded.client("s3"), embedded.client("iam")
    role = iam.get_role_policy(RoleName="mine-job-us-east-1", PolicyName="bucket")
    assert f"arn:aws:s3:::{outputs['Bucket']}/*" in str(role["PolicyDocument"])

    fewer = embedded.answer("--bootstrap", "--prefix", "mine", "--set", "MaxVcpus=4")
    assert fewer["action"] == "updated"
    assert set(outputs) - set(fewer["outputs"]) == {
        "FargateJobDefinition",
        "FargateJobQueue",
        "GpuJobQueue",
        "OnDemandJobQueue",
        "SpotComputeEnvironment",
    }
    s3.put_object(Bucket=outputs["Bucket"], Key="scratch/left", Body=b"over")
    # What runs have made for containers goes with the stack; what is only called alike stays.
    for name, tags in ((CONTAINER, {"pegbatch:prefix": "mine"}), ("mine-of-others", {"team": "x"})):
        batch.register_job_definition(
            jobDefinitionName=name,
            type="container",
            tags=tags,
            containerProperties={"image": "x", "vcpus": 1, "memory": 4},
        )
    for client in (batch, s3, iam):
        client.close()

    assert embedded.call("--teardown", "--prefix", "mine").returncode == 2
    gone = embedded.answer("--teardown", "--prefix", "mine", "--yes")
    assert gone == {"stack": "mine-pegbatch", "action": "deleted", "objects": 1}
    batch = embedded.client("batch")
    left = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    batch.close()
    assert [one["jobDefinitionName"] for one in left] == ["mine-of-others"]
    again = embedded.call("--teardown", "--prefix", "mine", "--yes")
    assert (again.returncode, again.stdout) == (0, "there is no stack mine-pegbatch\n")


@pytest.mark.parametrize(
    ("name", "workflow", "settings", "made"),
    [
        ("black-diamond", "diamond.dax", (), {"f.c1", "f.c2", "f.d"}),
        # Its sub-workflow is planned and submitted by a job, with what a job on Amazon is told.
        (
            "leader-follower-dynamic",
            "leader-follower-dynamic.yml",
            ("--set", "SubWorkflows=yes"),
            {"result.txt"},
        ),
    ],
)
def test_from_nothing_to_a_finished_run_in_three_commands(
    name: str, workflow: str, settings: tuple[str, ...], made: set[str], embedded: Desk
) -> None:
    example = embedded.folder / name
    shutil.copytree(EXAMPLES / name, example)
    saved = str(example / "pegasus.properties")
    stack = embedded.answer("--bootstrap", "--prefix", "run", "--save", saved, *settings)
    sites = example / "sites.yml"
    staging = stack["outputs"]["StagingUrl"].removeprefix("s3://")
    sites.write_text(sites.read_text().replace(f"pegbatch-examples/{name}", staging))
    aws = {**CREDENTIALS, "AWS_ENDPOINT_URL": embedded.url}
    words = ("--json", "--dir", "work", "--output-dir", "out", workflow)
    planned = pegbatch("plan", *words, cwd=example, environment=aws)
    submit_dir = json.loads(planned.stdout)["submit_dir"]
    ended = pegbatch("run", "--json", submit_dir, cwd=example, environment=aws)
    assert ended.returncode == 0, ended.stderr
    assert "running on Amazon" in ended.stderr
    assert {path.name for path in (example / "out").iterdir()} == made
    assert embedded.call("--teardown", "--prefix", "run", "--yes").returncode == 0


CRON = "cron(0 6 ? * MON-FRI *)"


@pytest.fixture(scope="module")
def scheduled(embedded: Desk) -> dict[str, str]:
    """Return the outputs of a stack with a second queue and a schedule; it ends with the desk."""
    settings = (f"Schedule={CRON}", "ScheduleImage=example.org/mine:1", "Spot=yes")
    words = (word for setting in settings for word in ("--set", setting))
    outputs: dict[str, str] = embedded.answer("--bootstrap", "--prefix", "daily", *words)["outputs"]
    return outputs


def test_a_topic_hears_of_verdicts_of_its_stack_and_of_nothing_else(
    embedded: Desk, scheduled: dict[str, str]
) -> None:
    events = embedded.client("events")
    pattern = events.describe_rule(Name="daily-verdicts")["EventPattern"]
    (target,) = events.list_targets_by_rule(Rule="daily-verdicts")["Targets"]
    events.close()
    assert target["Arn"] == scheduled["Topic"]
    queue = scheduled["JobQueue"]
    verdict = {"jobName": "w-0a1b2c3d-verdict", "status": "FAILED", "jobQueue": queue}
    for changed, expected in (
        ({}, True),
        ({"jobName": "w-0a1b2c3d-verdict_t12", "status": "SUCCEEDED"}, True),
        ({"jobQueue": scheduled["OnDemandJobQueue"]}, True),
        ({"status": "RUNNING"}, False),
        ({"jobName": "w-0a1b2c3d-L0-verdict-of-all"}, False),
        ({"jobQueue": queue.replace("daily-", "other-")}, False),
    ):
        event = {
            "id": "1",
            "source": "aws.batch",
            "detail-type": "Batch Job State Change",
            "account": "123456789012",
            "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {**verdict, **changed},
        }
        assert EventPattern.load(pattern).matches_event(event) is expected, changed


def test_a_schedule_starts_the_image_that_plans_and_runs(
    embedded: Desk, scheduled: dict[str, str]
) -> None:
    events, batch, iam = (embedded.client(name) for name in ("events", "batch", "iam"))
    rule = scheduled["Schedule"]
    assert events.describe_rule(Name=rule)["ScheduleExpression"] == CRON
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    job = target["BatchParameters"]
    assert target["Arn"] == scheduled["JobQueue"]
    assert target["RoleArn"].endswith(":role/daily-schedule-us-east-1")

    # EventBridge would make this call; but for the command, since the image is not there.
    submitted = batch.submit_job(
        jobName=job["JobName"],
        jobQueue=target["Arn"],
        jobDefinition=job["JobDefinition"],
        containerOverrides={"command": ["true"]},
    )
    (described,) = batch.describe_jobs(jobs=[submitted["jobId"]])["jobs"]
    assert described["container"]["image"] == "example.org/mine:1"
    variables = {one["name"]: one["value"] for one in described["container"]["environment"]}
    assert variables["_PEGASUS__AWS__BATCH__JOB_QUEUE"] == scheduled["JobQueue"]
    assert variables["_PEGASUS__AWS__BATCH__JOB_DEFINITION"] == scheduled["JobDefinition"]
    assert variables["_PEGASUS__AWS__REGION"] == "us-east-1"
    role = iam.get_role_policy(RoleName="daily-planner-us-east-1", PolicyName="runs")
    assert "batch:SubmitJob" in str(role["PolicyDocument"])
    for client in (events, batch, iam):
        client.close()


def test_tasks_may_submit_jobs_only_where_sub_workflows_are_wanted(
    embedded: Desk, scheduled: dict[str, str]
) -> None:
    embedded.answer("--bootstrap", "--prefix", "subs", "--set", "SubWorkflows=yes")
    iam = embedded.client("iam")
    policies = {
        prefix: iam.list_role_policies(RoleName=f"{prefix}-job-us-east-1")["PolicyNames"]
        for prefix in ("daily", "subs")
    }
    assert policies == {"daily": ["bucket"], "subs": ["bucket", "sub-workflows"]}
    found = iam.get_role_policy(RoleName="subs-job-us-east-1", PolicyName="sub-workflows")
    first = found["PolicyDocument"]["Statement"][0]
    iam.close()
    assert "batch:SubmitJob" in first["Action"]
    assert all(":subs-" in named or "/subs-" in named for named in first["Resource"][:2])
    assert scheduled["Bucket"]


def test_the_stack_stands_on_moto_as_well(tmp_path: Path) -> None:
    with s3_server() as url:
        desk = Desk(url, tmp_path)
        made = desk.call("--bootstrap", "--prefix", "mine")
        assert made.returncode == 0, made.stderr
        assert "s3://mine-123456789012-us-east-1/scratch" in made.stdout
        assert '"batch:SubmitJob"' in made.stdout
        assert "push the image" in made.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--prefix", "9mine"), "cannot begin the name of a bucket"),
        (("--prefix", "mine", "--set", "Colour=red"), "names: VpcId, Subnets, Image"),
        (("--prefix", "mine", "--set", "Spot"), "is no NAME=VALUE"),
        (("--prefix", "mine", "--set", "Spot=maybe"), "Spot=maybe: must be one of yes, no"),
        (("--prefix", "mine", "--set", "LogDays=2"), "must be one of 1, 3, 5"),
        (("--prefix", "mine", "--set", "MaxVcpus=0"), "a whole number from 1"),
        (("--prefix", "mine", "--set", "DiskGiB=-5"), "a whole number from 0 to 16000"),
        (("--prefix", "mine", "--set", "VpcId=vpc-1"), "go together"),
        (("--prefix", "mine", "--set", "Schedule=rate(1 day)"), "go together"),
        (("--prefix", "mine", "--set", "Schedule=daily"), "not of the form that is wanted"),
        (("--prefix", "mine", "--show"), "exclude each other"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_call(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    refused = Desk("http://127.0.0.1:9", tmp_path).call("--bootstrap", *words)
    assert refused.returncode == 2
    assert told in refused.stderr


def test_a_resource_that_cannot_be_made_is_named(embedded: Desk) -> None:
    s3 = embedded.client("batch")
    s3.create_compute_environment(
        computeEnvironmentName="taken-compute-env",
        type="MANAGED",
        computeResources={
            "type": "EC2",
            "maxvCpus": 1,
            "instanceTypes": ["optimal"],
            "instanceRole": "r",
            "subnets": ["subnet-1"],
        },
    )
    s3.close()
    refused = embedded.call("--bootstrap", "--prefix", "taken")
    assert refused.returncode == 5
    assert "taken-compute-env" in refused.stderr


def test_no_role_writes_outside_of_its_resources() -> None:
    statements = _statements(json.loads(_as_json()))
    allowed = [one for one in statements if one["Effect"] == "Allow" and "Resource" in one]
    assert allowed
    for statement in allowed:
        # Reading of Batch is tied to no single resource.
        assert statement["Resource"] != "*" or set(statement["Action"]) <= set(READING)
        assert "*" not in statement["Action"]


def test_the_bucket_is_private_encrypted_and_forgets_runs() -> None:
    resources = json.loads(_as_json())["Resources"]
    bucket = resources["Bucket"]["Properties"]
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert "BucketEncryption" in bucket
    runs = bucket["LifecycleConfiguration"]["Rules"][0]
    assert (runs["Prefix"], runs["ExpirationInDays"]) == ("scratch/", {"Ref": "RunDays"})
    assert resources["LogGroup"]["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}


def _as_json() -> str:
    """Return the template as JSON, its short tags written out."""
    return json.dumps(cfn_yaml.load(str(TEMPLATE)))


def _statements(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        found = [value] if "Effect" in value else []
        return found + [one for part in value.values() for one in _statements(part)]
    if isinstance(value, list):
        return [one for part in value for one in _statements(part)]
    return []

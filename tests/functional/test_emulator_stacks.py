"""CloudFormation stacks whose Batch resources are the embedded AWS's own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functional.emulator_bench import Served, client, served, settings

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
ENVIRONMENT = {
    "Type": "AWS::Batch::ComputeEnvironment",
    "Properties": {
        "Type": "MANAGED",
        "ComputeEnvironmentName": "stack-ce",
        "ComputeResources": {
            "Type": "EC2",
            "MinvCpus": "0",
            "MaxvCpus": 4,
            "InstanceTypes": ["optimal"],
            "InstanceRole": {"Fn::GetAtt": ["Role", "Arn"]},
            "Subnets": ["subnet-1"],
            "SecurityGroupIds": ["sg-1"],
        },
    },
}
QUEUE = {
    "Type": "AWS::Batch::JobQueue",
    "Properties": {
        "JobQueueName": "stack-q",
        "Priority": "1",
        "ComputeEnvironmentOrder": [{"Order": 1, "ComputeEnvironment": {"Ref": "Environment"}}],
    },
}
DEFINITION = {
    "Type": "AWS::Batch::JobDefinition",
    "Properties": {
        "JobDefinitionName": "stack-d",
        "Type": "container",
        "Parameters": {"Word": "hello"},
        "ContainerProperties": {
            "Image": "busybox",
            "Command": ["echo stack"],
            "Environment": [{"Name": "Some", "Value": "1"}],
            "ResourceRequirements": [
                {"Type": "VCPU", "Value": "1"},
                {"Type": "MEMORY", "Value": "64"},
            ],
        },
        "Timeout": {"AttemptDurationSeconds": 100},
    },
}
RESOURCES: dict[str, Any] = {
    "Role": ROLE,
    "Environment": ENVIRONMENT,
    "Queue": QUEUE,
    "Definition": DEFINITION,
}
OUTPUTS = {
    "Queue": {"Value": {"Ref": "Queue"}},
    "Environment": {"Value": {"Fn::GetAtt": ["Environment", "ComputeEnvironmentArn"]}},
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an embedded AWS."""
    with served(settings(tmp_path_factory.mktemp("stacks") / "local-aws")) as bench:
        yield bench


@pytest.fixture
def stacks(aws: Served) -> Iterator[Any]:
    """Lend a CloudFormation client."""
    found = client("cloudformation", aws.endpoint)
    yield found
    found.close()


def template(**changes: Any) -> str:
    return json.dumps({"Resources": {**RESOURCES, **changes}, "Outputs": OUTPUTS})


def outputs(stacks: Any) -> dict[str, str]:
    (stack,) = stacks.describe_stacks(StackName="mine")["Stacks"]
    return {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}


@pytest.mark.slow
def test_a_stack_is_made_changed_and_deleted_in_our_batch(aws: Served, stacks: Any) -> None:
    stacks.create_stack(StackName="mine", TemplateBody=template())
    found = outputs(stacks)
    assert found["Queue"].endswith(":job-queue/stack-q")
    assert found["Environment"].endswith(":compute-environment/stack-ce")
    (definition,) = aws.batch.describe_job_definitions(jobDefinitionName="stack-d")[
        "jobDefinitions"
    ]
    assert definition["parameters"] == {"Word": "hello"}
    assert definition["containerProperties"]["environment"] == [{"name": "Some", "value": "1"}]
    body = {"jobName": "j", "jobQueue": found["Queue"], "jobDefinition": "stack-d"}
    job = aws.batch.submit_job(**body)["jobId"]
    assert aws.wait(job)["status"] == "SUCCEEDED"
    assert aws.log(job) == "stack"

    wider: dict[str, Any] = json.loads(json.dumps(ENVIRONMENT))
    wider["Properties"]["ComputeResources"]["MaxvCpus"] = 16
    longer: dict[str, Any] = json.loads(json.dumps(DEFINITION))
    longer["Properties"]["Timeout"]["AttemptDurationSeconds"] = 200
    changed = template(Environment=wider, Definition=longer)
    stacks.update_stack(StackName="mine", TemplateBody=changed)
    (environment,) = aws.batch.describe_compute_environments()["computeEnvironments"]
    assert environment["computeResources"]["maxvCpus"] == 16
    active = aws.batch.describe_job_definitions(jobDefinitionName="stack-d", status="ACTIVE")
    assert [d["revision"] for d in active["jobDefinitions"]] == [2]

    stacks.delete_stack(StackName="mine")
    assert aws.batch.describe_compute_environments()["computeEnvironments"] == []
    assert aws.batch.describe_job_queues()["jobQueues"] == []
    left = aws.batch.describe_job_definitions(jobDefinitionName="stack-d", status="ACTIVE")
    assert left["jobDefinitions"] == []


@pytest.mark.slow
def test_what_batch_refuses_is_the_error_of_the_stack(aws: Served, stacks: Any) -> None:
    wrong: dict[str, Any] = json.loads(json.dumps(QUEUE))
    wrong["Properties"]["ComputeEnvironmentOrder"][0]["ComputeEnvironment"] = "no-such"
    with pytest.raises(ClientError, match="no-such"):
        stacks.create_stack(StackName="wrong", TemplateBody=template(Queue=wrong))


def test_a_restarted_one_takes_over_what_stacks_made_and_nothing_else(tmp_path: Path) -> None:
    """moto has forgotten the stack; its queue and environment are there still, with their jobs."""
    chosen = settings(tmp_path / "local-aws")
    body = json.dumps({"Resources": RESOURCES, "Outputs": OUTPUTS})
    with served(chosen) as aws, contextlib.closing(client("cloudformation", aws.endpoint)) as cfn:
        cfn.create_stack(StackName="again", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        job = aws.submit("exit 0", jobQueue="stack-q", jobDefinition="stack-d")
        aws.wait(job)
    larger = body.replace('"MaxvCpus": 4', '"MaxvCpus": 6')
    with served(chosen) as aws, contextlib.closing(client("cloudformation", aws.endpoint)) as cfn:
        cfn.create_stack(StackName="again", TemplateBody=larger, Capabilities=["CAPABILITY_IAM"])
        [stack] = cfn.describe_stacks(StackName="again")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        [found] = aws.batch.describe_compute_environments()["computeEnvironments"]
        assert found["computeResources"]["maxvCpus"] == 6
        assert aws.describe(job)["status"] == "SUCCEEDED"
        with pytest.raises(ClientError, match="already exists"):
            cfn.create_stack(StackName="other", TemplateBody=body)
        cfn.delete_stack(StackName="again")
        assert aws.batch.describe_job_queues()["jobQueues"] == []


def test_a_stack_of_another_region_is_refused_with_the_region_that_is_there(aws: Served) -> None:
    body = json.dumps({"Resources": {"D": DEFINITION}})
    with (
        contextlib.closing(client("cloudformation", aws.endpoint, region="eu-west-1")) as cfn,
        pytest.raises(ClientError, match="the embedded AWS is in us-east-1"),
    ):
        cfn.create_stack(StackName="far", TemplateBody=body)

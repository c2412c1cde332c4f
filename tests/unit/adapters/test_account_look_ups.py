"""Roles, policies, instance types and subnets as boto3 answers, against botocore's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from pegbatch.adapters.account_network import look_at_subnets
from pegbatch.adapters.account_policies import look_at_role, may_submit, may_use_bucket
from pegbatch.adapters.account_types import look_at_types
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget, was_answered
from pegbatch.adapters.aws_clients import local_client
from pegbatch.batch.entities import BucketUrl
from pegbatch.errors import AccessDenied, OutsideError
from pegbatch.model.account import InstanceType, Subnet
from tests.fakes import FakeClock

ARN = "arn:aws:iam::123456789012:role/path/job"
URL = BucketUrl("b", "scratch")


@contextmanager
def stubbed(service: str) -> Iterator[tuple[AwsCaller, Stubber]]:
    clock = FakeClock()
    with local_client(service, "http://127.0.0.1:9") as client, Stubber(client) as stub:
        yield AwsCaller(client, CallBudget(clock, 1e6), clock, service=service), stub
        stub.assert_no_pending_responses()


def role(arn: str = ARN) -> dict[str, Any]:
    return {
        "Role": {
            "Path": "/path/",
            "RoleName": "job",
            "RoleId": "A" * 16,
            "Arn": arn,
            "CreateDate": 0,
            "AssumeRolePolicyDocument": json.dumps({"Statement": []}),
        }
    }


def decision(word: str) -> dict[str, Any]:
    return {"EvalActionName": "s3:PutObject", "EvalDecision": word}


def test_a_role_is_looked_up_by_the_end_of_its_arn() -> None:
    with stubbed("iam") as (iam, stub):
        stub.add_response("get_role", role(), {"RoleName": "job"})
        assert look_at_role(iam, ARN)


def test_a_role_that_is_not_there_is_none_and_a_denial_is_told() -> None:
    with stubbed("iam") as (iam, stub):
        stub.add_client_error("get_role", "NoSuchEntity", http_status_code=404)
        assert look_at_role(iam, "job") is None
        stub.add_client_error("get_role", "AccessDenied", http_status_code=403)
        with pytest.raises(AccessDenied, match="iam:GetRole"):
            look_at_role(iam, "job")


@pytest.mark.parametrize(
    ("words", "allowed"),
    [(["allowed", "allowed"], True), (["allowed", "implicitDeny"], False), ([], False)],
)
def test_every_action_must_be_allowed(words: list[str], allowed: bool) -> None:
    with stubbed("iam") as (iam, stub):
        wanted = {
            "PolicySourceArn": ARN,
            "ActionNames": ["s3:GetObject", "s3:PutObject"],
            "ResourceArns": ["arn:aws:s3:::b/scratch/*"],
        }
        answer = {"EvaluationResults": [decision(word) for word in words]}
        stub.add_response("simulate_principal_policy", answer, wanted)
        assert may_use_bucket(iam, ARN, URL) is allowed


def test_a_session_is_judged_by_its_role_and_its_partition() -> None:
    session = "arn:aws-us-gov:sts::123456789012:assumed-role/job/session"
    source = ARN.replace("arn:aws:", "arn:aws-us-gov:")
    with stubbed("iam") as (iam, stub):
        stub.add_response("get_role", role(source), {"RoleName": "job"})
        wanted = {
            "PolicySourceArn": source,
            "ActionNames": ["s3:GetObject", "s3:PutObject"],
            "ResourceArns": ["arn:aws-us-gov:s3:::b/*"],
        }
        answer = {"EvaluationResults": [decision("allowed")]}
        stub.add_response("simulate_principal_policy", answer, wanted)
        assert may_use_bucket(iam, session, BucketUrl("b"))


def test_a_service_that_does_not_simulate_policies_is_told_as_such() -> None:
    with stubbed("iam") as (iam, stub):
        stub.add_client_error(
            "simulate_principal_policy", service_error_code="NotImplemented", http_status_code=501
        )
        with pytest.raises(OutsideError, match="does not simulate policies"):
            may_use_bucket(iam, ARN, URL)


def test_the_owner_of_the_account_may_do_everything() -> None:
    with stubbed("iam") as (iam, _):
        assert may_use_bucket(iam, "arn:aws:iam::123456789012:root", URL)


def test_types_and_families_are_looked_up_in_pages() -> None:
    environment = {"computeResources": {"instanceTypes": ["m5.large", "p3", "default_arm64"]}}
    values = [
        *("c6g.*", "c7g.*", "m5.large", "m6g.*", "m7g.*", "p3.*", "r6g.*", "r7g.*"),
    ]
    wanted = {"Filters": [{"Name": "instance-type", "Values": values}]}
    small = {
        "InstanceType": "m5.large",
        "VCpuInfo": {"DefaultVCpus": 2},
        "MemoryInfo": {"SizeInMiB": 8192},
    }
    large = {
        "InstanceType": "p3.16xlarge",
        "VCpuInfo": {"DefaultVCpus": 64},
        "MemoryInfo": {"SizeInMiB": 499712},
        "GpuInfo": {"Gpus": [{"Count": 8}]},
    }
    with stubbed("ec2") as (ec2, stub):
        page = {"InstanceTypes": [small], "NextToken": "more"}
        stub.add_response("describe_instance_types", page, wanted)
        second = {"InstanceTypes": [large]}
        stub.add_response("describe_instance_types", second, {**wanted, "NextToken": "more"})
        assert look_at_types(ec2, environment) == (
            InstanceType("m5.large", 2, 8192),
            InstanceType("p3.16xlarge", 64, 499712, 8),
        )
        assert look_at_types(ec2, {"computeResources": {"type": "FARGATE"}}) == ()


def table(way: dict[str, str], **association: Any) -> dict[str, Any]:
    routes = [
        {"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "local"},
        {"DestinationCidrBlock": "0.0.0.0/0", **way},
    ]
    return {"VpcId": "vpc-1", "Associations": [association], "Routes": routes}


def test_a_subnet_has_the_way_out_of_its_own_table_or_of_the_main_one() -> None:
    environment = {"computeResources": {"type": "EC2", "subnets": ["subnet-1", "subnet-2"]}}
    found = [
        {"SubnetId": "subnet-1", "VpcId": "vpc-1", "MapPublicIpOnLaunch": True},
        {"SubnetId": "subnet-2", "VpcId": "vpc-1", "MapPublicIpOnLaunch": False},
    ]
    tables = [
        table({"GatewayId": "igw-1"}, Main=True),
        table({"NatGatewayId": "nat-1"}, SubnetId="subnet-2"),
    ]
    with stubbed("ec2") as (ec2, stub):
        stub.add_response("describe_subnets", {"Subnets": found})
        stub.add_response("describe_route_tables", {"RouteTables": tables})
        assert look_at_subnets(ec2, environment, {}) == (
            Subnet("subnet-1", "igw-1", True),
            Subnet("subnet-2", "nat-1", False),
        )
        assert look_at_subnets(ec2, {}, {}) == ()


def test_on_fargate_the_definition_says_who_gets_a_public_address() -> None:
    environment = {"computeResources": {"type": "FARGATE", "subnets": ["subnet-1"]}}
    found = [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "MapPublicIpOnLaunch": True}]
    closed = table({"GatewayId": "igw-1", "State": "blackhole"}, Main=True)
    for network, public in (({"assignPublicIp": "ENABLED"}, True), ({}, False)):
        with stubbed("ec2") as (ec2, stub):
            stub.add_response("describe_subnets", {"Subnets": found})
            stub.add_response("describe_route_tables", {"RouteTables": [closed]})
            container = {"networkConfiguration": network}
            assert look_at_subnets(ec2, environment, container) == (Subnet("subnet-1", "", public),)


class Html:
    """A client behind a proxy that answers with a page."""

    def get_role(self, **arguments: Any) -> Any:
        raise ResponseParserError("<html>")


def test_an_answer_that_is_none_of_the_service_is_told_as_such() -> None:
    clock = FakeClock()
    caller = AwsCaller(
        Html(),  # type: ignore[arg-type]
        CallBudget(clock, 1e6),
        clock,
        service="iam",
        tries=2,
    )
    with pytest.raises(OutsideError, match="none that the service gives") as error:
        look_at_role(caller, "job")
    assert not was_answered(error.value)
    assert len(clock.slept) == 1


@pytest.mark.parametrize(
    ("submitting", "following", "may"),
    [("allowed", "allowed", True), ("allowed", "implicitDeny", False), ("explicitDeny", "", False)],
)
def test_a_role_that_runs_sub_workflows_may_submit_and_follow(
    submitting: str, following: str, may: bool
) -> None:
    named = ["arn:aws:batch:us-east-1:123456789012:job-queue/q"]
    with stubbed("iam") as (iam, stub):
        for actions, resources, word in (
            (["batch:SubmitJob"], named, submitting),
            (["batch:DescribeJobs", "batch:ListJobs", "batch:DescribeJobQueues"], ["*"], following),
        ):
            wanted = {"PolicySourceArn": ARN, "ActionNames": actions, "ResourceArns": resources}
            if word:  # what is refused already is not asked any further
                answer = {"EvaluationResults": [decision(word)]}
                stub.add_response("simulate_principal_policy", answer, wanted)
        assert may_submit(iam, ARN, named) is may

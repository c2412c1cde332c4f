"""CloudFormation stacks that fail or take too long, against botocore's model of the service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.stub import Stubber

from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import local_client
from pegbatch.adapters.aws_stacks import Stacks, default_network
from pegbatch.errors import OutsideError, SubmitUnclear
from tests.fakes import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with local_client("cloudformation", "http://127.0.0.1:9") as opened:
        yield opened


def caller(client: BaseClient, clock: FakeClock) -> AwsCaller:
    return AwsCaller(client, CallBudget(clock, 1e6), clock, service="cloudformation")


def stack(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "s", "StackStatus": status, "CreationTime": NOW}]}


def event(resource: str, status: str, reason: str) -> dict[str, Any]:
    return {
        "StackId": "id",
        "EventId": resource,
        "StackName": "s",
        "Timestamp": NOW,
        "LogicalResourceId": resource,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def add_missing(stub: Stubber) -> None:
    stub.add_client_error(
        "describe_stacks", "ValidationError", "Stack with id s does not exist", 400
    )


def test_a_stack_that_rolls_back_tells_what_failed_in_the_order_of_failing(
    client: BaseClient, stub: Stubber
) -> None:
    clock = FakeClock()
    add_missing(stub)
    add_missing(stub)
    stub.add_response("create_stack", {"StackId": "id"})
    stub.add_response("describe_stacks", stack("CREATE_IN_PROGRESS"))
    stub.add_response("describe_stacks", stack("ROLLBACK_IN_PROGRESS"))
    events = [
        event("Queue", "CREATE_FAILED", "Resource creation cancelled"),
        event("Role", "CREATE_FAILED", "the name is taken"),
        event("Bucket", "CREATE_FAILED", "somebody else's"),
        event("Topic", "CREATE_COMPLETE", "fine"),
    ]
    stub.add_response("describe_stack_events", {"StackEvents": events})
    with pytest.raises(OutsideError) as failed:
        Stacks(caller(client, clock), clock, wait_seconds=60).put("s", "{}", {}, {})
    told = [(problem.where, problem.message) for problem in failed.value.problems]
    assert told == [
        ("stack s, Bucket", "somebody else's"),
        ("stack s, Role", "the name is taken"),
        ("stack s", "is ROLLBACK_IN_PROGRESS"),
    ]


def test_a_stack_is_waited_for_no_longer_than_asked(client: BaseClient, stub: Stubber) -> None:
    clock = FakeClock()
    add_missing(stub)
    add_missing(stub)
    stub.add_response("create_stack", {"StackId": "id"})
    for _ in range(4):
        stub.add_response("describe_stacks", stack("CREATE_IN_PROGRESS"))
    with pytest.raises(OutsideError, match="still CREATE_IN_PROGRESS after 7 s"):
        Stacks(caller(client, clock), clock, wait_seconds=7).put("s", "{}", {}, {})


def test_a_stack_that_a_broken_off_command_left_under_way_is_waited_for_and_then_updated(
    client: BaseClient, stub: Stubber
) -> None:
    clock = FakeClock()
    for status in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_COMPLETE"):
        stub.add_response("describe_stacks", stack(status))
    stub.add_response("update_stack", {"StackId": "id"})
    stub.add_response("describe_stacks", stack("UPDATE_COMPLETE"))
    stacks = Stacks(caller(client, clock), clock, wait_seconds=60)
    assert stacks.put("s", "{}", {}, {}) == "updated"


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_stack_that_can_only_be_deleted_says_so_with_what_failed(
    status: str, client: BaseClient, stub: Stubber
) -> None:
    clock = FakeClock()
    stub.add_response("describe_stacks", stack(status))
    events = [event("Role", "CREATE_FAILED", "the name is taken")]
    stub.add_response("describe_stack_events", {"StackEvents": events})
    with pytest.raises(OutsideError, match="the name is taken") as failed:
        Stacks(caller(client, clock), clock, wait_seconds=60).put("s", "{}", {}, {})
    assert "--teardown" in str(failed.value)


@pytest.mark.parametrize("made", [True, False])
def test_a_lost_answer_is_settled_by_looking(made: bool, client: BaseClient, stub: Stubber) -> None:
    clock = FakeClock()
    stacks = Stacks(caller(client, clock), clock, wait_seconds=60)
    for _ in range(2):
        add_missing(stub)
    stub.add_client_error("create_stack", "InternalFailure", http_status_code=500)
    if made:
        for _ in range(2):
            stub.add_response("describe_stacks", stack("CREATE_COMPLETE"))
        assert stacks.put("s", "{}", {}, {}) == "created"
    else:
        add_missing(stub)
        with pytest.raises(SubmitUnclear):
            stacks.put("s", "{}", {}, {})


def test_an_update_without_a_change_is_none(client: BaseClient, stub: Stubber) -> None:
    clock = FakeClock()
    for _ in range(2):
        stub.add_response("describe_stacks", stack("CREATE_COMPLETE"))
    stub.add_client_error(
        "update_stack", "ValidationError", "No updates are to be performed.", http_status_code=400
    )
    stacks = Stacks(caller(client, clock), clock, wait_seconds=7)
    assert stacks.put("s", "{}", {}, {}) == "unchanged"


@pytest.mark.parametrize(
    ("vpcs", "told"),
    [([], "no default VPC"), ([{"VpcId": "vpc-1"}], "the default VPC vpc-1 has no subnets")],
)
def test_a_region_without_a_default_network_is_told_what_to_do(
    vpcs: list[dict[str, str]], told: str
) -> None:
    clock = FakeClock()
    with local_client("ec2", "http://127.0.0.1:9") as ec2, Stubber(ec2) as stubber:
        stubber.add_response("describe_vpcs", {"Vpcs": vpcs})
        stubber.add_response("describe_subnets", {"Subnets": []})
        with pytest.raises(OutsideError, match=told) as refused:
            default_network(caller(ec2, clock))
    assert "--set VpcId" in str(refused.value)

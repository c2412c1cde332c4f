"""A job queue as it stands, against botocore's model of the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import local_client
from pegbatch.model.queue_facts import EnvironmentFacts, QueueFacts
from tests.fakes import FakeClock

ARN = "arn:aws:batch:us-east-1:111122223333"
QUEUE = {
    "jobQueueName": "q",
    "jobQueueArn": f"{ARN}:job-queue/q",
    "state": "ENABLED",
    "status": "VALID",
    "statusReason": "fine",
    "schedulingPolicyArn": f"{ARN}:scheduling-policy/p",
    "priority": 1,
    "computeEnvironmentOrder": [
        {"order": number, "computeEnvironment": f"{ARN}:compute-environment/{name}"}
        for number, name in ((2, "second"), (1, "first"), (3, "gone"))
    ],
}


def environment(name: str, **resources: object) -> dict[str, object]:
    named = {"computeEnvironmentName": name, "state": "ENABLED", "status": "VALID"}
    arns = {"computeEnvironmentArn": f"{ARN}:compute-environment/{name}", "ecsClusterArn": "c"}
    computing = {"subnets": ["s"], "maxvCpus": 8, **resources}
    return {**named, **arns, "computeResources": computing}


@pytest.fixture
def wired() -> Iterator[tuple[Stubber, AwsBatch]]:
    clock = FakeClock()
    with local_client("batch", "http://127.0.0.1:9") as client, Stubber(client) as stubber:
        yield stubber, AwsBatch(AwsCaller(client, CallBudget(clock, 1e6), clock))
        stubber.assert_no_pending_responses()


def answer(stub: Stubber) -> None:
    """Have the queue and its environments told."""
    stub.add_response("describe_job_queues", {"jobQueues": [QUEUE]}, {"jobQueues": ["q"]})
    arns = [f"{ARN}:compute-environment/{name}" for name in ("first", "second", "gone")]
    found = [
        environment("second", type="FARGATE"),
        environment("first", type="SPOT", desiredvCpus=2),
    ]
    stub.add_response(
        "describe_compute_environments",
        {"computeEnvironments": found},
        {"computeEnvironments": arns},
    )


def test_a_queue_is_told_with_its_environments_in_order_and_its_front(wired) -> None:
    stub, batch = wired
    answer(stub)
    front = [{"jobArn": f"{ARN}:job/id-1:4", "earliestTimeAtPosition": 1}]
    stub.add_response(
        "get_job_queue_snapshot", {"frontOfQueue": {"jobs": front}}, {"jobQueue": "q"}
    )
    assert batch.queue("q") == QueueFacts(
        name="q",
        state="ENABLED",
        status="VALID",
        reason="fine",
        environments=(
            EnvironmentFacts(
                name="first",
                state="ENABLED",
                status="VALID",
                kind="SPOT",
                max_vcpus=8,
                desired_vcpus=2,
            ),
            EnvironmentFacts(
                name="second", state="ENABLED", status="VALID", kind="FARGATE", max_vcpus=8
            ),
        ),
        is_shared=True,
        front=("id-1:4",),
    )


def test_a_front_that_may_not_be_asked_for_is_not_known(wired) -> None:
    stub, batch = wired
    answer(stub)
    stub.add_client_error("get_job_queue_snapshot", "AccessDeniedException", "no", 403)
    found = batch.queue("q")
    assert found is not None and found.front is None


def test_a_queue_that_is_gone_is_none(wired) -> None:
    stub, batch = wired
    stub.add_response("describe_job_queues", {"jobQueues": []})
    assert batch.queue("q") is None

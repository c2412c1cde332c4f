"""Whether a queue is on Fargate is looked up at its environments, where no property says it."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.adapters.aws_platform import queue_on_fargate
from pegbatch.errors import JobServiceError
from tests.unit.adapters.test_account_look_ups import stubbed

QUEUE_ARN = "arn:aws-cn:batch:cn-north-1:123456789012:job-queue/q"
NAMES = ["arn:ce/a", "arn:ce/b"]


def queue(*environments: str) -> dict[str, Any]:
    order = [{"order": n, "computeEnvironment": name} for n, name in enumerate(environments)]
    shape = {"jobQueueName": "q", "jobQueueArn": QUEUE_ARN, "state": "ENABLED", "priority": 1}
    return {"jobQueues": [{**shape, "computeEnvironmentOrder": order}]}


def environments(kind: str) -> dict[str, Any]:
    return {
        "computeEnvironments": [
            {
                "computeEnvironmentName": name,
                "computeEnvironmentArn": name,
                "computeResources": {"type": kind, "maxvCpus": 1, "subnets": ["s"]},
            }
            for name in NAMES
        ]
    }


def quiet(text: str) -> None:
    raise AssertionError(f"nothing is to be said: {text}")


@pytest.mark.parametrize(("kind", "expected"), [("FARGATE_SPOT", True), ("EC2", False)])
def test_the_environments_of_the_queue_are_asked(kind: str, expected: bool) -> None:
    with stubbed("batch") as (batch, stub):
        stub.add_response("describe_job_queues", queue(*NAMES), {"jobQueues": [QUEUE_ARN]})
        wanted = {"computeEnvironments": NAMES}
        stub.add_response("describe_compute_environments", environments(kind), wanted)
        assert queue_on_fargate(batch, QUEUE_ARN, {}, quiet) is expected


def test_nobody_is_asked_where_the_property_says_it() -> None:
    with stubbed("batch") as (batch, _):
        assert queue_on_fargate(batch, "q", {"pegbatch.aws.platform": "EC2"}, quiet) is False


def test_a_queue_that_is_not_there_is_an_error_with_what_to_do() -> None:
    with stubbed("batch") as (batch, stub):
        stub.add_response("describe_job_queues", {"jobQueues": []}, {"jobQueues": ["q"]})
        with pytest.raises(JobServiceError, match="there is no job queue q"):
            queue_on_fargate(batch, "q", {}, quiet)


def test_who_may_not_look_is_told_what_is_assumed() -> None:
    said: list[str] = []
    with stubbed("batch") as (batch, stub):
        stub.add_client_error("describe_job_queues", "AccessDeniedException", http_status_code=403)
        assert queue_on_fargate(batch, "q", {}, said.append) is False
    (text,) = said
    assert "takes the queue for one on EC2" in text
    assert "batch:DescribeJobQueues" in text


def test_a_queue_without_environments_counts_as_one_on_ec2() -> None:
    with stubbed("batch") as (batch, stub):
        stub.add_response("describe_job_queues", queue(), {"jobQueues": ["q"]})
        assert queue_on_fargate(batch, "q", {}, quiet) is False

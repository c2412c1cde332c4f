"""On Fargate sizes are rounded up, Spot tasks are tried again, and what it lacks is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.batch.platforms import is_fargate
from pegbatch.batch.requests import build_requests
from pegbatch.errors import PlanError
from pegbatch.model.plan import Plan
from tests.unit.batch.test_request_options import RUN, plan_of, size_of

ON_FARGATE = replace(RUN, on_fargate=True)


def sizes(plan: Plan, run: Any) -> dict[str, dict[str, str]]:
    return {one.array: size_of(one.body) for one in build_requests(plan, run)}


def reasons(run: Any, **properties: str) -> list[str]:
    (first, *_) = build_requests(plan_of(properties), run)
    rules = first.body["retryStrategy"]["evaluateOnExit"]
    assert len(rules) <= 5
    return [rule["onStatusReason"] for rule in rules if "onStatusReason" in rule]


def test_a_queue_that_was_seen_on_fargate_has_sizes_rounded_up() -> None:
    plan = plan_of({}, **{"pegasus.memory": "2049"})
    assert sizes(plan, ON_FARGATE)["L0-mixed"] == {"VCPU": "1", "MEMORY": "3072"}
    assert sizes(plan, RUN)["L0-mixed"] == {"VCPU": "1", "MEMORY": "2049"}


def test_less_memory_than_batch_takes_is_raised_to_its_least() -> None:
    plan = plan_of({}, **{"pegasus.memory": "2"})
    assert sizes(plan, RUN)["L0-mixed"]["MEMORY"] == "4"


def test_the_property_wins_over_what_was_seen() -> None:
    plan = plan_of({"pegbatch.aws.platform": "ec2"}, **{"pegasus.memory": "2049"})
    assert sizes(plan, ON_FARGATE)["L0-mixed"]["MEMORY"] == "2049"


def test_an_interrupted_spot_task_is_tried_again_and_so_is_a_lost_host() -> None:
    assert reasons(RUN) == ["Host EC2*", "Task failed to start*"]
    expected = ["Your Spot Task was interrupted*", "Task failed to start*"]
    assert reasons(ON_FARGATE) == expected
    assert reasons(RUN, **{"pegbatch.aws.platform": "FARGATE"}) == expected


def test_every_job_that_fargate_cannot_run_is_named() -> None:
    plan = plan_of({}, **{"pegasus.gpus": "2", "pegasus.cores": "32"})
    with pytest.raises(PlanError) as refused:
        build_requests(plan, ON_FARGATE)
    assert [problem.message for problem in refused.value.problems] == [
        "job L0-mixed asks for 2 GPUs: Fargate has no GPUs",
        "job L0-mixed asks for 32 vCPUs and 2048 MiB: Fargate has at most 16 vCPUs and 122880 MiB",
    ]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"computeResources": {"type": "FARGATE"}}, True),
        ({"computeResources": {"type": "FARGATE_SPOT"}}, True),
        ({"computeResources": {"type": "SPOT"}}, False),
        ({"type": "UNMANAGED"}, False),
    ],
)
def test_environments_say_what_they_are(environment: dict[str, Any], expected: bool) -> None:
    assert is_fargate(environment) is expected

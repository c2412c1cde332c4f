"""What the properties `pegbatch.aws.*` do to arrays and requests."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.adapters.aws_shapes import request_faults
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.errors import InputError, PlanError
from pegbatch.model.plan import Plan
from pegbatch.planner.pipeline import plan_workflow
from tests.workflows import T, make_given, make_workflow

RUN = RunIdentity(
    run_url="s3://pegbatch/test-1",
    run_hex="0a1b2c3d",
    service="aws",
    started=1_700_000_000.0,
    job_queue="q",
    job_definition="d:1",
)


def plan_of(properties: dict[str, str], **profiles: str) -> Plan:
    tasks = [T(id=f"{name}{n}", name=name, profiles=profiles) for name in "ab" for n in range(2)]
    return plan_workflow(make_given(make_workflow(tasks, []), properties)).plan


def bodies_of(properties: dict[str, str], **profiles: str) -> dict[str, Any]:
    requests = build_requests(plan_of(properties, **profiles), RUN)
    for request in requests:
        assert request_faults("SubmitJob", dict(request.body)) == ()
    return {request.array: request.body for request in requests}


def size_of(body: Any) -> dict[str, str]:
    requirements = body["containerOverrides"]["resourceRequirements"]
    return {one["type"]: one["value"] for one in requirements}


@pytest.mark.parametrize("by", ["level", "auto"])
def test_arrays_split_where_parameters_differ(by: str) -> None:
    bodies = bodies_of({"pegbatch.aws.parameters.a": "scale=2", "pegbatch.array.by": by})
    assert set(bodies) == {"L0-a", "L0-b", "verdict"}
    assert bodies["L0-a"]["parameters"] == {"scale": "2"}
    assert "parameters" not in bodies["L0-b"]


def test_equal_parameters_keep_a_level_together() -> None:
    bodies = bodies_of({"pegbatch.aws.parameters": "scale=2"})
    assert set(bodies) == {"L0-mixed", "verdict"}
    assert bodies["L0-mixed"]["parameters"] == {"scale": "2"}


def test_share_priority_and_tags_are_in_every_request() -> None:
    bodies = bodies_of(
        {
            "pegbatch.aws.share_identifier": "physics",
            "pegbatch.aws.scheduling_priority": "7",
            "pegbatch.aws.tags": "team=sky",
        }
    )
    for body in bodies.values():
        assert body["shareIdentifier"] == "physics"
        assert body["schedulingPriorityOverride"] == 7
        assert body["tags"] == {"team": "sky"}
        assert body["propagateTags"] is True


def test_sizes_are_rounded_up_to_what_fargate_has() -> None:
    bodies = bodies_of({"pegbatch.aws.platform": "FARGATE"}, **{"pegasus.memory": "17000"})
    assert size_of(bodies["L0-mixed"]) == {"VCPU": "4", "MEMORY": "17408"}
    assert size_of(bodies["verdict"]) == {"VCPU": "1", "MEMORY": "2048"}


@pytest.mark.parametrize("profile", [{"pegasus.cores": "17"}, {"pegasus.gpus": "1"}])
def test_what_fargate_does_not_have_is_refused(profile: dict[str, str]) -> None:
    plan = plan_of({"pegbatch.aws.platform": "FARGATE"}, **profile)
    with pytest.raises(PlanError, match="Fargate has"):
        build_requests(plan, RUN)


def test_a_value_that_does_not_fit_is_refused_when_planning() -> None:
    with pytest.raises(InputError, match="ec2 or fargate"):
        plan_of({"pegbatch.aws.platform": "mars"})

"""Limits that AWS's service model does not carry are checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.batch.entity_bodies import EntityBody, prepare
from pegbatch.batch.entity_limits import limit_problems
from pegbatch.model.entities import EntityKind

SIZES = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
CONTAINER = {"image": "i", "resourceRequirements": SIZES}
ON_FARGATE = {**CONTAINER, "executionRoleArn": "role"}
RESOURCES = {"type": "EC2", "maxvCpus": 4}


def messages(kind: EntityKind, written: dict[str, Any]) -> list[str]:
    body = prepare(kind, written, prefix="p", environment="ce")
    return [problem.message for problem in limit_problems(EntityBody(kind, body, "f.json"))]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ({"retryStrategy": {"attempts": 11}}, "retryStrategy.attempts"),
        ({"retryStrategy": {"evaluateOnExit": [{"action": "EXIT"}] * 6}}, "evaluateOnExit"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "timeout.attemptDurationSeconds"),
        ({"containerProperties": {**CONTAINER, "image": ""}}, "containerProperties.image"),
        ({"containerProperties": {"image": "i", "vcpus": 1}}, "no MEMORY"),
        ({"containerProperties": {**CONTAINER, "command": ["x" * 25_000]}}, "24576 are allowed"),
        (
            {"containerProperties": {**CONTAINER, "environment": [{"name": "AWS_BATCH_X"}]}},
            "containerProperties.environment[0].name",
        ),
        (
            {"containerProperties": {"image": "i", "vcpus": 1, "memory": 3}},
            "resourceRequirements[1].value",
        ),
        (
            {
                "containerProperties": {
                    **CONTAINER,
                    "resourceRequirements": [*SIZES, {"type": "GPU", "value": "many"}],
                }
            },
            "'many' is no number",
        ),
        ({"platformCapabilities": ["FARGATE"]}, "executionRoleArn"),
        ({"tags": {str(n): "" for n in range(48)}}, "48 tags"),
        ({"jobDefinitionName": "no name"}, "'no name' is no name"),
    ],
)
def test_what_breaks_a_limit_of_a_definition_is_named(written: dict[str, Any], path: str) -> None:
    (found,) = messages(EntityKind.DEFINITION, {"containerProperties": CONTAINER, **written})
    assert path in found


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "sizeInGiB: 20, 21 to 200 are allowed"),
        ({"ephemeralStorage": {"sizeInGiB": 201}}, "sizeInGiB: 201, 21 to 200 are allowed"),
        ({"privileged": True}, "privileged: Fargate does not take it"),
        ({"resourceRequirements": [*SIZES, {"type": "GPU", "value": "1"}]}, "has no GPUs"),
        (
            {"resourceRequirements": [SIZES[0], {"type": "MEMORY", "value": "1024"}]},
            "Fargate has no 1 vCPUs with 1024 MiB",
        ),
    ],
)
def test_what_fargate_does_not_take_in_a_definition_is_named(
    written: dict[str, Any], said: str
) -> None:
    container = {**ON_FARGATE, **written}
    whole = {"platformCapabilities": ["FARGATE"], "containerProperties": container}
    (found,) = messages(EntityKind.DEFINITION, whole)
    assert said in found


def test_a_container_definition_without_container_is_refused() -> None:
    assert "needs containerProperties" in messages(EntityKind.DEFINITION, {})[0]


@pytest.mark.parametrize(
    ("resources", "path"),
    [
        (None, "computeResources: missing"),
        ({**RESOURCES, "maxvCpus": 0}, "computeResources.maxvCpus"),
        ({**RESOURCES, "minvCpus": 5}, "computeResources.minvCpus"),
        ({"type": "FARGATE", "maxvCpus": 4, "instanceRole": "r"}, "computeResources.instanceRole"),
    ],
)
def test_what_breaks_a_limit_of_an_environment_is_named(
    resources: dict[str, Any] | None, path: str
) -> None:
    written = {"computeResources": resources} if resources else {}
    (found,) = messages(EntityKind.ENVIRONMENT, written)
    assert path in found


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ({"priority": 1001}, "priority"),
        ({"computeEnvironmentOrder": [{"order": n} for n in range(4)]}, "at most 3"),
        ({"computeEnvironmentOrder": [{"order": 1}, {"order": 1}]}, "the same order"),
    ],
)
def test_what_breaks_a_limit_of_a_queue_is_named(written: dict[str, Any], path: str) -> None:
    (found,) = messages(EntityKind.QUEUE, written)
    assert path in found


def test_what_keeps_every_limit_is_not_complained_of() -> None:
    whole = {"image": "i", "environment": [{"name": "A"}], "vcpus": 1, "memory": 4}
    large = {**ON_FARGATE, "ephemeralStorage": {"sizeInGiB": 200}}
    fargate = {"platformCapabilities": ["FARGATE"], "containerProperties": large}
    assert messages(EntityKind.DEFINITION, fargate) == []
    assert messages(EntityKind.DEFINITION, {"containerProperties": whole}) == []
    assert messages(EntityKind.DEFINITION, {"containerProperties": CONTAINER}) == []
    assert messages(EntityKind.ENVIRONMENT, {"computeResources": RESOURCES}) == []
    assert messages(EntityKind.ENVIRONMENT, {"type": "UNMANAGED"}) == []
    assert messages(EntityKind.QUEUE, {}) == []

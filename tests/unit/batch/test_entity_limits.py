"""Limits that AWS's service model does not carry are checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.batch.entity_bodies import EntityBody, prepare
from pegbatch.batch.entity_limits import limit_problems
from pegbatch.model.entities import EntityKind

CONTAINER = {"image": "i"}
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
        ({"containerProperties": {"image": ""}}, "containerProperties.image"),
        ({"containerProperties": {**CONTAINER, "command": ["x" * 25_000]}}, "24576 are allowed"),
        (
            {"containerProperties": {**CONTAINER, "environment": [{"name": "AWS_BATCH_X"}]}},
            "containerProperties.environment[0].name",
        ),
        ({"containerProperties": {**CONTAINER, "memory": 3}}, "resourceRequirements[0].value"),
        (
            {
                "containerProperties": {
                    **CONTAINER,
                    "resourceRequirements": [{"type": "VCPU", "value": "many"}],
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
    whole = {**CONTAINER, "environment": [{"name": "A"}], "vcpus": 1, "memory": 4}
    assert messages(EntityKind.DEFINITION, {"containerProperties": whole}) == []
    assert messages(EntityKind.DEFINITION, {"containerProperties": CONTAINER}) == []
    assert messages(EntityKind.ENVIRONMENT, {"computeResources": RESOURCES}) == []
    assert messages(EntityKind.ENVIRONMENT, {"type": "UNMANAGED"}) == []
    assert messages(EntityKind.QUEUE, {}) == []

"""AWS's limits on definitions, environments and queues that its service model does not carry.

Source: AWS Batch service quotas; API RegisterJobDefinition, CreateJobQueue; User Guide, Fargate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from pegbatch.batch.entities import name_problems
from pegbatch.batch.entity_bodies import EntityBody
from pegbatch.batch.limits import ATTEMPTS, MEMORY_LEAST_MIB, TIMEOUT_LEAST_SECONDS
from pegbatch.errors import Problem
from pegbatch.model.entities import EntityKind
from pegbatch.model.fargate import FARGATE_MEMORY

DEFINITION_MAX_BYTES = 24 * 1024
RULES_MAX = 5
ENVIRONMENTS_PER_QUEUE_MAX = 3
PRIORITIES = range(0, 1001)
TAGS_MAX = 50
OUR_TAGS = 3
EPHEMERAL_GIB = range(21, 201)
ENTITIES_MAX = 50
"""Queues, and environments, in a region."""


def limit_problems(entity: EntityBody) -> tuple[Problem, ...]:
    """Return what AWS would refuse although the types are right.

    Shapes: the body fits botocore's model.
    """
    rules = {
        EntityKind.DEFINITION: _definition,
        EntityKind.ENVIRONMENT: _environment,
        EntityKind.QUEUE: _queue,
    }[entity.kind]
    found = [
        Problem(f"{path}: {message}" if path else message, entity.source)
        for path, message in (*rules(entity.body), *_tags(entity.body))
    ]
    return (*name_problems(entity.kind, entity.name, entity.source), *found)


Broken = Iterator[tuple[str, str]]


def _definition(body: Mapping[str, Any]) -> Broken:
    size = len(orjson.dumps(body))
    if size > DEFINITION_MAX_BYTES:
        yield "", f"a job definition of {size} bytes, at most {DEFINITION_MAX_BYTES} are allowed"
    retry = body.get("retryStrategy", {})
    if retry.get("attempts", 1) not in ATTEMPTS:
        yield "retryStrategy.attempts", f"{retry['attempts']}, 1 to 10 are allowed"
    if len(retry.get("evaluateOnExit", ())) > RULES_MAX:
        yield "retryStrategy.evaluateOnExit", f"more than {RULES_MAX} rules"
    timeout = body.get("timeout", {}).get("attemptDurationSeconds", TIMEOUT_LEAST_SECONDS)
    if timeout < TIMEOUT_LEAST_SECONDS:
        yield "timeout.attemptDurationSeconds", f"{timeout}, at least 60 are needed"
    if body["type"] == "container" and not _kinds_of_container(body):
        yield "", "a definition of type container needs containerProperties"
    yield from _container(body.get("containerProperties", {}), body)


def _kinds_of_container(body: Mapping[str, Any]) -> bool:
    return any(key in body for key in ("containerProperties", "ecsProperties", "eksProperties"))


def _container(container: Mapping[str, Any], body: Mapping[str, Any]) -> Broken:
    for number, entry in enumerate(container.get("environment", ())):
        if str(entry.get("name", "")).startswith("AWS_BATCH"):
            path = f"containerProperties.environment[{number}].name"
            yield path, f"{entry['name']} is reserved, as every name that begins with AWS_BATCH"
    if "containerProperties" in body:
        if not container.get("image"):
            yield "containerProperties.image", "missing"
        yield from _resources(container.get("resourceRequirements", ()))
    if "FARGATE" in body.get("platformCapabilities", ()):
        yield from _fargate(container)


def _resources(asked: Sequence[Mapping[str, str]]) -> Broken:
    where = "containerProperties.resourceRequirements"
    for number, one in enumerate(asked):
        path = f"{where}[{number}].value"
        if not _number(one["value"]):
            yield path, f"{one['value']!r} is no number"
        elif one["type"] == "MEMORY" and float(one["value"]) < MEMORY_LEAST_MIB:
            yield path, f"{one['value']} MiB, at least {MEMORY_LEAST_MIB} are needed"
    for missing in sorted({"VCPU", "MEMORY"} - {one["type"].upper() for one in asked}):
        yield where, f"no {missing}; AWS wants one, although each job brings its own"


def _fargate(container: Mapping[str, Any]) -> Broken:
    """Yield what Fargate refuses. Source: User Guide, "Job definitions on Fargate"."""
    if not container.get("executionRoleArn"):
        yield "containerProperties.executionRoleArn", "missing; Fargate needs it"
    disk = container.get("ephemeralStorage", {}).get("sizeInGiB", EPHEMERAL_GIB[0])
    if disk not in EPHEMERAL_GIB:
        yield "containerProperties.ephemeralStorage.sizeInGiB", f"{disk}, 21 to 200 are allowed"
    for key in ("privileged", "ulimits", "instanceType"):
        if container.get(key):
            yield f"containerProperties.{key}", "Fargate does not take it"
    asked = {one["type"].upper(): one["value"] for one in container.get("resourceRequirements", ())}
    path = "containerProperties.resourceRequirements"
    if "GPU" in asked:
        yield path, "Fargate has no GPUs"
    sizes = [asked[key] for key in ("VCPU", "MEMORY") if _number(asked.get(key, ""))]
    if len(sizes) == 2 and float(sizes[1]) not in FARGATE_MEMORY.get(float(sizes[0]), ()):
        yield path, f"Fargate has no {sizes[0]} vCPUs with {sizes[1]} MiB"


def _environment(body: Mapping[str, Any]) -> Broken:
    resources = body.get("computeResources")
    if body["type"] == "MANAGED" and resources is None:
        yield "computeResources", "missing; a MANAGED environment needs it"
    if resources is None:
        return
    if resources["maxvCpus"] < 1:
        yield "computeResources.maxvCpus", f"{resources['maxvCpus']}, at least 1 is needed"
    if resources.get("minvCpus", 0) > resources["maxvCpus"]:
        yield "computeResources.minvCpus", "more than maxvCpus"
    if resources["type"] in ("FARGATE", "FARGATE_SPOT"):
        for key in ("instanceTypes", "instanceRole", "minvCpus", "desiredvCpus", "imageId"):
            if resources.get(key):
                yield f"computeResources.{key}", "Fargate does not take it"


def _queue(body: Mapping[str, Any]) -> Broken:
    order = body.get("computeEnvironmentOrder", ())
    if len(order) > ENVIRONMENTS_PER_QUEUE_MAX:
        yield "computeEnvironmentOrder", f"{len(order)} environments, at most 3 are allowed"
    if len({entry["order"] for entry in order}) < len(order):
        yield "computeEnvironmentOrder", "two entries have the same order"
    if body["priority"] not in PRIORITIES:
        yield "priority", f"{body['priority']}, 0 to 1000 are allowed"


def _tags(body: Mapping[str, Any]) -> Broken:
    tags = body.get("tags", {})
    if len(tags) > TAGS_MAX - OUR_TAGS:
        yield "tags", f"{len(tags)} tags, at most {TAGS_MAX - OUR_TAGS} beside our own"


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

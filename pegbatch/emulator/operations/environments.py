"""Compute environments."""

from __future__ import annotations

from pegbatch.emulator.operations import life_cycle
from pegbatch.emulator.operations.describing import describe_entities
from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import ENVIRONMENT, QUEUE
from pegbatch.emulator.rules import names
from pegbatch.emulator.rules.environments import MAX_ENTITIES, check_environment, check_resources
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

_CHANGEABLE = ("state", "serviceRole", "unmanagedvCpus")


def create(world: World, call: Call) -> Json:
    """CreateComputeEnvironment: CREATING, then VALID."""
    name = call.body["computeEnvironmentName"]
    names.check_entity_name("Compute environment name", name)
    names.check_tags(call.body.get("tags", {}))
    check_environment(call.body)
    world.registry.check_free(ENVIRONMENT, name)
    if world.registry.count(ENVIRONMENT) >= MAX_ENTITIES:
        raise Refusal(f"there are {MAX_ENTITIES} compute environments, the most of a Region")
    arn = world.registry.arn(ENVIRONMENT, name)
    body = {
        "tags": {},
        "serviceRole": f"arn:aws:iam::{arn.split(':')[4]}:role/aws-service-role/batch.amazonaws.com"
        "/AWSServiceRoleForBatch",
        "state": "ENABLED",
        **call.body,
        "computeEnvironmentArn": arn,
        "ecsClusterArn": arn.replace(":batch:", ":ecs:").replace(ENVIRONMENT, "cluster"),
        "containerOrchestrationType": "ECS",
        "uuid": world.new_id(),
        "status": "CREATING",
        "statusReason": "",
    }
    world.registry.save(ENVIRONMENT, name, body)
    life_cycle.settle(world, ENVIRONMENT, name)
    return {"computeEnvironmentName": name, "computeEnvironmentArn": arn}


def update(world: World, call: Call) -> Json:
    """UpdateComputeEnvironment: state, resources, role."""
    body = world.registry.need(ENVIRONMENT, call.body["computeEnvironment"])
    changed: Json = {key: call.body[key] for key in _CHANGEABLE if key in call.body}
    resources = call.body.get("computeResources")
    if resources is not None:
        merged = {**body.get("computeResources", {}), **resources}
        if body["type"] == "UNMANAGED":
            raise Refusal("an UNMANAGED compute environment takes no computeResources")
        check_resources(merged)
        changed["computeResources"] = merged
    name = body["computeEnvironmentName"]
    world.registry.save(ENVIRONMENT, name, {**body, **changed, "status": "UPDATING"})
    life_cycle.settle(world, ENVIRONMENT, name)
    return {"computeEnvironmentName": name, "computeEnvironmentArn": body["computeEnvironmentArn"]}


def delete(world: World, call: Call) -> Json:
    """DeleteComputeEnvironment: only a DISABLED one that no queue uses."""
    body = world.registry.need(ENVIRONMENT, call.body["computeEnvironment"])
    name = body["computeEnvironmentName"]
    if body["state"] != "DISABLED":
        raise Refusal(f"compute environment {name} must be DISABLED before it can be deleted")
    for queue, settings in world.registry.all(QUEUE):
        order = settings["computeEnvironmentOrder"]
        if any(names.plain_name(ENVIRONMENT, e["computeEnvironment"]) == name for e in order):
            raise Refusal(f"compute environment {name} is used by job queue {queue}")
    life_cycle.vanish(world, ENVIRONMENT, name, body)
    return {}


def describe(world: World, call: Call) -> Json:
    """DescribeComputeEnvironments: named ones or all, in pages; unknown names are left out."""
    return describe_entities(world, call, ENVIRONMENT, "computeEnvironments")

"""Scheduling policies: fair shares of a queue."""

from __future__ import annotations

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import POLICY, QUEUE
from pegbatch.emulator.rules import names
from pegbatch.emulator.rules.listing import page
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

MAX_POLICIES = 500
PAGE = 100


def create(world: World, call: Call) -> Json:
    """CreateSchedulingPolicy."""
    name = call.body["name"]
    names.check_entity_name("Scheduling policy name", name)
    names.check_tags(call.body.get("tags", {}))
    if "quotaSharePolicy" in call.body:
        raise Refusal("the embedded AWS has no quota shares: use fairsharePolicy")
    world.registry.check_free(POLICY, name)
    if world.registry.count(POLICY) >= MAX_POLICIES:
        raise Refusal(f"there are {MAX_POLICIES} scheduling policies, the most of a Region")
    arn = world.registry.arn(POLICY, name)
    body = {"tags": {}, "fairsharePolicy": {}, **call.body, "arn": arn}
    world.registry.save(POLICY, name, body)
    return {"name": name, "arn": arn}


def update(world: World, call: Call) -> Json:
    """UpdateSchedulingPolicy."""
    body = world.registry.need(POLICY, call.body["arn"])
    policy = call.body.get("fairsharePolicy", body["fairsharePolicy"])
    world.registry.save(POLICY, body["name"], {**body, "fairsharePolicy": policy})
    for name, queue in list(world.registry.all(QUEUE)):
        if queue.get("schedulingPolicyArn") == body["arn"]:
            # Saved again, so that placement sees the new weights.
            world.registry.save(QUEUE, name, queue)
    return {}


def delete(world: World, call: Call) -> Json:
    """DeleteSchedulingPolicy: only one that no queue uses."""
    body = world.registry.need(POLICY, call.body["arn"])
    for name, queue in world.registry.all(QUEUE):
        if queue.get("schedulingPolicyArn") == body["arn"]:
            raise Refusal(f"scheduling policy {body['name']} is used by job queue {name}")
    world.registry.remove(POLICY, body["name"])
    return {}


def describe(world: World, call: Call) -> Json:
    """DescribeSchedulingPolicies: up to 100 ARNs."""
    arns = call.body["arns"]
    if len(arns) > PAGE:
        raise Refusal(f"arns has {len(arns)} entries, more than {PAGE}")
    bodies = [body for _, body in world.registry.all(POLICY) if body["arn"] in arns]
    return {"schedulingPolicies": bodies}


def list_policies(world: World, call: Call) -> Json:
    """ListSchedulingPolicies."""
    numbered = [(n, body["arn"]) for n, (_, body) in enumerate(world.registry.all(POLICY))]
    items, token = page(numbered, lambda item: (item[0],), call.body, PAGE)
    answer: Json = {"schedulingPolicies": [{"arn": arn} for _, arn in items]}
    return {**answer, "nextToken": token} if token else answer

"""Job queues."""

from __future__ import annotations

from itertools import islice

from pegbatch.emulator.operations import life_cycle
from pegbatch.emulator.operations.describing import describe_entities
from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import ENVIRONMENT, POLICY, QUEUE
from pegbatch.emulator.rules import names
from pegbatch.emulator.rules.environments import MAX_ENTITIES, check_mix, check_queue
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.views import milliseconds
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

SNAPSHOT = 100
_CHANGEABLE = ("state", "priority", "schedulingPolicyArn", "jobStateTimeLimitActions")


def create(world: World, call: Call) -> Json:
    """CreateJobQueue: on VALID, ENABLED environments of one kind."""
    name = call.body["jobQueueName"]
    names.check_entity_name("Job queue name", name)
    names.check_tags(call.body.get("tags", {}))
    if not call.body.get("computeEnvironmentOrder"):
        raise Refusal("computeEnvironmentOrder is required")
    check_queue(call.body)
    world.registry.check_free(QUEUE, name)
    if world.registry.count(QUEUE) >= MAX_ENTITIES:
        raise Refusal(f"there are {MAX_ENTITIES} job queues, the most of a Region")
    _check_policy(world, call.body)
    arn = world.registry.arn(QUEUE, name)
    body = {
        "tags": {},
        "state": "ENABLED",
        **call.body,
        "computeEnvironmentOrder": _order(world, call.body),
        "jobQueueArn": arn,
        "status": "CREATING",
        "statusReason": "",
    }
    world.registry.save(QUEUE, name, body)
    life_cycle.settle(world, QUEUE, name)
    return {"jobQueueName": name, "jobQueueArn": arn}


def update(world: World, call: Call) -> Json:
    """UpdateJobQueue."""
    body = world.registry.need(QUEUE, call.body["jobQueue"])
    check_queue(call.body)
    changed = {key: call.body[key] for key in _CHANGEABLE if key in call.body}
    if "schedulingPolicyArn" in changed:
        if "schedulingPolicyArn" not in body:
            raise Refusal("a job queue without a scheduling policy can't get one")
        _check_policy(world, changed)
    if "computeEnvironmentOrder" in call.body:
        changed["computeEnvironmentOrder"] = _order(world, call.body)
    name = body["jobQueueName"]
    world.registry.save(QUEUE, name, {**body, **changed, "status": "UPDATING"})
    life_cycle.settle(world, QUEUE, name)
    return {"jobQueueName": name, "jobQueueArn": body["jobQueueArn"]}


def delete(world: World, call: Call) -> Json:
    """DeleteJobQueue: only a DISABLED one; its jobs are terminated."""
    body = world.registry.need(QUEUE, call.body["jobQueue"])
    name = body["jobQueueName"]
    if body["state"] != "DISABLED":
        raise Refusal(f"job queue {name} must be DISABLED before it can be deleted")
    now = world.now()
    for job in world.machine.core.by_queue.get(name, ()):
        world.machine.terminate(job.units, "Job queue deleted", now)
    life_cycle.vanish(world, QUEUE, name, body)
    return {}


def describe(world: World, call: Call) -> Json:
    """DescribeJobQueues: named ones or all, in pages; unknown names are left out."""
    return describe_entities(world, call, QUEUE, "jobQueues")


def snapshot(world: World, call: Call) -> Json:
    """GetJobQueueSnapshot: the first 100 RUNNABLE jobs in the order of dispatch."""
    body = world.registry.need(QUEUE, call.body["jobQueue"])
    waiting = islice(world.machine.placement.waiting(body["jobQueueName"]), SNAPSHOT)
    jobs = [
        {
            "jobArn": unit.job.arn if unit.index is None else f"{unit.job.arn}:{unit.index}",
            "earliestTimeAtPosition": milliseconds(unit.runnable_at),
        }
        for unit in waiting
    ]
    return {"frontOfQueue": {"jobs": jobs, "lastUpdatedAt": milliseconds(world.now())}}


def _order(world: World, body: Json) -> list[Json]:
    order = [
        (entry["order"], world.registry.need(ENVIRONMENT, entry["computeEnvironment"]))
        for entry in body["computeEnvironmentOrder"]
    ]
    check_mix(environment for _, environment in order)
    return [
        {"order": place, "computeEnvironment": environment["computeEnvironmentArn"]}
        for place, environment in order
    ]


def _check_policy(world: World, body: Json) -> None:
    if "schedulingPolicyArn" in body:
        world.registry.need(POLICY, body["schedulingPolicyArn"])

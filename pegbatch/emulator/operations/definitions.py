"""Job definitions."""

from __future__ import annotations

from typing import Any

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import DEFINITION
from pegbatch.emulator.rules.definitions import check_definition
from pegbatch.emulator.rules.listing import page
from pegbatch.emulator.rules.names import plain_name
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

PAGE = 100


def register(world: World, call: Call) -> Json:
    """RegisterJobDefinition: a new revision, never a change of an old one."""
    check_definition(call.body, world.settings.minimum_timeout_seconds)
    name = call.body["jobDefinitionName"]
    revision = len(world.registry.revisions(name)) + 1
    key = f"{name}:{revision}"
    body = {
        "tags": {},
        "parameters": {},
        **call.body,
        "jobDefinitionArn": world.registry.arn(DEFINITION, key),
        "revision": revision,
        "status": "ACTIVE",
        "containerOrchestrationType": "ECS",
    }
    world.registry.save(DEFINITION, key, body)
    return {
        "jobDefinitionName": name,
        "jobDefinitionArn": body["jobDefinitionArn"],
        "revision": revision,
    }


def deregister(world: World, call: Call) -> Json:
    """DeregisterJobDefinition: the revision becomes INACTIVE; running jobs keep it."""
    key = plain_name(DEFINITION, call.body["jobDefinition"])
    if ":" not in key:
        raise Refusal(f"jobDefinition {key} needs a revision: {key}:1")
    body = world.registry.get(DEFINITION, key)
    if body is not None:
        world.registry.save(DEFINITION, key, {**body, "status": "INACTIVE"})
    return {}


def describe(world: World, call: Call) -> Json:
    """DescribeJobDefinitions: by ids, or by name and status, in pages."""
    wanted = call.body.get("jobDefinitions")
    if wanted is not None:
        if len(wanted) > PAGE:
            raise Refusal(f"jobDefinitions has {len(wanted)} entries, more than {PAGE}")
        keys = {plain_name(DEFINITION, text) for text in wanted}
        found = [b for key, b in world.registry.all(DEFINITION) if _chosen(key, keys)]
        return {"jobDefinitions": found}
    matching = [
        (number, body)
        for number, (_, body) in enumerate(world.registry.all(DEFINITION))
        if _matches(body, call.body)
    ]
    items, token = page(matching, lambda item: (item[0],), call.body, PAGE)
    answer: dict[str, Any] = {"jobDefinitions": [body for _, body in items]}
    if token:
        answer["nextToken"] = token
    return answer


def _chosen(key: str, wanted: set[str]) -> bool:
    return key in wanted or key.partition(":")[0] in wanted


def _matches(body: Json, request: Json) -> bool:
    name, status = request.get("jobDefinitionName"), request.get("status")
    return (name is None or body["jobDefinitionName"] == name) and (
        status is None or body["status"] == status
    )

"""Consumable resources: licences and the like, taken at STARTING and given back at the end."""

from __future__ import annotations

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import CONSUMABLE
from pegbatch.emulator.rules import names
from pegbatch.emulator.rules.listing import page
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.views import milliseconds
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

MAX_CONSUMABLES = 50_000
PAGE = 100
_LISTED = ("consumableResourceArn", "consumableResourceName", "totalQuantity", "resourceType")


def create(world: World, call: Call) -> Json:
    """CreateConsumableResource; replenishable ones only."""
    name = call.body["consumableResourceName"]
    names.check_entity_name("Consumable resource name", name)
    names.check_tags(call.body.get("tags", {}))
    if call.body.get("resourceType", "REPLENISHABLE") != "REPLENISHABLE":
        raise Refusal("the embedded AWS has REPLENISHABLE resources only")
    if world.registry.count(CONSUMABLE) >= MAX_CONSUMABLES:
        raise Refusal(f"there are {MAX_CONSUMABLES} consumable resources, the most of an account")
    world.registry.check_free(CONSUMABLE, name)
    arn = world.registry.arn(CONSUMABLE, name)
    body = {
        "tags": {},
        "totalQuantity": 0,
        "resourceType": "REPLENISHABLE",
        **call.body,
        "consumableResourceArn": arn,
        "createdAt": milliseconds(world.now()),
    }
    world.registry.save(CONSUMABLE, name, body)
    return {"consumableResourceName": name, "consumableResourceArn": arn}


def update(world: World, call: Call) -> Json:
    """UpdateConsumableResource: SET, ADD or REMOVE a quantity."""
    body = world.registry.need(CONSUMABLE, call.body["consumableResource"])
    quantity = call.body.get("quantity", 0)
    signs = {"SET": 0, "ADD": 1, "REMOVE": -1}
    operation = call.body.get("operation", "SET")
    if operation not in signs or quantity < 0:
        raise Refusal("operation must be SET, ADD or REMOVE, quantity not negative")
    sign = signs[operation]
    total = body["totalQuantity"] + sign * quantity if sign else quantity
    if total < 0:
        raise Refusal(f"consumable resource {body['consumableResourceName']} can't go below 0")
    name = body["consumableResourceName"]
    world.registry.save(CONSUMABLE, name, {**body, "totalQuantity": total})
    return {
        "consumableResourceName": name,
        "consumableResourceArn": body["consumableResourceArn"],
        "totalQuantity": total,
    }


def delete(world: World, call: Call) -> Json:
    """DeleteConsumableResource."""
    body = world.registry.need(CONSUMABLE, call.body["consumableResource"])
    world.registry.remove(CONSUMABLE, body["consumableResourceName"])
    return {}


def describe(world: World, call: Call) -> Json:
    """DescribeConsumableResource, with what is in use."""
    body = world.registry.need(CONSUMABLE, call.body["consumableResource"])
    used = _used(world, body)
    return {
        **body,
        "inUseQuantity": used,
        "availableQuantity": max(0, body["totalQuantity"] - used),
    }


def list_resources(world: World, call: Call) -> Json:
    """ListConsumableResources, in pages."""
    if call.body.get("filters"):
        raise Refusal("the embedded AWS does not filter consumable resources")
    numbered = [(n, body) for n, (_, body) in enumerate(world.registry.all(CONSUMABLE))]
    items, token = page(numbered, lambda item: (item[0],), call.body, PAGE)
    found = [
        {**{key: body[key] for key in _LISTED}, "inUseQuantity": _used(world, body)}
        for _, body in items
    ]
    answer: Json = {"consumableResources": found}
    return {**answer, "nextToken": token} if token else answer


def _used(world: World, body: Json) -> int:
    return world.machine.placement.consumed.get(body["consumableResourceName"], 0)

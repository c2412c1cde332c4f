"""What RegisterJobDefinition accepts."""

from __future__ import annotations

import orjson

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules import containers, names, retries
from pegbatch.emulator.state.jobs import Json

MAX_BYTES = 24 * 1024
MAX_CONSUMABLES = 5
MAX_PRIORITY = 9999


def check_definition(body: Json, minimum_timeout_seconds: int) -> None:
    """Refuse a job definition that Batch would refuse, or that cannot run here.

    Source: API RegisterJobDefinition; quotas.
    """
    names.check_entity_name("Job definition name", body["jobDefinitionName"])
    size = len(orjson.dumps(body))
    if size > MAX_BYTES:
        raise Refusal(f"Job definition size must be less than 24 KiB, got {size // 1024} KiB")
    _check_kind(body)
    containers.check_container(body["containerProperties"], fargate=is_fargate(body))
    retries.check_retry_strategy(body.get("retryStrategy", {}))
    retries.check_timeout(body.get("timeout", {}), minimum_timeout_seconds)
    names.check_tags(body.get("tags", {}))
    check_priority("schedulingPriority", body.get("schedulingPriority", 0))
    check_consumables(body.get("consumableResourceProperties", {}))


def is_fargate(definition: Json) -> bool:
    """Tell whether a definition is for Fargate."""
    return "FARGATE" in definition.get("platformCapabilities", ())


def check_priority(what: str, priority: int) -> None:
    """Refuse a scheduling priority outside 0 to 9999."""
    if not 0 <= priority <= MAX_PRIORITY:
        raise Refusal(f"{what} is {priority}, not between 0 and {MAX_PRIORITY}")


def check_consumables(properties: Json) -> None:
    """Refuse more than 5 consumable resources."""
    count = len(properties.get("consumableResourceList", ()))
    if count > MAX_CONSUMABLES:
        raise Refusal(f"{count} consumable resources, more than {MAX_CONSUMABLES}")


def _check_kind(body: Json) -> None:
    if body["type"] == "multinode" or "nodeProperties" in body:
        raise Refusal("the embedded AWS runs no multi-node jobs: use type container")
    for key in ("eksProperties", "ecsProperties"):
        if key in body:
            raise Refusal(f"the embedded AWS does not take {key}: use containerProperties")
    if "containerProperties" not in body:
        raise Refusal("a job definition of type container needs containerProperties")
    platforms = body.get("platformCapabilities", ())
    if len(platforms) > 1:
        raise Refusal("platformCapabilities: either EC2 or FARGATE")

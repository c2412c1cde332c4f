"""What compute environments and job queues may look like.

Source: API CreateComputeEnvironment, ComputeResource, CreateJobQueue; quotas.
"""

from __future__ import annotations

from collections.abc import Iterable

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.state.jobs import Json

MAX_ENTITIES = 50
MAX_ENVIRONMENTS_PER_QUEUE = 3
_FARGATE = frozenset({"FARGATE", "FARGATE_SPOT"})
_EC2 = frozenset({"EC2", "SPOT"})


def check_environment(body: Json) -> None:
    """Refuse a compute environment that Batch would refuse."""
    resources = body.get("computeResources")
    if body["type"] == "UNMANAGED":
        if resources is not None:
            raise Refusal("an UNMANAGED compute environment takes no computeResources")
        return
    if "unmanagedvCpus" in body:
        raise Refusal("unmanagedvCpus is for UNMANAGED compute environments only")
    if resources is None:
        raise Refusal("computeResources is required for MANAGED compute environments")
    check_resources(resources)


def check_resources(resources: Json) -> None:
    """Refuse compute resources with missing or contradicting members."""
    kind = resources["type"]
    if resources["maxvCpus"] < 1:
        raise Refusal(f"computeResources.maxvCpus is {resources['maxvCpus']}, less than 1")
    if not resources.get("subnets") and kind != "ECS_MANAGED_INSTANCES":
        raise Refusal("computeResources.subnets is required")
    if kind in _FARGATE:
        _check_fargate(resources)
    elif kind in _EC2:
        _check_ec2(resources)


def check_queue(body: Json) -> None:
    """Refuse a queue whose order of environments or time limits Batch would refuse."""
    order = body.get("computeEnvironmentOrder")
    if order is not None:
        if not 1 <= len(order) <= MAX_ENVIRONMENTS_PER_QUEUE:
            raise Refusal(
                f"computeEnvironmentOrder has {len(order)} entries, not 1 to"
                f" {MAX_ENVIRONMENTS_PER_QUEUE}"
            )
        if len({entry["order"] for entry in order}) < len(order):
            raise Refusal("computeEnvironmentOrder: two entries have the same order")
    if not 0 <= body.get("priority", 0) <= 1000:
        raise Refusal(f"priority is {body['priority']}, not between 0 and 1000")
    for action in body.get("jobStateTimeLimitActions", ()):
        _check_time_limit(action)


def check_mix(environments: Iterable[Json]) -> None:
    """Refuse a queue over EC2 and Fargate at once, and one on an environment that is not VALID."""
    families = set()
    for body in environments:
        name = body["computeEnvironmentName"]
        if body["status"] not in ("VALID", "UPDATING"):
            raise Refusal(f"compute environment {name} is {body['status']}, not VALID")
        if body["state"] != "ENABLED":
            raise Refusal(f"compute environment {name} is {body['state']}, not ENABLED")
        families.add(body.get("computeResources", {}).get("type", "EC2") in _FARGATE)
    if len(families) > 1:
        raise Refusal("a job queue can't mix EC2 and Fargate compute environments")


def _check_fargate(resources: Json) -> None:
    if not resources.get("securityGroupIds"):
        raise Refusal("computeResources.securityGroupIds is required on Fargate")
    foreign = [
        key
        for key in ("minvCpus", "desiredvCpus", "instanceTypes", "instanceRole", "imageId")
        if resources.get(key)
    ]
    if foreign:
        raise Refusal(f"computeResources: {', '.join(foreign)} can't be specified on Fargate")


def _check_ec2(resources: Json) -> None:
    for key in ("instanceRole", "instanceTypes"):
        if not resources.get(key):
            raise Refusal(f"computeResources.{key} is required on {resources['type']}")
    if resources.get("minvCpus", 0) > resources["maxvCpus"]:
        raise Refusal("computeResources.minvCpus is more than maxvCpus")
    best_fit = resources.get("allocationStrategy", "BEST_FIT") == "BEST_FIT"
    if resources["type"] == "SPOT" and best_fit and not resources.get("spotIamFleetRole"):
        raise Refusal("computeResources.spotIamFleetRole is required for SPOT with BEST_FIT")


def _check_time_limit(action: Json) -> None:
    if not 600 <= action["maxTimeSeconds"] <= 86_400:
        raise Refusal("jobStateTimeLimitActions.maxTimeSeconds is not between 600 and 86,400")
    if action["action"] != "CANCEL":
        raise Refusal("jobStateTimeLimitActions.action must be CANCEL")

"""Entities as AWS describes them, as our own nouns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pegbatch.adapters.aws_buckets import FoundBucket
from pegbatch.adapters.aws_shapes import partition_of
from pegbatch.batch.entities import NAME_KEYS, short_name
from pegbatch.batch.entity_bodies import PREFIX_TAG, is_ours, replaced_by, translate_old_keys
from pegbatch.model.entities import Entity, EntityAction, EntityKind

Json = Mapping[str, Any]

_ARN_KEYS = {
    EntityKind.DEFINITION: "jobDefinitionArn",
    EntityKind.ENVIRONMENT: "computeEnvironmentArn",
    EntityKind.QUEUE: "jobQueueArn",
}


def name_of(kind: EntityKind, found: Json) -> str:
    """Return the name of a described entity."""
    return str(found[NAME_KEYS[kind]])


def arn_of(kind: EntityKind, found: Json) -> str:
    """Return the ARN of a described entity."""
    return str(found[_ARN_KEYS[kind]])


def entity_of(
    kind: EntityKind, found: Json, prefix: str, action: EntityAction = "listed", note: str = ""
) -> Entity:
    """Return a described definition, environment or queue."""
    is_definition = kind is EntityKind.DEFINITION
    if not note and replaced_by(found):
        note = f"replaced by {replaced_by(found)}, ends its jobs"
    if not note and found.get("state") == "DISABLED" and action != "deleted":
        note = "it takes no jobs"
    valid = found.get("status") == "VALID"
    return Entity(
        kind=kind,
        name=name_of(kind, found),
        arn=arn_of(kind, found),
        action=action,
        note=note,
        state=str(found.get("status" if is_definition else "state", "")),
        status="" if is_definition else str(found.get("status", "")),
        reason="" if valid or is_definition else str(found.get("statusReason") or ""),
        revision=int(found["revision"]) if is_definition else None,
        ours=is_ours(found, prefix),
        capacity=_CAPACITY[kind](found),
    )


def bucket_entity(
    found: FoundBucket, prefix: str, action: EntityAction = "listed", note: str = ""
) -> Entity:
    """Return a bucket."""
    return Entity(
        kind=EntityKind.BUCKET,
        name=found.name,
        arn=f"arn:{partition_of(found.region)}:s3:::{found.name}",
        action=action,
        note=note,
        ours=found.tags.get(PREFIX_TAG) == prefix,
        capacity={"region": found.region},
    )


def environments_of(queue: Json) -> tuple[str, ...]:
    """Return the names of a queue's environments, in order."""
    order = sorted(queue.get("computeEnvironmentOrder", ()), key=lambda entry: entry["order"])
    return tuple(short_name(entry["computeEnvironment"]) for entry in order)


def _environment(found: Json) -> Json:
    resources = found.get("computeResources") or {}
    return {
        "type": resources.get("type", found.get("type", "")),
        "min_vcpus": resources.get("minvCpus", 0),
        "desired_vcpus": resources.get("desiredvCpus", 0),
        "max_vcpus": resources.get("maxvCpus", found.get("unmanagedvCpus")),
        "instance_types": list(resources.get("instanceTypes") or ()),
    }


def _queue(found: Json) -> Json:
    return {"priority": found.get("priority"), "environments": list(environments_of(found))}


def _definition(found: Json) -> Json:
    container = translate_old_keys(found).get("containerProperties") or {}
    asked = {one["type"]: one["value"] for one in container.get("resourceRequirements") or ()}
    return {
        "image": container.get("image", ""),
        "vcpus": asked.get("VCPU"),
        "memory_mib": asked.get("MEMORY"),
        "gpus": asked.get("GPU"),
    }


_CAPACITY = {
    EntityKind.ENVIRONMENT: _environment,
    EntityKind.QUEUE: _queue,
    EntityKind.DEFINITION: _definition,
}

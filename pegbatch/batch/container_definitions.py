"""Job definitions of containers: the base definition, with another image and what goes with it.

A definition has the hash of its contents in its name, so that whoever needs the same one finds it,
and two clients that make it at once make the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pegbatch.batch.entities import SUFFIXES
from pegbatch.batch.entity_bodies import (
    PREFIX_TAG,
    STACK_TAG,
    EntityBody,
    digest,
    is_ours,
    tagged,
    translate_old_keys,
)
from pegbatch.errors import Problem
from pegbatch.model.containers import DIGEST_DIGITS, HostMount, TaskContainer
from pegbatch.model.entities import EntityKind

Json = Mapping[str, Any]

NAME_MAX = 128

_DERIVED = re.compile(rf".+-[0-9a-f]{{{DIGEST_DIGITS}}}").fullmatch
_TAKEN = (
    "parameters",
    "schedulingPriority",
    "retryStrategy",
    "propagateTags",
    "timeout",
    "platformCapabilities",
    "consumableResourceProperties",
    "resourceRetentionPolicy",
)
"""What a definition says beside its container, as DescribeJobDefinitions shows it."""


def prefix_of(base: Json) -> str:
    """Return the prefix that a base definition was made under.

    Shapes: that of its tag; without one its name, but for the suffix that we give to definitions.
    """
    tags = base.get("tags") or {}
    name = str(base["jobDefinitionName"]).removesuffix(SUFFIXES[EntityKind.DEFINITION])
    return str(tags.get(PREFIX_TAG) or tags.get(STACK_TAG) or name)


def derive(base: Json, container: TaskContainer) -> EntityBody:
    """Return the request for the definition of a container.

    Shapes: base as described by AWS, or as a request has it. The container's variables and mounts
    stand in place of the base's of the same name or target.
    """
    properties = dict(translate_old_keys(base).get("containerProperties") or {})
    kept = {key: base[key] for key in _TAKEN if base.get(key) not in (None, "", [], {})}
    environment = {one["name"]: one["value"] for one in properties.get("environment") or ()}
    environment |= dict(container.environment)
    changed = {
        **properties,
        "image": container.image,
        "environment": [{"name": key, "value": value} for key, value in environment.items()],
        **_mounted(properties, container.mounts),
    }
    tags = {key: value for key, value in (base.get("tags") or {}).items() if _is_kept(key)}
    body = {"type": "container", **kept, "containerProperties": changed, "tags": tags}
    prefix, digits = prefix_of(base), digest(body)[:DIGEST_DIGITS]
    name = f"{prefix[: NAME_MAX - DIGEST_DIGITS - 1]}-{digits}"
    whole = {"jobDefinitionName": name, **body}
    plain = EntityBody(EntityKind.DEFINITION, whole, _said(container))
    return replace(plain, body=tagged(plain, prefix))


def is_derived(found: Json, prefix: str) -> bool:
    """Tell whether a described definition is that of a container, made under a prefix."""
    return is_ours(found, prefix) and bool(_DERIVED(str(found["jobDefinitionName"])))


def base_problems(base: Json, containers: tuple[TaskContainer, ...]) -> tuple[Problem, ...]:
    """Return why no definition of a container can be derived from a base; nothing where it can."""
    name = str(base["jobDefinitionName"])
    if base.get("type", "container") != "container" or not base.get("containerProperties"):
        message = f"job definition {name} has no containerProperties, so that no container fits in"
        hint = "name one that has, or leave out the containers of the transformation catalog"
        return (Problem(message, hint=hint),)
    if "FARGATE" not in (base.get("platformCapabilities") or ()):
        return ()
    return tuple(
        Problem(
            f"{_said(container)} mounts {container.mounts[0].source}, and Fargate has no folders "
            "of a machine",
            hint="leave the mount out, or run on a queue and a job definition on EC2",
        )
        for container in containers
        if container.mounts
    )


def _said(container: TaskContainer) -> str:
    return f"container {container.name!r}"


def _is_kept(tag: str) -> bool:
    """Tell whether a definition of a container has a tag of its base: not ours and AWS's own."""
    return not tag.startswith(("pegbatch:", "aws:"))


def _mounted(properties: Json, mounts: tuple[HostMount, ...]) -> dict[str, Any]:
    """Return volumes and mount points with those of a container among them."""
    if not mounts:
        return {}
    targets = {mount.target for mount in mounts}
    points = [
        point
        for point in properties.get("mountPoints") or ()
        if str(point.get("containerPath", "")).rstrip("/") not in targets
    ]
    volumes = list(properties.get("volumes") or ())
    # Counted on, so that a base that is the definition of a container itself keeps its own.
    for number, mount in enumerate(mounts, start=len(volumes)):
        volume = f"pegbatch-mount-{number}"
        volumes.append({"name": volume, "host": {"sourcePath": mount.source}})
        points.append(
            {
                "sourceVolume": volume,
                "containerPath": mount.target,
                "readOnly": mount.read_only,
            }
        )
    return {"volumes": volumes, "mountPoints": points}

"""Request bodies of entities: from what a file says to what is sent.

Old keys are translated, what Pegasus leaves out is filled in, and tags say whose it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pegbatch.batch.entities import NAME_KEYS, default_name
from pegbatch.model.entities import EntityKind

Json = Mapping[str, Any]

PREFIX_TAG = "pegbatch:prefix"
"""Says which prefix an entity was made for; without it nothing is changed or deleted."""
STACK_TAG = "pegbatch:stack"
"""On what --bootstrap made: --teardown deletes it whole, and nothing else touches it."""
DIGEST_TAG = "pegbatch:digest"
"""Tells a file that has lost a key from one that has not changed."""
REPLACED_TAG = "pegbatch:replaced-by"
"""On an environment or queue that only ends its jobs: the name of the one in its place."""

_OLD_KEYS = {"vcpus": "VCPU", "memory": "MEMORY"}
_DEFAULTS: Mapping[EntityKind, Json] = {
    EntityKind.DEFINITION: {"type": "container"},
    EntityKind.ENVIRONMENT: {"type": "MANAGED", "state": "ENABLED"},
    EntityKind.QUEUE: {
        "priority": 1,
        "state": "ENABLED",
        "computeEnvironmentOrder": [{"order": 1}],
    },
}


@dataclass(frozen=True, slots=True)
class EntityBody:
    """One request body that is ready to be sent but for its tags."""

    kind: EntityKind
    body: Json
    source: str
    """Path of the file, or what stands for it in a message."""

    @property
    def name(self) -> str:
        """Return the name in the body."""
        return str(self.body[NAME_KEYS[self.kind]])


def prepare(kind: EntityKind, written: Json, *, prefix: str, environment: str | None) -> Json:
    """Return the body of a request: old keys translated, defaults and name filled in.

    Shapes: environment is what stands where a queue's entry names none, as in Pegasus.
    """
    body = {**_DEFAULTS[kind], NAME_KEYS[kind]: default_name(kind, prefix), **written}
    if kind is EntityKind.DEFINITION:
        return translate_old_keys(body)
    if kind is EntityKind.QUEUE:
        return _with_environment(body, environment)
    return body


def translate_old_keys(body: Json) -> Json:
    """Return a definition whose `vcpus` and `memory` are resource requirements.

    Only those can be overridden by a job and are known on Fargate. A value that is no number
    stays, so that it is reported where it was written.
    Source: API ContainerProperties; both keys are deprecated there.
    """
    container = body.get("containerProperties")
    if not isinstance(container, Mapping):
        return body
    stated = container.get("resourceRequirements") or []
    if not isinstance(stated, list) or not all(isinstance(one, Mapping) for one in stated):
        return body
    known = {one.get("type") for one in stated}
    old = {key: container[key] for key in _OLD_KEYS if _is_count(container.get(key))}
    added = [
        {"type": _OLD_KEYS[key], "value": str(value)}
        for key, value in old.items()
        if _OLD_KEYS[key] not in known
    ]
    kept = {key: value for key, value in container.items() if key not in old}
    if not old:
        return body
    changed = {**kept, "resourceRequirements": [*stated, *added]}
    return {**body, "containerProperties": changed}


def tagged(entity: EntityBody, prefix: str) -> dict[str, Any]:
    """Return the body with the tags that say whose it is and what it was made from."""
    tags = {
        **entity.body.get("tags", {}),
        PREFIX_TAG: prefix,
        DIGEST_TAG: digest(entity.body),
    }
    return {**entity.body, "tags": tags}


def digest(body: Json) -> str:
    """Return what changes when a body does, whatever its name and the order of its keys.

    Shapes: a queue's environments do not count, for they are switched behind the file's back.
    """
    apart = {*NAME_KEYS.values(), "computeEnvironmentOrder"}
    plain = {key: value for key, value in body.items() if key not in apart}
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def is_ours(found: Json, prefix: str) -> bool:
    """Tell whether a described entity was made by us for a prefix."""
    return bool((found.get("tags") or {}).get(PREFIX_TAG) == prefix)


def replaced_by(found: Json) -> str:
    """Return the name of what has taken an entity's place; empty where nothing has."""
    return str((found.get("tags") or {}).get(REPLACED_TAG, ""))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _with_environment(body: Json, environment: str | None) -> Json:
    order = body.get("computeEnvironmentOrder")
    if environment is None or not isinstance(order, list):
        return body
    filled = [
        {"computeEnvironment": environment, **entry} if isinstance(entry, Mapping) else entry
        for entry in order or [{"order": 1}]
    ]
    return {**body, "computeEnvironmentOrder": filled}

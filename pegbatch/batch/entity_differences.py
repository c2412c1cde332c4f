"""What a file asks for and an entity does not have.

AWS adds defaults and writes names as ARNs when it describes an entity, so a body is compared
only where the file says something, and as AWS means it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pegbatch.batch.entities import NAME_KEYS, short_name
from pegbatch.batch.entity_bodies import DIGEST_TAG, EntityBody, digest, translate_old_keys
from pegbatch.model.entities import Difference, EntityKind

Json = Mapping[str, Any]

_UNORDERED = frozenset({"instanceTypes", "subnets", "securityGroupIds", "targetInstanceTypes"})
_BY_KEY = {"environment": "name", "resourceRequirements": "type", "secrets": "name"}
"""Lists whose order means nothing, and what tells their entries apart."""
_ROLES = frozenset({"serviceRole", "instanceRole", "spotIamFleetRole", "jobRoleArn",
                    "executionRoleArn"})  # fmt: skip
_MOVING = frozenset({"computeResources.desiredvCpus", "tags"})
"""What changes by itself, or is compared apart."""
IN_PLACE = frozenset(
    {
        "state",
        "computeResources.maxvCpus",
        "computeResources.minvCpus",
    }
)
"""What an environment takes over at once, without touching a job.
Source: User Guide, "Updating compute environments": scaling updates."""
QUEUE_IN_PLACE = frozenset(
    {"state", "priority", "computeEnvironmentOrder", "jobStateTimeLimitActions"}
)
"""What UpdateJobQueue takes."""


def differences(wanted: EntityBody, found: Json) -> tuple[Difference, ...]:
    """Return where an existing entity is not what a file asks for; empty where it is."""
    there = translate_old_keys(found) if wanted.kind is EntityKind.DEFINITION else found
    found_ones = tuple(_compare("", _comparable(wanted.body), there))
    if found_ones or not _has_lost_keys(wanted, found):
        return found_ones
    return (Difference("(the file)", "without some keys that it had", "with them"),)


def is_in_place(kind: EntityKind, found: Sequence[Difference]) -> bool:
    """Tell whether an update call can make all changes without harm to a job."""
    allowed = QUEUE_IN_PLACE if kind is EntityKind.QUEUE else IN_PLACE
    return all(_top(one.path, allowed) for one in found)


def _top(path: str, allowed: frozenset[str]) -> bool:
    return any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in allowed)


def _has_lost_keys(wanted: EntityBody, found: Json) -> bool:
    known = (found.get("tags") or {}).get(DIGEST_TAG)
    return known is not None and known != digest(wanted.body)


def _comparable(body: Json) -> Json:
    names = frozenset(NAME_KEYS.values())
    return {key: value for key, value in body.items() if key not in names}


def _compare(path: str, wanted: Any, found: Any) -> Iterator[Difference]:
    key = path.rsplit(".", 1)[-1]
    if path in _MOVING:
        return
    if isinstance(wanted, Mapping):
        there = found if isinstance(found, Mapping) else {}
        for name, value in wanted.items():
            yield from _compare(f"{path}.{name}" if path else name, value, there.get(name))
    elif isinstance(wanted, list):
        yield from _compare_lists(path, key, wanted, found if isinstance(found, list) else [])
    elif not _same(key, wanted, found):
        yield Difference(path, wanted, found)


def _compare_lists(
    path: str, key: str, wanted: list[Any], found: list[Any]
) -> Iterator[Difference]:
    if key in _UNORDERED:
        if sorted(map(str, wanted)) != sorted(map(str, found)):
            yield Difference(path, wanted, found)
        return
    wanted, found = _ordered(key, wanted), _ordered(key, found)
    if len(wanted) != len(found):
        yield Difference(path, wanted, found or None)
        return
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        yield from _compare(f"{path}[{number}]", one, other)


def _ordered(key: str, entries: list[Any]) -> list[Any]:
    by = "order" if key == "computeEnvironmentOrder" else _BY_KEY.get(key)
    if by is None or not all(isinstance(one, Mapping) for one in entries):
        return entries
    return sorted(entries, key=lambda one: (str(one.get(by, "")), str(sorted(one.items()))))


def _same(key: str, wanted: Any, found: Any) -> bool:
    if wanted == found:
        return True
    if wanted in ("", False) and found is None:
        return True
    if key in _ROLES and isinstance(found, str) and isinstance(wanted, str):
        return found.rsplit("/", 1)[-1] == wanted.rsplit("/", 1)[-1] and not (
            wanted.startswith("arn:") and found.startswith("arn:")
        )
    if key == "computeEnvironment" and isinstance(found, str):
        return short_name(found) == short_name(str(wanted))
    return _case_blind(key) and str(wanted).upper() == str(found).upper()


def _case_blind(key: str) -> bool:
    """AWS answers some words in capitals, whatever was sent."""
    return key in ("action", "type", "state")

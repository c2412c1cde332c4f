"""Containers of the transformation catalog, as a plan names them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

DIGEST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class HostMount:
    """A folder of the machine that a container sees."""

    source: str
    """Absolute path on the machine."""
    target: str
    """Absolute path in the container."""
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContainer:
    """What tasks of some transformations run in: the base job definition, but for this."""

    name: str
    """In the transformation catalog."""
    image: str
    """As a job definition names it: `[registry/]name[:tag][@digest]`."""
    environment: tuple[tuple[str, str], ...] = ()
    """Sorted by name."""
    mounts: tuple[HostMount, ...] = ()
    """In the order written."""

    @property
    def digest(self) -> str:
        """Return what changes when the contents do, whatever the name."""
        body = {key: value for key, value in _contents(self).items() if key != "name"}
        text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()[:DIGEST_DIGITS]


def container_to_json(container: TaskContainer) -> dict[str, Any]:
    """Return a container as it stands in `plan.json`."""
    return {**_contents(container), "digest": container.digest}


def container_from_json(data: Mapping[str, Any]) -> TaskContainer:
    """Read a container as `container_to_json` wrote it.

    Errors: KeyError, TypeError, AttributeError where a part is missing or no such thing.
    """
    return TaskContainer(
        name=data["name"],
        image=data["image"],
        environment=tuple(data["environment"].items()),
        mounts=tuple(
            HostMount(mount["source"], mount["target"], mount["read_only"])
            for mount in data["mounts"]
        ),
    )


def _contents(container: TaskContainer) -> dict[str, Any]:
    return {
        "name": container.name,
        "image": container.image,
        "environment": dict(container.environment),
        "mounts": [
            {"source": mount.source, "target": mount.target, "read_only": mount.read_only}
            for mount in container.mounts
        ],
    }

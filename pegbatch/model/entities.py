"""What jobs are submitted to: job definition, compute environment, job queue, bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class EntityKind(StrEnum):
    """The four kinds; the value is the word in a Batch ARN."""

    DEFINITION = "job-definition"
    ENVIRONMENT = "compute-environment"
    QUEUE = "job-queue"
    BUCKET = "bucket"

    @property
    def words(self) -> str:
        """Return the kind as people write it."""
        return self.value.replace("-", " ")


PROPERTY_OF = {
    EntityKind.DEFINITION: "pegasus.aws.batch.job_definition",
    EntityKind.ENVIRONMENT: "pegasus.aws.batch.compute_environment",
    EntityKind.QUEUE: "pegasus.aws.batch.job_queue",
    EntityKind.BUCKET: "pegasus.aws.batch.s3_bucket",
}
"""The property that names an entity of each kind."""

EntityAction = Literal[
    "created", "unchanged", "found", "new revision", "updated", "replaced", "draining",
    "deleted", "kept", "listed",
]  # fmt: skip
"""What was done: `found` is one that was only named; `draining` one that ends its jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity as the account shows it, and what a command did to it."""

    kind: EntityKind
    name: str
    arn: str
    """Of a definition with its revision; of a bucket `arn:…:s3:::name`."""
    action: EntityAction = "listed"
    note: str = ""
    """Why, where the action alone does not say it."""
    state: str = ""
    """ENABLED or DISABLED; ACTIVE or INACTIVE of a definition."""
    status: str = ""
    """CREATING, UPDATING, VALID, INVALID, DELETING; empty where the kind has none."""
    reason: str = ""
    """statusReason, where it says something."""
    revision: int | None = None
    """Of a definition."""
    ours: bool = False
    """Whether it carries our tag for the prefix."""
    capacity: Mapping[str, Any] = field(default_factory=dict)
    """Environment: type, vCPUs least, wanted, most, instance types. Queue: priority,
    environments in order. Definition: image, vCPUs, memory. Bucket: region, objects."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a file and what exists are not the same."""

    path: str
    """JSON path below the request body: `containerProperties.image`."""
    wanted: object
    found: object

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.found)} is to become {_shown(self.wanted)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)


def entity_to_json(entity: Entity) -> dict[str, Any]:
    """Return an entity as the object that `--json` prints."""
    return {
        "kind": entity.kind.value,
        "name": entity.name,
        "arn": entity.arn,
        "action": entity.action,
        "note": entity.note,
        "state": entity.state,
        "status": entity.status,
        "reason": entity.reason,
        "revision": entity.revision,
        "ours": entity.ours,
        "capacity": dict(entity.capacity),
    }

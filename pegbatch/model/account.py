"""What was seen of an AWS account, for `pegbatch check` to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
ACCOUNT_DIGITS = 12


def is_account(text: str) -> bool:
    """Tell whether a text is the number of an account."""
    return text.isascii() and text.isdecimal() and len(text) == ACCOUNT_DIGITS


@dataclass(frozen=True, slots=True)
class Refused:
    """A question that was not answered."""

    message: str
    hint: str = ""
    denied: bool = False
    """Whether the answer was a no, and not silence."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials are used."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class SeenBucket:
    """A bucket that is there."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A size of machine."""

    name: str
    vcpus: int
    memory_mib: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Subnet:
    """A place for machines in a network."""

    name: str
    way_out: str
    """Id of what 0.0.0.0/0 leads to: `igw-…`, `nat-…`; empty for none."""
    gives_public_addresses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """Everything that was looked up. What nobody had to ask is None or empty."""

    region: str
    known_region: bool = True
    caller: Identity | Refused
    queue: Json | Refused | None = None
    environments: tuple[Json, ...] | Refused = ()
    """Those of the queue, in its order."""
    on_demand: Json | Refused | None = None
    """The queue for tries that are not to run on spare machines."""
    on_demand_environments: tuple[Json, ...] | Refused = ()
    definition: Json | Refused | None = None
    bucket: SeenBucket | Refused | None = None
    writable: bool | Refused | None = None
    """Whether an object can be put below the staging site's URL."""
    role_writable: bool | Refused | None = None
    """Whether the job role may read and put objects there."""
    role_submits: bool | Refused | None = None
    """Whether the job role may submit jobs and follow them."""
    roles: Mapping[str, Json | Refused | None] = field(default_factory=dict)
    """Role ARN or name to its trust policy; None where there is no such role."""
    instance_types: Mapping[str, tuple[InstanceType, ...] | Refused] = field(default_factory=dict)
    """By environment; of EC2 only."""
    subnets: Mapping[str, tuple[Subnet, ...] | Refused] = field(default_factory=dict)
    """By environment."""
    counts: tuple[int, int] | Refused = (0, 0)
    """Queues and environments in the region."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Service to why it does not answer; empty where it does."""

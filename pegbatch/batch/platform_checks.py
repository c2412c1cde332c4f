"""Checks of the queue for on-demand machines, and of EC2 against Fargate."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.batch.account_findings import (
    FAILED,
    OK,
    WARNING,
    Json,
    Wanted,
    entity_findings,
    refused,
)
from pegbatch.batch.entities import short_name
from pegbatch.batch.platforms import is_fargate
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.aws_options import EC2, FARGATE, ON_DEMAND_QUEUE, PLATFORM
from pegbatch.model.checks import Finding

DISK_GIB = 20
DISK_MAX_GIB = 200
"""Of a job on Fargate, without and with ephemeralStorage.
Source: API EphemeralStorage."""


def check_on_demand(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the queue of `run --on-demand` is there and takes jobs, on machines that stay."""
    check = "on-demand queue"
    if not wanted.on_demand_queue:
        return
    yield from entity_findings(check, wanted.on_demand_queue, facts.on_demand, ON_DEMAND_QUEUE)
    if isinstance(facts.on_demand_environments, Refused):
        yield refused(check, facts.on_demand_environments, FAILED)
        return
    for body in facts.on_demand_environments:
        name = str(body["computeEnvironmentName"])
        yield from entity_findings("on-demand environment", name, body, "")
        kind = str((body.get("computeResources") or {}).get("type", ""))
        if kind.upper().endswith("SPOT"):
            text = f"{name} is {kind}: jobs may be interrupted there, too"
            yield Finding("on-demand environment", WARNING, text, "give it EC2 or FARGATE alone")


def check_platform(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether queues, job definition and property agree on EC2 or on Fargate."""
    for queue, bodies in _queues(wanted, facts):
        platform = FARGATE if any(map(is_fargate, bodies)) else EC2
        faults = tuple(_disagreeing(wanted, facts.definition, queue, platform))
        yield from faults
        if not faults:
            yield Finding("platform", OK, f"{short_name(queue)} is on {platform}")


def check_disk(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Say how much disk a job has on Fargate, where no machine can be given a larger one."""
    definition = facts.definition
    if definition is None or isinstance(definition, Refused):
        return
    if not any(is_fargate(body) for _, bodies in _queues(wanted, facts) for body in bodies):
        return
    container = definition.get("containerProperties") or {}
    stated = (container.get("ephemeralStorage") or {}).get("sizeInGiB")
    hint = (
        ""
        if stated
        else "containerProperties.ephemeralStorage.sizeInGiB of the definition gives more, "
        f"up to {DISK_MAX_GIB}"
    )
    yield Finding("disk", OK, f"a job has {stated or DISK_GIB} GiB of disk on Fargate", hint)


def _queues(wanted: Wanted, facts: AccountFacts) -> Iterator[tuple[str, tuple[Json, ...]]]:
    """Yield queues whose environments are known."""
    seen = (
        (wanted.queue, facts.environments),
        (wanted.on_demand_queue, facts.on_demand_environments),
    )
    for queue, bodies in seen:
        if bodies and not isinstance(bodies, Refused):
            yield queue, bodies


def _disagreeing(
    wanted: Wanted, definition: Json | Refused | None, queue: str, platform: str
) -> Iterator[Finding]:
    queue = short_name(queue)
    if wanted.platform and wanted.platform != platform:
        text = f"{PLATFORM} is {wanted.platform}, and {queue} is on {platform}"
        yield Finding("platform", FAILED, text, f"set {PLATFORM} = {platform}, and plan again")
    if definition is None or isinstance(definition, Refused):
        return
    capable = tuple(definition.get("platformCapabilities") or (EC2,))
    if platform not in capable:
        name = f"{definition['jobDefinitionName']}:{definition['revision']}"
        text = f"{name} is for {' and '.join(capable)}, and {queue} is on {platform}"
        hint = f"take another queue, or a definition whose platformCapabilities have {platform}"
        yield Finding("platform", FAILED, text, hint)

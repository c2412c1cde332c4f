"""One look at a run as people want it: how fast, until when, at what cost, what it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pegbatch.model.nested import NestedStatus, nested_to_json
from pegbatch.model.run_status import RunStatus, level_to_json, status_to_json

SAMPLES_KEPT = 16
"""Samples that the fold keeps: some minutes, as often as they are taken."""


class Sample(NamedTuple):
    """How far a try was at one moment."""

    time: float
    """Seconds since the epoch."""
    done: int
    """Tasks of the whole run that had ended, whatever their end."""


class Spell(NamedTuple):
    """What containers of one size have taken of machines."""

    vcpus: float
    """Of one container, as memory_mib."""
    memory_mib: int
    seconds: float
    """Of all of them together."""
    containers: int
    """So many; starts of the same child that went before its newest one are not among them."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast tasks end."""

    tasks_per_minute: float
    over_seconds: float
    """The time that this is the mean of, up to now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSoFar:
    """What the containers have taken, and what that costs by the price table: compute alone."""

    vcpu_hours: float
    amount: float
    currency: str
    machine: str
    region: str
    date: str
    """Of the prices."""
    is_paid: bool
    """False on the embedded AWS: there nobody pays."""


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Why an array does not start, and what to do."""

    array: str
    why: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLook:
    """One look at a run."""

    status: RunStatus
    time: float
    """When it was taken, in seconds since the epoch."""
    throughput: Throughput | None = None
    """None where nothing runs, or nothing has ended yet."""
    estimated_end: float | None = None
    """Seconds since the epoch; None where nobody can tell."""
    retries: int = 0
    """Starts of children beyond the first of each in a try."""
    lost_children: int = 0
    """Starts that were lost: host or Spot reclaimed, killed, image not to be had."""
    cost: CostSoFar | None = None
    """None where it is not known."""
    waiting_for: tuple[WaitingFor, ...] = ()
    sub_workflows: tuple[NestedStatus, ...] | None = None
    """Those that are planned while the run goes on; None where it has none, or nobody looked."""


def look_to_json(look: RunLook) -> dict[str, Any]:
    """Return the JSON object of `status --json`."""
    return {
        **status_to_json(look.status),
        "levels": [level_to_json(level) for level in look.status.levels],
        "throughput": _throughput_to_json(look.throughput),
        "estimated_end": _time_to_json(look.estimated_end),
        "retries": look.retries,
        "lost_children": look.lost_children,
        "cost": _cost_to_json(look.cost),
        "waiting_for": _waiting_to_json(look.waiting_for),
        **_nested_to_json(look.sub_workflows),
    }


def _nested_to_json(runs: tuple[NestedStatus, ...] | None) -> dict[str, Any]:
    return {} if runs is None else {"sub_workflows": nested_to_json(runs)}


def _throughput_to_json(throughput: Throughput | None) -> dict[str, float] | None:
    if throughput is None:
        return None
    return {
        "tasks_per_minute": round(throughput.tasks_per_minute, 3),
        "over_seconds": round(throughput.over_seconds, 3),
    }


def _time_to_json(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _cost_to_json(cost: CostSoFar | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "vcpu_hours": round(cost.vcpu_hours, 6),
        "amount": round(cost.amount, 6),
        "currency": cost.currency,
        "machine": cost.machine,
        "region": cost.region,
        "date": cost.date,
        "is_paid": cost.is_paid,
    }


def _waiting_to_json(waiting: Iterable[WaitingFor]) -> list[dict[str, str]]:
    return [{"array": one.array, "why": one.why, "next": one.next} for one in waiting]

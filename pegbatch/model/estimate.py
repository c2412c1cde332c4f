"""What playing a plan comes to, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePrice:
    """What one kind of machine costs."""

    name: str
    vcpu_hour: float
    gib_hour: float = 0.0
    """For memory that is paid for by itself (Fargate)."""
    gib_per_vcpu: float | None = None
    """Memory that comes with a vCPU (EC2); None: it is paid for by itself."""
    least_seconds: float = 0.0
    """Billed for each container at least."""

    def hourly(self, vcpus: float, memory_mib: float) -> float:
        """Return the price of such a container; memory beyond that of its vCPUs takes more."""
        gib = memory_mib / 1024
        if self.gib_per_vcpu is None:
            return vcpus * self.vcpu_hour + gib * self.gib_hour
        return max(vcpus, gib / self.gib_per_vcpu) * self.vcpu_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """`conf/prices.json`."""

    currency: str
    region: str
    date: str
    """Of the prices, ISO 8601."""
    sources: tuple[str, ...]
    machines: Mapping[str, MachinePrice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Compute alone: no storage, no requests, no traffic."""

    amount: float
    currency: str
    machine: str
    region: str
    date: str
    discount_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a plan is played under."""

    vcpus: float
    """Infinite: as many as can be used."""
    start_seconds: float
    losses_per_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What playing a plan comes to."""

    workflow: str
    tasks: int
    tasks_without_runtime: int
    arrays: int
    """Jobs of the plan."""
    conditions: Conditions
    makespan_seconds: float
    critical_path_seconds: float
    """Of the tasks: the longest path of runtimes."""
    work_seconds: float
    """vCPU-seconds of the tasks themselves."""
    playable_seconds: float
    """The same, but that a task larger than all vCPUs counts as large as they are: so it is played,
    while on Batch it would never start."""
    tasks_too_large: int
    """Those tasks."""
    billed_seconds: float
    """vCPU-seconds of the containers, from their starts to their ends."""
    containers: int
    """Of tasks; those that were lost included."""
    helpers: int
    """Containers that run no task: barriers, clean-up, stage-in, the verdict."""
    losses: int
    """Containers whose machine was taken away."""
    cost: Cost

    @property
    def work_per_vcpu_seconds(self) -> float:
        """Return the time that the work alone takes on all vCPUs; 0 on unlimited ones."""
        return self.playable_seconds / self.conditions.vcpus

    @property
    def bound_seconds(self) -> float:
        """Return what no plan can stay below: the larger of the two bounds."""
        return max(self.critical_path_seconds, self.work_per_vcpu_seconds)


def estimate_to_json(estimate: Estimate) -> dict[str, Any]:
    """Return the object of `estimate --json`; vcpus is null where they are unlimited."""
    vcpus, cost = estimate.conditions.vcpus, estimate.cost
    return {
        "workflow": estimate.workflow,
        "tasks": estimate.tasks,
        "tasks_without_runtime": estimate.tasks_without_runtime,
        "tasks_too_large": estimate.tasks_too_large,
        "arrays": estimate.arrays,
        "vcpus": None if vcpus == float("inf") else int(vcpus),
        "start_seconds": estimate.conditions.start_seconds,
        "losses_per_hour": estimate.conditions.losses_per_hour,
        "makespan_seconds": round(estimate.makespan_seconds, 3),
        "critical_path_seconds": round(estimate.critical_path_seconds, 3),
        "work_per_vcpu_seconds": round(estimate.work_per_vcpu_seconds, 3),
        "bound_seconds": round(estimate.bound_seconds, 3),
        "work_vcpu_hours": round(estimate.work_seconds / 3600, 6),
        "billed_vcpu_hours": round(estimate.billed_seconds / 3600, 6),
        "containers": estimate.containers,
        "helpers": estimate.helpers,
        "losses": estimate.losses,
        "cost": {
            "amount": round(cost.amount, 4),
            "currency": cost.currency,
            "machine": cost.machine,
            "region": cost.region,
            "date": cost.date,
            "discount_percent": cost.discount_percent,
        },
    }

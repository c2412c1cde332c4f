"""Whether a job fits the machines of a compute environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.batch.platforms import is_fargate
from pegbatch.model.account import InstanceType, Refused
from pegbatch.model.fargate import fargate_pair
from pegbatch.model.plan import Plan

USABLE_MEMORY = 0.95
"""Of an instance's memory; the rest belongs to its system and the ECS agent.
Source: User Guide, "Compute resource memory management"."""


@dataclass(frozen=True, slots=True)
class Largest:
    """The most that one child of a plan asks for."""

    vcpus: int
    memory_mib: int
    gpus: int = 0

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPUs" if self.gpus else ""
        vcpus = "1 vCPU" if self.vcpus == 1 else f"{self.vcpus} vCPUs"
        return f"a job of {vcpus}, {self.memory_mib:,} MiB{gpus}"


def largest_jobs(plan: Plan) -> tuple[Largest, ...]:
    """Return the jobs that no other job of the plan is at least as large as."""
    sizes = {
        (job.resources.vcpus, job.resources.memory_mib, job.resources.gpus) for job in plan.jobs
    }
    kept = [
        size for size in sizes if not any(other != size and _covers(other, size) for other in sizes)
    ]
    return tuple(Largest(*size) for size in sorted(kept))


def misfit(
    job: Largest,
    environment: Mapping[str, Any],
    types: Mapping[str, tuple[InstanceType, ...] | Refused],
) -> str | Refused | None:
    """Return why a job does not fit an environment; None where it does.

    Shapes: types by environment; Refused where the sizes could not be looked up.
    """
    resources = environment.get("computeResources")
    if not resources:
        return None
    if job.vcpus > resources["maxvCpus"]:
        return f"maxvCpus is {resources['maxvCpus']}"
    if is_fargate(environment):
        return _fargate_misfit(job)
    known = types.get(str(environment["computeEnvironmentName"]), ())
    if isinstance(known, Refused):
        return known
    if any(_holds(one, job) for one in known):
        return None
    return f"none of {_names(known)} is large enough"


def _fargate_misfit(job: Largest) -> str | None:
    if job.gpus:
        return "Fargate has no GPUs"
    if fargate_pair(job.vcpus, job.memory_mib) is None:
        return "Fargate has no size so large"
    return None


def _holds(one: InstanceType, job: Largest) -> bool:
    return (
        one.vcpus >= job.vcpus
        and one.memory_mib * USABLE_MEMORY >= job.memory_mib
        and one.gpus >= job.gpus
    )


def _covers(one: Iterable[int], other: Iterable[int]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True))


def _names(types: tuple[InstanceType, ...]) -> str:
    names = sorted({one.name for one in types})
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "its machines"

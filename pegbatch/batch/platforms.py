"""What differs between jobs on EC2 and on Fargate: sizes, and what is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pegbatch.batch.limits import MEMORY_LEAST_MIB
from pegbatch.errors import PlanError, Problem
from pegbatch.model.aws_options import PLATFORM
from pegbatch.model.fargate import FARGATE_MEMORY, fargate_pair
from pegbatch.model.plan import Job

Rule = Mapping[str, str]

_HOST_IS_GONE: Rule = {"onStatusReason": "Host EC2*", "action": "RETRY"}
_SPOT_TASK_IS_GONE: Rule = {"onStatusReason": "Your Spot Task was interrupted*", "action": "RETRY"}


def is_fargate(environment: Mapping[str, Any]) -> bool:
    """Tell whether a compute environment, as Batch describes it, is on Fargate."""
    resources = environment.get("computeResources") or {}
    return str(resources.get("type", "")).upper().startswith("FARGATE")


def retry_rules(*, fargate: bool) -> tuple[Rule, ...]:
    """Return the rules of evaluateOnExit.

    The worker asks for another attempt with exit code 75; what the infrastructure did to a child
    is tried again; everything else is final. Fargate has no hosts, and Spot tasks instead.
    Source: AWS Batch user guide, "Automated job retries"; at most 5 rules, checked in order.
    """
    return (
        {"onExitCode": "75", "action": "RETRY"},
        _SPOT_TASK_IS_GONE if fargate else _HOST_IS_GONE,
        {"onReason": "CannotPullContainerError*", "action": "RETRY"},
        {"onStatusReason": "Task failed to start*", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    )


def check_fargate(jobs: Iterable[Job]) -> None:
    """Refuse a plan that Fargate cannot run.

    Errors: PlanError with each job that is too large, or asks for GPUs.
    """
    problems = [
        Problem(f"job {job.name} {message}", hint=_HINT) for job in jobs for message in _unfit(job)
    ]
    if problems:
        raise PlanError(problems=problems)


_HINT = f"ask for less, or run on EC2: another queue, {PLATFORM} = EC2, and plan again"


def resource_requirements(job: Job, *, fargate: bool) -> list[dict[str, str]]:
    """Return what a job asks for, at least the memory that Batch wants of any job.

    Shapes: on Fargate the smallest pair that holds it; a job that check_fargate has let pass.
    """
    vcpus: float = job.resources.vcpus
    memory_mib = max(job.resources.memory_mib, MEMORY_LEAST_MIB)
    if fargate:
        vcpus, memory_mib = fargate_pair(vcpus, memory_mib) or (vcpus, memory_mib)
    requirements = [
        {"type": "VCPU", "value": f"{vcpus:g}"},
        {"type": "MEMORY", "value": str(memory_mib)},
    ]
    if job.resources.gpus:
        requirements.append({"type": "GPU", "value": str(job.resources.gpus)})
    return requirements


def _unfit(job: Job) -> Iterator[str]:
    resources = job.resources
    if resources.gpus:
        yield f"asks for {resources.gpus} GPUs: Fargate has no GPUs"
    if fargate_pair(resources.vcpus, resources.memory_mib) is None:
        vcpus, memories = max(FARGATE_MEMORY.items())
        yield (
            f"asks for {resources.vcpus} vCPUs and {resources.memory_mib} MiB: Fargate has at "
            f"most {vcpus:g} vCPUs and {max(memories)} MiB"
        )

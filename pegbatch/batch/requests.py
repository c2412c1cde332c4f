"""SubmitJob requests: what Batch is told about each job of a plan.

A request carries a few hundred bytes whatever the size of the array: where the run is and which
array this is. Everything else lies in the bags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.batch.limits import check_requests
from pegbatch.model.layout import WORKER_KEY
from pegbatch.model.names import job_name
from pegbatch.model.plan import Job, Plan
from pegbatch.model.requests import SubmitRequest

EVALUATE_ON_EXIT: tuple[Mapping[str, str], ...] = (
    {"onExitCode": "75", "action": "RETRY"},
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onReason": "CannotPullContainerError*", "action": "RETRY"},
    {"onStatusReason": "Task failed to start*", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
)
"""The worker asks for another attempt with exit code 75; what the infrastructure did to a child
is tried again; everything else is final.
Source: AWS Batch user guide, "Automated job retries"; at most 5 rules, checked in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """What a run adds to its plan."""

    run_url: str
    run_hex: str
    """8 hexadecimal digits."""
    try_number: int = 1
    job_queue: str
    job_definition: str
    """Names or ARNs."""


def build_requests(plan: Plan, run: RunIdentity) -> tuple[SubmitRequest, ...]:
    """Return one request a job, in plan order.

    Errors: PlanError where a request breaks a documented limit of SubmitJob.
    """
    requests = tuple(_request(plan, job, run) for job in plan.jobs)
    check_requests(requests)
    return requests


def _request(plan: Plan, job: Job, run: RunIdentity) -> SubmitRequest:
    array = job.name if run.try_number == 1 else f"{job.name}.t{run.try_number}"
    body: dict[str, Any] = {
        "jobName": job_name(plan.workflow, run.run_hex, array),
        "jobQueue": run.job_queue,
        "jobDefinition": run.job_definition,
        "containerOverrides": {
            "command": [run.run_url, array],
            "environment": _environment(plan, job, run),
            "resourceRequirements": _resources(job),
        },
        "retryStrategy": {
            "attempts": job.attempts,
            "evaluateOnExit": [dict(rule) for rule in EVALUATE_ON_EXIT],
        },
    }
    if job.size > 1:
        body["arrayProperties"] = {"size": job.size}
    if job.timeout_seconds is not None:
        body["timeout"] = {"attemptDurationSeconds": job.timeout_seconds}
    return SubmitRequest(array=job.name, body=body, links=job.depends_on)


def _environment(plan: Plan, job: Job, run: RunIdentity) -> list[dict[str, str]]:
    stop = plan.properties.get("pegbatch.on_failure", "") == "stop"
    values = {
        "BATCH_FILE_TYPE": "script",
        "BATCH_FILE_S3_URL": f"{run.run_url}/{WORKER_KEY}",
        "PEGBATCH_JOB_KIND": job.kind,
        "PEGBATCH_TRY": str(run.try_number),
        "PEGBATCH_ATTEMPTS": str(job.attempts),
        "PEGBATCH_ON_FAILURE": "stop" if stop else "continue",
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def _resources(job: Job) -> list[dict[str, str]]:
    requirements = [
        {"type": "VCPU", "value": str(job.resources.vcpus)},
        {"type": "MEMORY", "value": str(job.resources.memory_mib)},
    ]
    if job.resources.gpus:
        requirements.append({"type": "GPU", "value": str(job.resources.gpus)})
    return requirements

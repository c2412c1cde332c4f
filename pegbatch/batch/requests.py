"""SubmitJob requests: what Batch is told about each job of a plan.

A request carries a few hundred bytes whatever the size of the array: where the run is and which
array this is. Everything else lies in the bags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pegbatch.batch.limits import check_requests
from pegbatch.batch.platforms import check_fargate, resource_requirements, retry_rules
from pegbatch.model.aws_options import AwsOptions, read_aws_options
from pegbatch.model.layout import WORKER_KEY
from pegbatch.model.names import job_name
from pegbatch.model.plan import Job, Plan
from pegbatch.model.requests import SubmitRequest
from pegbatch.model.sub_workflows import (
    DEFINITION_VARIABLE,
    NESTING_VARIABLE,
    QUEUE_VARIABLE,
    RUNS_VARIABLE,
)
from pegbatch.model.tries import Try, first_try


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """What a run adds to its plan."""

    run_url: str
    run_hex: str
    """8 hexadecimal digits."""
    service: str
    """`local` or `aws`."""
    started: float
    """Of the first submission; seconds since the epoch."""
    s3_directory: str | None = None
    """The folder whose folders are the buckets; None: S3 is where Batch is."""
    job_queue: str
    job_definition: str
    """Names or ARNs."""
    container_definitions: Mapping[str, str] = field(default_factory=dict)
    """By name of a container: the definition of the tasks in it."""
    on_fargate: bool = False
    """Whether the queue was seen to be on Fargate; the property of the plan wins."""
    nesting: int = 1
    """1, and one more for each run that this one is a part of."""


def build_requests(
    plan: Plan, run: RunIdentity, try_: Try | None = None
) -> tuple[SubmitRequest, ...]:
    """Return one request a job of a try, in its order; without one, of the first.

    Errors: PlanError where a request breaks a documented limit of SubmitJob; InputError where a
    property `pegbatch.aws.*` has a value that does not fit.
    """
    options = read_aws_options(plan.properties)
    current = first_try(plan) if try_ is None else try_
    if options.on_fargate(run.on_fargate):
        check_fargate(current.jobs)
    requests = tuple(_request(plan, current, job, run, options) for job in current.jobs)
    check_requests(requests)
    return requests


def _request(
    plan: Plan, current: Try, job: Job, run: RunIdentity, options: AwsOptions
) -> SubmitRequest:
    fargate = options.on_fargate(run.on_fargate)
    array = current.array(job)
    body: dict[str, Any] = {
        "jobName": job_name(plan.label or plan.workflow, run.run_hex, array),
        "jobQueue": run.job_queue,
        "jobDefinition": _definition(job, run),
        "containerOverrides": {
            "command": [run.run_url, array],
            "environment": _environment(plan, current, job, run),
            "resourceRequirements": resource_requirements(job, fargate=fargate),
        },
        "retryStrategy": {
            "attempts": job.attempts,
            "evaluateOnExit": [dict(rule) for rule in retry_rules(fargate=fargate)],
        },
    }
    if job.size > 1:
        body["arrayProperties"] = {"size": job.size}
    if job.timeout_seconds is not None:
        body["timeout"] = {"attemptDurationSeconds": job.timeout_seconds}
    body.update(_options(job, options))
    return SubmitRequest(array=job.name, body=body, links=job.depends_on)


def _definition(job: Job, run: RunIdentity) -> str:
    return run.container_definitions[job.container] if job.container else run.job_definition


def _environment(plan: Plan, current: Try, job: Job, run: RunIdentity) -> list[dict[str, str]]:
    stop = plan.properties.get("pegbatch.on_failure", "") == "stop"
    values = {
        "BATCH_FILE_TYPE": "script",
        "BATCH_FILE_S3_URL": f"{run.run_url}/{WORKER_KEY}",
        "PEGBATCH_JOB_KIND": job.kind,
        "PEGBATCH_TRY": str(current.number),
        "PEGBATCH_ATTEMPTS": str(job.attempts),
        "PEGBATCH_ON_FAILURE": "stop" if stop else "continue",
    }
    if run.s3_directory is not None:
        values["PEGBATCH_S3_DIRECTORY"] = run.s3_directory
    if not compares_checksums(plan.properties):
        values["PEGBATCH_INTEGRITY"] = "none"
    if job.kind == "verdict":
        # The summary is a status: it says where the run was, and how long it took.
        values["PEGBATCH_SERVICE"] = run.service
        values["PEGBATCH_RUN_STARTED"] = f"{run.started:.3f}"
    if any(task.array == job.name for task in plan.sub_workflows):
        values |= _for_sub_workflows(run)
    return [{"name": name, "value": value} for name, value in values.items()]


def _for_sub_workflows(run: RunIdentity) -> dict[str, str]:
    """Return what a job is told whose tasks run sub-workflows: their jobs go where its own do."""
    return {
        RUNS_VARIABLE: "1",
        NESTING_VARIABLE: str(run.nesting),
        QUEUE_VARIABLE: run.job_queue,
        DEFINITION_VARIABLE: run.job_definition,
    }


def compares_checksums(properties: Mapping[str, str]) -> bool:
    """Tell whether checksums are compared in the run.

    Source: Pegasus, pegasus.integrity.checking; pegasus.mode development and debug leave it out.
    """
    asked = properties.get("pegasus.integrity.checking", "").strip().lower()
    relaxed = properties.get("pegasus.mode", "").strip().lower() in ("development", "debug")
    return asked != "none" and (bool(asked) or not relaxed)


def _options(job: Job, options: AwsOptions) -> dict[str, Any]:
    """Return what the properties add to a request."""
    found: dict[str, Any] = {}
    if parameters := options.parameters_of(job.transformations):
        found["parameters"] = parameters
    if options.share_identifier:
        found["shareIdentifier"] = options.share_identifier
    if options.scheduling_priority is not None:
        found["schedulingPriorityOverride"] = options.scheduling_priority
    if options.tags:
        found["tags"] = dict(options.tags)
        found["propagateTags"] = options.propagate_tags
    return found

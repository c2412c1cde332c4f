"""A job queue as it stands, with its compute environments and the jobs at its front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.errors import OutsideError
from pegbatch.model.queue_facts import EnvironmentFacts, QueueFacts


def look_at_queue(caller: AwsCaller, queue: str) -> QueueFacts | None:
    """Return a queue by name or ARN; None where there is none.

    Shapes: three calls, whatever is in it. Errors: those of the caller; that the front may not be
    asked is none, since older policies do not name that action.
    """
    found = caller.call("describe_job_queues", jobQueues=[queue]).get("jobQueues", ())
    if not found:
        return None
    body = found[0]
    order = sorted(body.get("computeEnvironmentOrder", ()), key=lambda entry: int(entry["order"]))
    return QueueFacts(
        name=body["jobQueueName"],
        state=body.get("state", ""),
        status=body.get("status", ""),
        reason=body.get("statusReason") or "",
        environments=_environments(caller, [entry["computeEnvironment"] for entry in order]),
        is_shared=bool(body.get("schedulingPolicyArn")),
        front=_front(caller, queue),
    )


def _environments(caller: AwsCaller, arns: list[str]) -> tuple[EnvironmentFacts, ...]:
    if not arns:
        return ()
    answer = caller.call("describe_compute_environments", computeEnvironments=arns)
    bodies = {body["computeEnvironmentArn"]: body for body in answer["computeEnvironments"]}
    return tuple(_environment(bodies[arn]) for arn in arns if arn in bodies)


def _environment(body: Mapping[str, Any]) -> EnvironmentFacts:
    resources = body.get("computeResources") or {}
    return EnvironmentFacts(
        name=body["computeEnvironmentName"],
        state=body.get("state", ""),
        status=body.get("status", ""),
        reason=body.get("statusReason") or "",
        kind=resources.get("type", ""),
        max_vcpus=resources.get("maxvCpus"),
        desired_vcpus=resources.get("desiredvCpus"),
    )


def _front(caller: AwsCaller, queue: str) -> tuple[str, ...] | None:
    """Return the ids at the front; an array's child is `<id>:<index>`."""
    try:
        answer = caller.call("get_job_queue_snapshot", jobQueue=queue)
    except OutsideError:
        return None
    jobs = (answer.get("frontOfQueue") or {}).get("jobs", ())
    return tuple(job["jobArn"].rpartition("/")[2] for job in jobs)

"""Whether a job queue is on EC2 or on Fargate: its environments say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.batch.platforms import is_fargate
from pegbatch.errors import AccessDenied, JobServiceError
from pegbatch.model.aws_options import PLATFORM


def queue_on_fargate(
    caller: AwsCaller, queue: str, properties: Mapping[str, str], say: Callable[[str], None]
) -> bool:
    """Tell whether a queue is on Fargate; nobody is asked where a property says so.

    Shapes: a queue by name or ARN. Who may not look is told, and the queue taken for one on EC2.
    Errors: JobServiceError where there is no such queue.
    """
    if properties.get(PLATFORM, "").strip():
        return False
    try:
        return _looked_up(caller, queue)
    except AccessDenied as error:
        say(f"takes the queue for one on EC2 ({PLATFORM} says otherwise): {error}")
        return False


def _looked_up(caller: AwsCaller, queue: str) -> bool:
    answer = caller.call("describe_job_queues", jobQueues=[queue])
    if not answer.get("jobQueues"):
        raise JobServiceError(
            f"there is no job queue {queue}",
            hint="look at region and properties; `pegbatch check` says what else is missing",
        )
    order = answer["jobQueues"][0].get("computeEnvironmentOrder", ())
    names = [entry["computeEnvironment"] for entry in order]
    if not names:
        return False
    found = caller.call("describe_compute_environments", computeEnvironments=names)
    return any(is_fargate(body) for body in found.get("computeEnvironments", ()))

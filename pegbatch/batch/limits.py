"""AWS's limits on SubmitJob, checked before the first call.

Source: AWS Batch service quotas and API reference (SubmitJob, ArrayProperties, JobTimeout).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import orjson

from pegbatch.errors import PlanError, Problem
from pegbatch.model.requests import SubmitRequest

ARRAY_SIZES = range(2, 10_001)
DEPENDENCIES_MAX = 20
PAYLOAD_MAX_BYTES = 30 * 1024
JOB_ID_CHARACTERS = 36
"""What a job id adds to the payload."""
OVERRIDES_MAX_CHARACTERS = 8192
ATTEMPTS = range(1, 11)
MEMORY_LEAST_MIB = 4
TIMEOUT_LEAST_SECONDS = 60

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}").fullmatch


def check_requests(requests: Sequence[SubmitRequest]) -> None:
    """Check every request against every documented limit.

    Errors: PlanError with each limit that is broken, by array.
    """
    problems = [
        Problem(f"job {request.array}: {message}", hint=_HINT)
        for request in requests
        for message in _broken(request)
    ]
    if problems:
        raise PlanError(problems=problems)


_HINT = "AWS Batch would refuse or fail this job"


def _broken(request: SubmitRequest) -> Iterator[str]:
    body = request.body
    if not _JOB_NAME(body["jobName"]):
        yield f"{body['jobName']!r} is not a job name"
    size = body.get("arrayProperties", {}).get("size")
    if size is not None and size not in ARRAY_SIZES:
        yield f"an array has 2 to 10,000 children, not {size}"
    if len(request.links) > DEPENDENCIES_MAX:
        yield f"{len(request.links)} dependencies, at most {DEPENDENCIES_MAX} are allowed"
    if body["retryStrategy"]["attempts"] not in ATTEMPTS:
        yield f"{body['retryStrategy']['attempts']} attempts, 1 to 10 are allowed"
    timeout = body.get("timeout", {}).get("attemptDurationSeconds", TIMEOUT_LEAST_SECONDS)
    if timeout < TIMEOUT_LEAST_SECONDS:
        yield f"a timeout of {timeout} s, at least {TIMEOUT_LEAST_SECONDS} are needed"
    yield from _broken_overrides(request)


def _broken_overrides(request: SubmitRequest) -> Iterator[str]:
    overrides = request.body["containerOverrides"]
    for requirement in overrides["resourceRequirements"]:
        if requirement["type"] == "MEMORY" and int(requirement["value"]) < MEMORY_LEAST_MIB:
            yield f"{requirement['value']} MiB of memory, at least {MEMORY_LEAST_MIB} are needed"
    for variable in overrides["environment"]:
        if variable["name"].startswith("AWS_BATCH"):
            yield f"the environment name {variable['name']} is reserved"
    characters = len(orjson.dumps(overrides).decode())
    if characters > OVERRIDES_MAX_CHARACTERS:
        yield f"overrides of {characters} characters, at most {OVERRIDES_MAX_CHARACTERS} are run"
    payload = len(orjson.dumps(dict(request.body))) + len(request.links) * (
        JOB_ID_CHARACTERS + len('{"jobId":"","type":"N_TO_N"},')
    )
    if payload > PAYLOAD_MAX_BYTES:
        yield f"a request of {payload} bytes, at most {PAYLOAD_MAX_BYTES} are allowed"

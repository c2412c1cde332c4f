"""Queue, job definition and compute environment: what a job is submitted to.

On Amazon they are named and must be there. In the embedded AWS they are made where they are
missing, from what the properties name: a name, an ARN, or a JSON file in Pegasus's form, which is
the body of the AWS request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.errors import InputError, OutsideError, PlanError, Problem
from pegbatch.ports import Clock

JOB_DEFINITION = "pegasus.aws.batch.job_definition"
JOB_QUEUE = "pegasus.aws.batch.job_queue"
COMPUTE_ENVIRONMENT = "pegasus.aws.batch.compute_environment"
WAIT_SECONDS = 60.0

_DEFAULT_NAMES = {
    JOB_DEFINITION: "pegbatch-local-job-definition",
    JOB_QUEUE: "pegbatch-local-job-queue",
    COMPUTE_ENVIRONMENT: "pegbatch-local-compute-environment",
}
_NAME_KEYS = {
    JOB_DEFINITION: "jobDefinitionName",
    JOB_QUEUE: "jobQueueName",
    COMPUTE_ENVIRONMENT: "computeEnvironmentName",
}


@dataclass(frozen=True, slots=True)
class Entities:
    """What SubmitJob names."""

    job_queue: str
    job_definition: str


def named_entities(properties: Mapping[str, str]) -> Entities:
    """Return the queue and definition that the properties name, for Amazon.

    Errors: PlanError with a problem for each property that is missing or names a JSON file.
    """
    problems = tuple(
        Problem(
            f"on Amazon the property {key} must name one that exists",
            hint=f"add `{key} = NAME` (or its ARN) to the properties and plan again, "
            "or run with --local",
        )
        for key in (JOB_DEFINITION, JOB_QUEUE)
        if not properties.get(key) or _is_file(properties[key])
    )
    if problems:
        raise PlanError(problems=problems)
    return Entities(properties[JOB_QUEUE], properties[JOB_DEFINITION])


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEntities:
    """Makes what is missing in the embedded AWS."""

    caller: AwsCaller
    clock: Clock
    properties: Mapping[str, str]
    folder: Path
    """Where relative paths of JSON files start."""
    vcpus: int
    """Of the compute environment."""
    set_vcpus: bool
    """Whether the user named them, so that an environment that is there is changed."""

    def ensure(self) -> Entities:
        """Return queue and definition, made where they were missing.

        Errors: InputError for a JSON file that is none; what the service refuses.
        """
        environment = self._ensure_environment()
        return Entities(self._ensure_queue(environment), self._ensure_definition())

    def _ensure_environment(self) -> str:
        body = self._body(COMPUTE_ENVIRONMENT)
        name = body["computeEnvironmentName"]
        found = self._environment(name)
        if found is None:
            resources = {**_LOCAL_RESOURCES, **body.get("computeResources", {})}
            resources["maxvCpus"] = self.vcpus
            resources["minvCpus"] = resources["desiredvCpus"] = 0
            filled = {"type": "MANAGED", **body, "computeResources": resources}
            self.caller.call("create_compute_environment", **filled)
        elif self.set_vcpus and found["computeResources"].get("maxvCpus") != self.vcpus:
            self.caller.call(
                "update_compute_environment",
                computeEnvironment=name,
                computeResources={"maxvCpus": self.vcpus},
            )
        self._await(name, self._environment)
        return str(name)

    def _ensure_queue(self, environment: str) -> str:
        body = self._body(JOB_QUEUE)
        name = body["jobQueueName"]
        if self._queue(name) is None:
            order = body.get("computeEnvironmentOrder") or [{"order": 1}]
            # As in Pegasus, an entry without an environment means the one of this run.
            filled = [{"computeEnvironment": environment, **entry} for entry in order]
            self.caller.call(
                "create_job_queue", **{"priority": 1, **body, "computeEnvironmentOrder": filled}
            )
        self._await(name, self._queue)
        return str(name)

    def _ensure_definition(self) -> str:
        body = self._body(JOB_DEFINITION)
        name = body["jobDefinitionName"]
        answer = self.caller.call(
            "describe_job_definitions", jobDefinitionName=name, status="ACTIVE"
        )
        if not answer.get("jobDefinitions"):
            container = {**_LOCAL_CONTAINER, **body.get("containerProperties", {})}
            filled = {"type": "container", **body, "containerProperties": container}
            self.caller.call("register_job_definition", **filled)
        return str(name)

    def _environment(self, name: str) -> Mapping[str, Any] | None:
        answer = self.caller.call("describe_compute_environments", computeEnvironments=[name])
        return next(iter(answer.get("computeEnvironments", ())), None)

    def _queue(self, name: str) -> Mapping[str, Any] | None:
        answer = self.caller.call("describe_job_queues", jobQueues=[name])
        return next(iter(answer.get("jobQueues", ())), None)

    def _await(self, name: str, describe: Any) -> None:
        """Wait until an environment or queue is VALID."""
        deadline = self.clock.now() + WAIT_SECONDS
        while True:
            status = (describe(name) or {}).get("status")
            if status == "VALID":
                return
            if status in ("INVALID", "DELETED") or self.clock.now() > deadline:
                raise OutsideError(
                    f"{name} in the embedded AWS is {status}, not VALID",
                    hint="stop it with `pegbatch emulator --stop` and look at its log",
                )
            self.clock.sleep(0.05)

    def _body(self, key: str) -> dict[str, Any]:
        """Return the request body for one entity, with its name in it."""
        value = self.properties.get(key, "")
        if value and _is_file(value):
            path = self.folder / value
            return {_NAME_KEYS[key]: _DEFAULT_NAMES[key], **_read_body(path)}
        return {_NAME_KEYS[key]: _short_name(value) or _DEFAULT_NAMES[key]}


_LOCAL_RESOURCES: Mapping[str, Any] = {
    "type": "EC2",
    "instanceTypes": ["optimal"],
    "subnets": ["subnet-00000000"],
    "securityGroupIds": ["sg-00000000"],
    "instanceRole": "ecsInstanceRole",
}
_LOCAL_CONTAINER: Mapping[str, Any] = {
    "image": "pegbatch/fetch-and-run",
    "resourceRequirements": [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "1024"},
    ],
}


def _is_file(value: str) -> bool:
    """Tell a JSON file from a name or ARN.

    Source: Pegasus, pegasus-aws-batch: not an ARN, and with a slash or there as a file.
    """
    return not value.startswith("arn:") and ("/" in value or Path(value).is_file())


def _short_name(value: str) -> str:
    """Return the name in `arn:…:kind/name:revision` or `name:revision`."""
    tail = value.rsplit("/", 1)[-1] if value.startswith("arn:") else value
    return tail.split(":", 1)[0]


def _read_body(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise InputError(f"not JSON: {error}", where=str(path)) from error
    if not isinstance(body, dict):
        raise InputError("not a JSON object", where=str(path))
    return body

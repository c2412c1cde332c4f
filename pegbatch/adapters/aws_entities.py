"""Queue, job definition and compute environment: what a job is submitted to.

On Amazon they are named and must be there. In the embedded AWS they are made where they are
missing, from what the properties name: a name, an ARN, or a JSON file in Pegasus's form, which is
the body of the AWS request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.adapters.aws_entity_files import check_entity, read_entity_file
from pegbatch.batch.entities import NAME_KEYS, Reference, classify
from pegbatch.batch.entity_bodies import EntityBody, translate_old_keys
from pegbatch.errors import InputError, JobServiceError, OutsideError, PlanError, Problem
from pegbatch.model.aws_options import ON_DEMAND_QUEUE, read_aws_options
from pegbatch.model.entities import PROPERTY_OF, EntityKind
from pegbatch.ports import Clock

JOB_DEFINITION = PROPERTY_OF[EntityKind.DEFINITION]
JOB_QUEUE = PROPERTY_OF[EntityKind.QUEUE]
COMPUTE_ENVIRONMENT = PROPERTY_OF[EntityKind.ENVIRONMENT]
WAIT_SECONDS = 60.0
_EXISTS = "Object already exists"
"""What AWS Batch says of a name that is taken."""
ON_DEMAND_SUFFIX = "-on-demand"
"""Ends the name of the queue to fall back on, in the embedded AWS and where none is named."""
QUEUE_NAME_MAX = 128
"""Source: AWS Batch API, CreateJobQueue."""

_DEFAULT_NAMES = {
    JOB_DEFINITION: "pegbatch-local-job-definition",
    JOB_QUEUE: "pegbatch-local-job-queue",
    COMPUTE_ENVIRONMENT: "pegbatch-local-compute-environment",
}
_KINDS = {
    JOB_DEFINITION: EntityKind.DEFINITION,
    JOB_QUEUE: EntityKind.QUEUE,
    COMPUTE_ENVIRONMENT: EntityKind.ENVIRONMENT,
}


@dataclass(frozen=True, slots=True)
class Entities:
    """What SubmitJob names."""

    job_queue: str
    job_definition: str


def named_entities(properties: Mapping[str, str], *, on_demand: bool = False) -> Entities:
    """Return the queue and definition that the properties name, for Amazon.

    Shapes: with on_demand the queue is the one to fall back on.
    Errors: PlanError with a problem for each property that is missing or names a JSON file;
    InputError for a queue to fall back on that can be no queue.
    """
    problems = tuple(
        Problem(
            f"on Amazon the property {key} must name one that exists",
            hint=f"add `{key} = NAME` (or its ARN) to the properties and plan again "
            "(`pegbatch-aws-batch --create --save` makes it and writes it there), "
            "or run with --local",
        )
        for key in (JOB_DEFINITION, JOB_QUEUE)
        if not properties.get(key) or _reference(key, properties[key]).form == "file"
    )
    if problems:
        raise PlanError(problems=problems)
    queue = _on_demand_queue(properties) if on_demand else properties[JOB_QUEUE]
    return Entities(queue, properties[JOB_DEFINITION])


def _on_demand_queue(properties: Mapping[str, str]) -> str:
    queue = read_aws_options(properties).on_demand_queue
    if not queue:
        raise PlanError(
            f"no queue is named to fall back on: {ON_DEMAND_QUEUE} is not set",
            hint=f"add `{ON_DEMAND_QUEUE} = NAME` (or its ARN) to the properties and plan again, "
            "or leave --on-demand out",
        )
    return queue


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

    def ensure(self, *, on_demand: bool = False) -> Entities:
        """Return queue and definition, made where they were missing.

        Shapes: with on_demand the queue is the one to fall back on, on the same environment.
        Errors: InputError for a JSON file that is none; what the service refuses.
        """
        environment = self._ensure_environment()
        queue = self._ensure_queue(environment, on_demand=on_demand)
        return Entities(queue, self._ensure_definition())

    def _ensure_environment(self) -> str:
        key = COMPUTE_ENVIRONMENT
        body = self._body(key)
        name = body["computeEnvironmentName"]
        found = self._environment(name)
        if found is None:
            filled = _with_local_resources(body, self.vcpus)
            self._create("create_compute_environment", self._checked(key, filled))
        elif self.set_vcpus and _max_vcpus(found) not in (None, self.vcpus):
            self.caller.call(
                "update_compute_environment",
                computeEnvironment=name,
                computeResources={"maxvCpus": self.vcpus},
            )
        self._await(name, self._environment)
        return str(name)

    def _ensure_queue(self, environment: str, *, on_demand: bool) -> str:
        body = self._body(JOB_QUEUE)
        if on_demand:
            name = _fallback_name(self.properties, body["jobQueueName"])
            body = {**body, "jobQueueName": name}
        name = body["jobQueueName"]
        if self._queue(name) is None:
            order = body.get("computeEnvironmentOrder") or [{"order": 1}]
            # As in Pegasus, an entry without an environment means the one of this run.
            filled = [{"computeEnvironment": environment, **entry} for entry in order]
            whole = {"priority": 1, **body, "computeEnvironmentOrder": filled}
            self._create("create_job_queue", self._checked(JOB_QUEUE, whole))
        self._await(name, self._queue)
        return str(name)

    def _create(self, operation: str, body: Mapping[str, Any]) -> None:
        """Make an environment or queue, unless another run of the directory was quicker."""
        try:
            self.caller.call(operation, **body)
        except JobServiceError as error:
            if _EXISTS not in str(error):
                raise

    def _ensure_definition(self) -> str:
        whole = local_definition(self.properties, self.folder)
        name = whole["jobDefinitionName"]
        answer = self.caller.call(
            "describe_job_definitions", jobDefinitionName=name, status="ACTIVE"
        )
        if not answer.get("jobDefinitions"):
            self.caller.call("register_job_definition", **self._checked(JOB_DEFINITION, whole))
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

    def _checked(self, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a body that AWS would take.

        Errors: InputError with every wrong key, type and limit, by JSON path.
        """
        entity = EntityBody(_KINDS[key], body, self.properties.get(key) or key)
        problems = check_entity(entity)
        if problems:
            raise InputError(problems=problems)
        return body

    def _body(self, key: str) -> dict[str, Any]:
        """Return the request body for one entity, with its name in it."""
        return _named_body(key, self.properties, self.folder)


def local_entity_names(
    properties: Mapping[str, str], folder: Path, *, on_demand: bool = False
) -> Entities:
    """Return what queue and definition are called in the embedded AWS, which is not asked.

    Errors: InputError for a JSON file that is none.
    """
    queue, definition = (
        _named_body(key, properties, folder)[NAME_KEYS[_KINDS[key]]]
        for key in (JOB_QUEUE, JOB_DEFINITION)
    )
    return Entities(_fallback_name(properties, queue) if on_demand else queue, definition)


def local_definition(properties: Mapping[str, str], folder: Path) -> Mapping[str, Any]:
    """Return the request for the job definition that the embedded AWS gets where it has none.

    Errors: InputError for a JSON file that is none.
    """
    body = _named_body(JOB_DEFINITION, properties, folder)
    container = {**_LOCAL_CONTAINER, **body.get("containerProperties", {})}
    return translate_old_keys({"type": "container", **body, "containerProperties": container})


def _fallback_name(properties: Mapping[str, str], queue: str) -> str:
    """Return what the queue to fall back on is called in the embedded AWS."""
    named = read_aws_options(properties).on_demand_queue
    if named:
        return _reference(JOB_QUEUE, named).short_name
    return queue[: QUEUE_NAME_MAX - len(ON_DEMAND_SUFFIX)] + ON_DEMAND_SUFFIX


def _named_body(key: str, properties: Mapping[str, str], folder: Path) -> dict[str, Any]:
    value = properties.get(key, "")
    name_key = NAME_KEYS[_KINDS[key]]
    if not value:
        return {name_key: _DEFAULT_NAMES[key]}
    reference = _reference(key, value)
    if reference.form == "file":
        return {name_key: _DEFAULT_NAMES[key], **read_entity_file(folder / value)}
    return {name_key: reference.short_name}


_LOCAL_NETWORK: Mapping[str, Any] = {
    "subnets": ["subnet-00000000"],
    "securityGroupIds": ["sg-00000000"],
}
_LOCAL_INSTANCES: Mapping[str, Any] = {
    "instanceTypes": ["optimal"],
    "instanceRole": "ecsInstanceRole",
}


def _with_local_resources(body: Mapping[str, Any], vcpus: int) -> dict[str, Any]:
    """Complete the request for an environment, each kind with what it has and nothing else."""
    if body.get("type") == "UNMANAGED":
        return dict(body)
    given = {"type": "EC2", **body.get("computeResources", {})}
    capacity = {"maxvCpus": vcpus}
    if str(given["type"]).startswith("FARGATE"):
        resources = {**_LOCAL_NETWORK, **given, **capacity}
    else:
        capacity |= {"minvCpus": 0, "desiredvCpus": 0}
        resources = {**_LOCAL_NETWORK, **_LOCAL_INSTANCES, **given, **capacity}
    return {"type": "MANAGED", **body, "computeResources": resources}


def _max_vcpus(environment: Mapping[str, Any]) -> int | None:
    """Return the bound of an environment, None where it has none."""
    found: int | None = environment.get("computeResources", {}).get("maxvCpus")
    return found


_LOCAL_CONTAINER: Mapping[str, Any] = {
    "image": "localhost/fetch-and-run",
    "resourceRequirements": [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "1024"},
    ],
}


def _reference(key: str, value: str) -> Reference:
    return classify(_KINDS[key], value, is_file=Path(value).is_file())

"""What SubmitJob accepts, and what a request and its definition come to together."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules import containers, definitions, names, parameters, retries
from pegbatch.emulator.state.jobs import Dependency, Job, JobSpec, Json

MAX_BYTES = 30 * 1024
MAX_DEPENDENCIES = 20
MIN_ARRAY = 2
MAX_ARRAY = 10_000
_NOT_HERE = ("nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride")
_DETAIL_KEYS = ("parameters", "retryStrategy", "timeout", "propagateTags")


def check_request(body: Json, size_bytes: int, minimum_timeout_seconds: int) -> None:
    """Refuse a request for what can be seen in it alone.

    Source: API SubmitJob, ArrayProperties, JobDependency; quotas.
    """
    if size_bytes > MAX_BYTES:
        raise Refusal(f"Job size must be less than 30 KiB, got {-(-size_bytes // 1024)} KiB")
    names.check_job_name(body["jobName"])
    for key in _NOT_HERE:
        if key in body:
            raise Refusal(f"the embedded AWS does not take {key}")
    _check_array(body)
    _check_dependency_forms(body)
    overrides = body.get("containerOverrides", {})
    containers.check_overridable(overrides, "containerOverrides")
    containers.check_command_override(overrides.get("command", []))
    retries.check_retry_strategy(body.get("retryStrategy", {}))
    retries.check_timeout(body.get("timeout", {}), minimum_timeout_seconds)
    names.check_tags(body.get("tags", {}))
    definitions.check_priority(
        "schedulingPriorityOverride", body.get("schedulingPriorityOverride", 0)
    )
    definitions.check_consumables(body.get("consumableResourcePropertiesOverride", {}))


def check_share(body: Json, *, fair_share: bool) -> None:
    """Refuse a share identifier on a plain queue, and its absence on a fair-share queue."""
    share = body.get("shareIdentifier")
    if fair_share and share is None:
        raise Refusal("the job queue has a fair-share policy: shareIdentifier must be specified")
    if not fair_share and share is not None:
        raise Refusal("the job queue has no fair-share policy: shareIdentifier can't be specified")
    if share is not None:
        names.check_share(share)


def check_dependencies(body: Json, jobs: Mapping[str, Job]) -> None:
    """Refuse dependencies on jobs that are not there or are not of the right kind."""
    size = body.get("arrayProperties", {}).get("size")
    for entry in body.get("dependsOn", ()):
        job_id = entry.get("jobId")
        if job_id is None:
            continue
        target_id, _, index = job_id.partition(":")
        target = jobs.get(target_id)
        if target is None or (index and not _has_child(target, index)):
            raise Refusal(f"dependsOn: job {job_id} does not exist")
        if entry.get("type") == "N_TO_N":
            _check_n_to_n(size, target, job_id)


def merge(body: Json, definition: Json, queue: str) -> JobSpec:
    """Return what a checked request on a definition asks the scheduler for.

    Errors: Refusal where definition and request do not fit together.
    """
    properties = definition["containerProperties"]
    overrides = body.get("containerOverrides", {})
    asked = containers.resources(properties, overrides)
    containers.check_resources(asked, fargate=definitions.is_fargate(definition))
    strategy = body.get("retryStrategy") or definition.get("retryStrategy") or {}
    timeout = body.get("timeout") or definition.get("timeout") or {}
    values = definition.get("parameters", {}) | body.get("parameters", {})
    command = overrides.get("command") or properties.get("command", ())
    return JobSpec(
        name=body["jobName"],
        queue=queue,
        definition=definition["jobDefinitionName"],
        image=properties["image"],
        command=parameters.substitute(command, values),
        environment=containers.merged_environment(properties, overrides),
        override_characters=_override_characters(overrides),
        vcpus=float(asked["VCPU"]),
        memory_mib=int(asked["MEMORY"]),
        size=body.get("arrayProperties", {}).get("size"),
        depends_on=tuple(
            Dependency(entry.get("jobId"), entry.get("type")) for entry in body.get("dependsOn", ())
        ),
        attempts=strategy.get("attempts", 1),
        exit_rules=retries.exit_rules(strategy),
        timeout_seconds=timeout.get("attemptDurationSeconds"),
        share=body.get("shareIdentifier"),
        priority=_priority(body, definition),
        consumes=_consumes(body, definition),
        launch_problem=_tag_problem(body, definition),
    )


def detail(body: Json, definition: Json) -> Json:
    """Return what DescribeJobs says of the job from the first moment on."""
    properties = dict(definition["containerProperties"])
    overrides = body.get("containerOverrides", {})
    asked = containers.resources(properties, overrides)
    for key in ("vcpus", "memory"):
        properties.pop(key, None)
    environment = containers.merged_environment(properties, overrides)
    container = {
        "command": [],
        "volumes": [],
        "mountPoints": [],
        "ulimits": [],
        "networkInterfaces": [],
        "secrets": [],
        **properties,
        "environment": [{"name": n, "value": v} for n, v in environment.items()],
        "resourceRequirements": [{"type": kind, "value": v} for kind, v in asked.items()],
    }
    if overrides.get("command"):
        container["command"] = overrides["command"]
    found: Json = {"container": container, "dependsOn": body.get("dependsOn", [])}
    for key in _DETAIL_KEYS:
        value = body.get(key, definition.get(key))
        if value is not None:
            found[key] = value
    found["parameters"] = definition.get("parameters", {}) | body.get("parameters", {})
    found["tags"] = body.get("tags", {})
    found["platformCapabilities"] = definition.get("platformCapabilities", ["EC2"])
    if body.get("shareIdentifier") is not None:
        found["shareIdentifier"] = body["shareIdentifier"]
        found["schedulingPriority"] = _priority(body, definition)
    return found


def _check_array(body: Json) -> None:
    if "arrayProperties" not in body:
        return
    size = body["arrayProperties"].get("size")
    if size is None or not MIN_ARRAY <= size <= MAX_ARRAY:
        raise Refusal(f"Array size {size} is not valid, it must be between 2 and 10,000")


def _check_dependency_forms(body: Json) -> None:
    entries = body.get("dependsOn", ())
    if len(entries) > MAX_DEPENDENCIES:
        raise Refusal("Job cannot have more than 20 dependencies")
    for entry in entries:
        job_id, kind = entry.get("jobId"), entry.get("type")
        if kind is not None and "arrayProperties" not in body:
            raise Refusal(f"dependsOn: type {kind} is for array jobs only")
        if kind == "SEQUENTIAL" and job_id is not None:
            raise Refusal("dependsOn: a SEQUENTIAL dependency takes no job id")
        if kind != "SEQUENTIAL" and not job_id:
            raise Refusal("dependsOn: an entry without a job id must be of type SEQUENTIAL")


def _check_n_to_n(size: int | None, target: Job, job_id: str) -> None:
    if not target.is_array or ":" in job_id:
        raise Refusal(f"dependsOn: {job_id} is no array job, N_TO_N needs one")
    if target.spec.size != size:
        raise Refusal(
            f"dependsOn: N_TO_N needs arrays of one size, {job_id} has {target.spec.size}"
            f" children, not {size}"
        )


def _has_child(target: Job, index: str) -> bool:
    return target.is_array and index.isdecimal() and int(index) < len(target.units)


def _override_characters(overrides: Json) -> int:
    passed = {key: overrides[key] for key in ("command", "environment") if key in overrides}
    return len(orjson.dumps(passed).decode())


def _priority(body: Json, definition: Json) -> int:
    if body.get("shareIdentifier") is None:
        return 0
    override = body.get("schedulingPriorityOverride")
    return int(definition.get("schedulingPriority", 0) if override is None else override)


def _consumes(body: Json, definition: Json) -> tuple[tuple[str, int], ...]:
    key = "consumableResourceProperties"
    properties = body.get(f"{key}Override") or definition.get(key) or {}
    return tuple(
        (names.plain_name("consumable-resource", entry["consumableResource"]), entry["quantity"])
        for entry in properties.get("consumableResourceList", ())
    )


def _tag_problem(body: Json, definition: Json) -> str | None:
    propagated = body.get("propagateTags", definition.get("propagateTags", False))
    tags = {**definition.get("tags", {}), **body.get("tags", {})}
    if propagated and len(tags) > names.MAX_TAGS:
        return f"{len(tags)} tags of job and definition together, more than {names.MAX_TAGS}"
    return None

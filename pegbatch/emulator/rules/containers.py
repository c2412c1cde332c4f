"""Container properties and overrides: what they may say, and what they come to together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.state.jobs import Json

MINIMUM_MEMORY_MIB = 4
_IMAGE = re.compile(r"[A-Za-z0-9_\-:./#@]{1,255}\Z")
_GIB = 1024
FARGATE_MEMORY: dict[float, Iterable[int]] = {
    0.25: (512, 1024, 2048),
    0.5: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1.0: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2.0: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4.0: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8.0: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16.0: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
"""MiB that go with each number of vCPUs on Fargate. Source: Batch User Guide, "Fargate"."""


def check_container(properties: Json, *, fargate: bool) -> None:
    """Refuse container properties of a definition that Batch would refuse."""
    image = properties.get("image", "")
    if not _IMAGE.match(image):
        raise Refusal(f"containerProperties.image {image!r} is not valid")
    check_overridable(properties, "containerProperties")
    if fargate:
        _check_fargate(properties)


def check_overridable(part: Json, where: str) -> None:
    """Refuse environment, command and resources that are not allowed in definition or override."""
    for entry in part.get("environment", ()):
        name = entry.get("name")
        if not name:
            raise Refusal(f"{where}.environment has an entry without a name")
        if name.startswith("AWS_BATCH"):
            raise Refusal(
                f"{where}.environment: {name} is not allowed, names that start with AWS_BATCH"
                " are reserved for Batch"
            )
    for requirement in part.get("resourceRequirements", ()):
        _check_requirement(requirement, where)
    if part.get("memory", MINIMUM_MEMORY_MIB) < MINIMUM_MEMORY_MIB:
        raise Refusal(f"{where}.memory is less than {MINIMUM_MEMORY_MIB} MiB")
    if part.get("vcpus", 1) < 1:
        raise Refusal(f"{where}.vcpus is less than 1")


def check_command_override(command: list[str]) -> None:
    """Refuse an override with an empty string in it. Source: API ContainerOverrides.command."""
    if "" in command:
        raise Refusal("containerOverrides.command can't contain an empty string")


def resources(properties: Json, overrides: Json) -> dict[str, str]:
    """Return what a job asks for: {VCPU, MEMORY, GPU} as strings, as far as they are given.

    Shapes: the old `vcpus` and `memory` of the override replace those of the definition, but
    never its resourceRequirements.
    Source: API SubmitJob, ContainerOverrides.
    """
    found = _old_style(properties)
    found |= _requirements(properties)
    fixed = _requirements(properties)
    found |= {key: value for key, value in _old_style(overrides).items() if key not in fixed}
    return found | _requirements(overrides)


def check_resources(asked: dict[str, str], *, fargate: bool) -> None:
    """Refuse a job without vCPUs or memory, or with a pair that Fargate does not have."""
    missing = [kind for kind in ("VCPU", "MEMORY") if kind not in asked]
    if missing:
        raise Refusal(f"neither definition nor overrides say {' and '.join(missing)}")
    vcpus, memory = float(asked["VCPU"]), int(asked["MEMORY"])
    if not fargate:
        if vcpus != int(vcpus):
            raise Refusal(f"{asked['VCPU']} vCPUs: only Fargate takes parts of one")
    elif memory not in FARGATE_MEMORY.get(vcpus, ()):
        raise Refusal(f"Fargate has no {vcpus:g} vCPUs with {memory} MiB")


def merged_environment(properties: Json, overrides: Json) -> dict[str, str]:
    """Return the definition's environment with the override's on top."""
    entries = [*properties.get("environment", ()), *overrides.get("environment", ())]
    return {entry["name"]: entry.get("value", "") for entry in entries}


def _check_requirement(requirement: Json, where: str) -> None:
    kind, value = requirement["type"], requirement["value"]
    try:
        number = float(value)
    except ValueError:
        raise Refusal(f"{where}.resourceRequirements {kind}: {value!r} is no number") from None
    least = MINIMUM_MEMORY_MIB if kind == "MEMORY" else 0.25 if kind == "VCPU" else 1
    whole = kind == "VCPU" or number == int(number)
    if number < least or not whole:
        raise Refusal(f"{where}.resourceRequirements {kind}: {value} is not valid")


def _check_fargate(properties: Json) -> None:
    if not properties.get("executionRoleArn"):
        raise Refusal("containerProperties.executionRoleArn is required on Fargate")
    if properties.get("privileged") or properties.get("ulimits"):
        raise Refusal("containerProperties: Fargate has no privileged containers and no ulimits")
    asked = resources(properties, {})
    if "GPU" in asked:
        raise Refusal("containerProperties: Fargate has no GPUs")
    if "VCPU" in asked and "MEMORY" in asked:
        check_resources(asked, fargate=True)


def _old_style(part: Json) -> dict[str, str]:
    found = {}
    if "vcpus" in part:
        found["VCPU"] = str(part["vcpus"])
    if "memory" in part:
        found["MEMORY"] = str(part["memory"])
    return found


def _requirements(part: Json) -> dict[str, str]:
    return {entry["type"]: entry["value"] for entry in part.get("resourceRequirements", ())}

"""What a container engine is told of a child: from the job definition, as Amazon reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pegbatch.emulator.children import ContainerSpec, LaunchFailed, Mount
from pegbatch.emulator.state.jobs import Json, Unit
from pegbatch.emulator.store_variables import FOLDER_VARIABLE

FILE_VARIABLE = "BATCH_FILE_S3_URL"
LEAST_MEMORY_MIB = 6
"""Docker takes no less."""


def container_spec(unit: Unit, variables: Mapping[str, str]) -> ContainerSpec:
    """Return the container of a unit that has been placed.

    Shapes: it runs as this user, who may use the buckets and call the embedded AWS, where the
    definition names no other; it sees what the definition mounts and the places of its data.
    Errors: LaunchFailed for volumes that are not on this machine.
    """
    spec, properties = unit.job.spec, unit.job.detail["container"]
    vcpus, memory_mib = unit.took
    machine_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    mounts = {mount.target: mount for mount in (*_data(variables), *_volumes(properties))}
    return ContainerSpec(
        image=spec.image,
        command=tuple(spec.command),
        variables=variables,
        vcpus=min(vcpus or spec.vcpus, os.cpu_count() or 1),
        memory_mib=max(LEAST_MEMORY_MIB, min(memory_mib or spec.memory_mib, machine_mib)),
        user=properties.get("user") or f"{os.getuid()}:{os.getgid()}",
        mounts=tuple(mounts.values()),
        privileged=bool(properties.get("privileged")),
        read_only=bool(properties.get("readonlyRootFilesystem")),
        limits=tuple(
            f"{one['name']}={one['softLimit']}:{one['hardLimit']}"
            for one in properties.get("ulimits", ())
        ),
    )


def _data(variables: Mapping[str, str]) -> Iterator[Mount]:
    """Yield the folders in which a child finds its data under their names on this machine."""
    buckets = variables.get(FOLDER_VARIABLE)
    if buckets:
        yield Mount(buckets, buckets)
    scheme, _, rest = variables.get(FILE_VARIABLE, "").partition("://")
    if scheme == "file":
        # file:///staging/<run>/worker.pyz: inputs lie beside the run.
        staging = str(Path("/", rest.partition("/")[2]).parent.parent)
        yield Mount(staging, staging)


def _volumes(properties: Json) -> Iterator[Mount]:
    volumes = {volume.get("name", ""): volume for volume in properties.get("volumes", ())}
    for point in properties.get("mountPoints", ()):
        volume = volumes.get(point.get("sourceVolume", ""), {})
        if "efsVolumeConfiguration" in volume:
            raise LaunchFailed(
                f"ResourceInitializationError: volume {volume['name']} is on EFS, which is not here"
            )
        source = volume.get("host", {}).get("sourcePath", "")
        yield Mount(source, point.get("containerPath", ""), bool(point.get("readOnly")))

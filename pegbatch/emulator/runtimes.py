"""Which runner children get: processes of this machine, or a container engine."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from pegbatch.emulator.children import Runner
from pegbatch.emulator.container_runner import ContainerRunner
from pegbatch.emulator.engines.buildah import BuildahEngine
from pegbatch.emulator.engines.calls import Program
from pegbatch.emulator.engines.docker import DockerEngine
from pegbatch.emulator.engines.interface import Engine
from pegbatch.emulator.runners import ProcessRunner
from pegbatch.emulator.scheduler import JOB_VARIABLE
from pegbatch.emulator.settings import Runtime
from pegbatch.emulator.store_variables import MARK_VARIABLE
from pegbatch.errors import OutsideError

_KEY_DIGITS = 12
_ENGINES: Mapping[Runtime, Callable[[Program, str], Engine]] = {
    "docker": DockerEngine,
    "podman": DockerEngine,
    "buildah": BuildahEngine,
}


async def ready_runner(runtime: Runtime, folder: Path, scratch: Path) -> Runner:
    """Return what runs children, with nothing left of an earlier embedded AWS on the folder.

    Errors: OutsideError where the engine is not there.
    """
    if runtime == "process":
        return ProcessRunner(scratch)
    check_program(runtime)
    key = container_key(folder)
    marks = {MARK_VARIABLE: str(folder), JOB_VARIABLE: key}
    engine = _ENGINES[runtime](Program(runtime, marks), key)
    await engine.check()
    await engine.sweep()
    return ContainerRunner(engine, scratch, key, marks)


def check_program(runtime: Runtime) -> None:
    """Refuse a runtime whose program is not installed.

    Errors: OutsideError.
    """
    if runtime != "process" and shutil.which(runtime) is None:
        raise OutsideError(
            f"{runtime} is not installed, in which children are to run",
            hint="install it, or choose another runtime: process, docker, podman, buildah",
        )


def container_key(folder: Path) -> str:
    """Return what the names of all containers of a folder begin with, and no other's."""
    return f"pegbatch-{hashlib.sha256(str(folder).encode()).hexdigest()[:_KEY_DIGITS]}"

"""`pegbatch check --images`: start each container's image here, and look into it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from pegbatch.emulator.engines.calls import Called, Program
from pegbatch.model.checks import Finding, Verdict
from pegbatch.model.containers import TaskContainer

ENGINES = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "podman": ("version",),
    "buildah": ("images", "-q"),
}
"""In the order in which they are looked for, and what only one that works answers."""
PROBE = """exec python3 -c '
import sys
if sys.version_info < (3, 11):
    sys.exit("its python3 is older than 3.11")
try:
    import obstore
except ImportError:
    sys.exit("its python3 has no obstore")
'"""
"""For the shell of an image: silent, and 0, where the worker can run."""

_HINT = "build an image on it by containers/fetch-and-run (docs/containers.md), and name that"
_CHECK = "images"


def look_into_images(containers: Sequence[TaskContainer]) -> Iterator[Finding]:
    """Say of each image whether pegbatch's worker can run in it."""
    if not containers:
        yield Finding(_CHECK, Verdict.NOT_APPLICABLE, "no plan, or one without containers")
        return
    program = asyncio.run(_working_engine())
    if program is None:
        text = f"none of {', '.join(ENGINES)} works here"
        yield Finding(_CHECK, Verdict.NOT_APPLICABLE, text, "look from a machine that has one")
        return
    for image in dict.fromkeys(container.image for container in containers):
        yield _finding(image, program.name, asyncio.run(_fault(program, image)))


async def _working_engine() -> Program | None:
    """Return the first engine that is installed and answers."""
    for name, words in ENGINES.items():
        if shutil.which(name) and (await Program(name, {}).call(*words)).code == 0:
            return Program(name, {})
    return None


def _finding(image: str, engine: str, fault: str) -> Finding:
    if fault:
        return Finding(_CHECK, Verdict.FAILED, f"{image} is not ready: {fault}", _HINT)
    text = f"{image} has an entry point, python3 and obstore (by {engine})"
    return Finding(_CHECK, Verdict.OK, text)


async def _fault(program: Program, image: str) -> str:
    """Return what an image lacks; empty for nothing."""
    tried, entry = await _LOOKS[program.name](program, image)
    if tried.code:
        return tried.complaint
    if entry.code:
        return entry.complaint
    words = entry.text.strip()
    return "" if words and json.loads(words) else "it has no entry point"


async def _by_docker(program: Program, image: str) -> tuple[Called, Called]:
    looked = await program.call("image", "inspect", "--format", "{{.Id}}", image)
    if looked.code:
        pulled = await program.call("pull", "--quiet", image)
        if pulled.code:
            return pulled, pulled
    apart = ("--rm", "--network", "none", "--entrypoint", "/bin/sh")
    tried = await program.call("run", *apart, image, "-c", PROBE)
    entry = await program.call("image", "inspect", "--format", "{{json .Config.Entrypoint}}", image)
    return tried, entry


async def _by_buildah(program: Program, image: str) -> tuple[Called, Called]:
    made = await program.call("from", image)
    if made.code:
        return made, made
    container = made.text.strip()
    try:
        how = ("--isolation", "chroot", container, "--", "/bin/sh", "-c", PROBE)
        tried = await program.call("run", *how)
        form = ("--format", "{{json .OCIv1.Config.Entrypoint}}")
        entry = await program.call("inspect", "--type", "container", *form, container)
    finally:
        await program.call("rm", container)
    return tried, entry


_LOOKS: Mapping[str, Callable[[Program, str], Awaitable[tuple[Called, Called]]]] = {
    "docker": _by_docker,
    "podman": _by_docker,
    "buildah": _by_buildah,
}

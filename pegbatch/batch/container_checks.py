"""What `pegbatch check` says of containers, which get job definitions of their own."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.batch.account_findings import FAILED, OK, Wanted
from pegbatch.batch.container_definitions import base_problems
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.checks import Finding
from pegbatch.model.containers import TaskContainer
from pegbatch.model.images import image_fault


def check_containers(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the base definition takes containers, and their images are references."""
    if not wanted.containers:
        return
    found = facts.definition
    if found is not None and not isinstance(found, Refused):
        for problem in base_problems(found, wanted.containers):
            yield Finding("containers", FAILED, problem.message, problem.hint or "")
    yield from map(form_of_image, wanted.containers)


def form_of_image(container: TaskContainer) -> Finding:
    """Say whether the image of a container has the form of a reference."""
    fault = image_fault(container.image)
    if fault:
        hint = "mend the container in the transformation catalog, and plan again"
        return Finding(f"container {container.name}", FAILED, fault, hint)
    return Finding(f"container {container.name}", OK, container.image)

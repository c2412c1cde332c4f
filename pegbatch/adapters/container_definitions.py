"""Makes the job definitions of a plan's containers where they are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.adapters.aws_batch_entities import BatchEntities
from pegbatch.adapters.aws_entity_files import check_entity
from pegbatch.batch.container_definitions import base_problems, derive
from pegbatch.batch.entity_bodies import EntityBody
from pegbatch.errors import InputError, OutsideError, PlanError
from pegbatch.model.containers import TaskContainer
from pegbatch.model.entities import EntityKind


def ensure_container_definitions(
    entities: BatchEntities, base: str, containers: Sequence[TaskContainer]
) -> Mapping[str, str]:
    """Return the name of each container's definition, registered where none is ACTIVE.

    Shapes: base is the name, `name:revision` or ARN of the base definition.
    Errors: OutsideError where there is no such base; PlanError, InputError where one cannot be
    derived from it. Nothing is registered then.
    """
    found = entities.definition(base)
    if found is None:
        raise OutsideError(
            f"there is no ACTIVE job definition {base}",
            hint="pegbatch-aws-batch --create makes one; `pegbatch check` looks at all of it",
        )
    bodies = {one.name: body for one, body in container_bodies(found, containers).items()}
    for body in {body.name: body for body in bodies.values()}.values():
        if entities.definition(body.name) is None:
            entities.create(EntityKind.DEFINITION, body.body)
    return {name: body.name for name, body in bodies.items()}


def container_bodies(
    base: Mapping[str, Any], containers: Sequence[TaskContainer]
) -> dict[TaskContainer, EntityBody]:
    """Return the requests for the definitions of containers, checked against AWS's rules.

    Shapes: base as described by AWS, or as a request has it.
    Errors: PlanError where the base takes no containers; InputError with all that AWS would
    refuse.
    """
    wrong = base_problems(base, tuple(containers))
    if wrong:
        raise PlanError(problems=wrong)
    bodies = {container: derive(base, container) for container in containers}
    problems = [problem for body in bodies.values() for problem in check_entity(body)]
    if problems:
        raise InputError(problems=problems)
    return bodies

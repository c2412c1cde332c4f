"""The job definitions of a plan's containers, as far as they are known without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pegbatch.adapters.aws_entities import local_definition, named_entities
from pegbatch.adapters.container_definitions import container_bodies
from pegbatch.batch.container_definitions import derive
from pegbatch.batch.entities import short_name
from pegbatch.batch.entity_bodies import EntityBody
from pegbatch.cli.choice import Service
from pegbatch.model.plan import Plan


def rehearse_definitions(plan: Plan, service: Service) -> Mapping[str, EntityBody]:
    """Return, by container, the request for its definition.

    Shapes: on Amazon what the base definition says is missing, and the digits of a name are those
    of what is there.
    Errors: as `container_bodies`, on the embedded AWS.
    """
    if not plan.containers:
        return {}
    if service == "aws":
        base = {"jobDefinitionName": short_name(named_entities(plan.properties).job_definition)}
        return {one.name: derive(base, one) for one in plan.containers}
    whole = local_definition(plan.properties, Path.cwd())
    return {one.name: body for one, body in container_bodies(whole, plan.containers).items()}


def names_of(definitions: Mapping[str, EntityBody]) -> Mapping[str, str]:
    """Return the name of each container's definition."""
    return {container: entity.name for container, entity in definitions.items()}


def bodies_of(definitions: Mapping[str, EntityBody]) -> tuple[dict[str, Any], ...]:
    """Return each request once, by the names of definitions."""
    return tuple(
        dict(body)
        for _, body in sorted({entity.name: entity.body for entity in definitions.values()}.items())
    )

"""JSON files of entities in Pegasus's form: the body of the AWS request, whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pegbatch.adapters.aws_shapes import request_faults
from pegbatch.adapters.files import read_input
from pegbatch.batch.entity_bodies import EntityBody
from pegbatch.batch.entity_limits import limit_problems
from pegbatch.errors import InputError, Problem
from pegbatch.model.entities import EntityKind
from pegbatch.parse.json_files import load_json

OPERATIONS = {
    EntityKind.DEFINITION: "RegisterJobDefinition",
    EntityKind.ENVIRONMENT: "CreateComputeEnvironment",
    EntityKind.QUEUE: "CreateJobQueue",
}
"""The operation whose request a file holds."""


def read_entity_file(path: Path) -> Mapping[str, Any]:
    """Return the JSON object in a file, as written.

    Errors: InputError where it cannot be read, is malformed, or is no object.
    """
    document, warnings = load_json(read_input(path), str(path))
    if warnings:
        raise InputError(problems=warnings)
    if not isinstance(document, dict):
        raise InputError("not a JSON object", where=str(path))
    return document


def check_entity(entity: EntityBody) -> tuple[Problem, ...]:
    """Return all that is wrong with a body: keys and types first, then limits."""
    faults = request_faults(OPERATIONS[entity.kind], entity.body)
    if faults:
        return tuple(
            Problem(f"{path}: {message}" if path else message, entity.source, hint)
            for path, message, hint in faults
        )
    return limit_problems(entity)

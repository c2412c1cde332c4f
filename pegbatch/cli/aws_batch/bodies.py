"""The JSON files of a command, read and checked together before the first call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pegbatch.adapters.aws_entity_files import check_entity, read_entity_file
from pegbatch.batch.entity_bodies import EntityBody, prepare
from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.errors import Gathering, InputError
from pegbatch.model.entities import EntityKind

DEFAULT_QUEUE = "the default queue"
UNKNOWN_ENVIRONMENT = "the-environment-of-this-run"
"""Stands in a queue's body while it is checked; no call ever carries it."""


def read_bodies(options: AwsBatchOptions) -> Mapping[EntityKind, EntityBody]:
    """Return what is to be made, by kind: from a file, and a queue where none is named.

    Errors: InputError with everything wrong in all files.
    """
    gathering = Gathering()
    found = {
        kind: gathering.attempt(partial(read_body, options, kind, Path(reference.text)))
        for kind, reference in options.references.items()
        if reference.form == "file"
    }
    gathering.finish()
    bodies = {kind: body for kind, body in found.items() if body is not None}
    if EntityKind.QUEUE not in options.references and EntityKind.ENVIRONMENT in options.references:
        queue = prepare(EntityKind.QUEUE, {}, prefix=options.prefix, environment=None)
        bodies[EntityKind.QUEUE] = EntityBody(EntityKind.QUEUE, queue, DEFAULT_QUEUE)
    return bodies


def read_body(options: AwsBatchOptions, kind: EntityKind, path: Path) -> EntityBody:
    """Return one file's body; a queue's may still lack its environment.

    Errors: InputError with everything wrong in it.
    """
    written = read_entity_file(path)
    checked = prepare(kind, written, prefix=options.prefix, environment=UNKNOWN_ENVIRONMENT)
    problems = check_entity(EntityBody(kind, checked, str(path)))
    if problems:
        raise InputError(problems=problems)
    body = prepare(kind, written, prefix=options.prefix, environment=None)
    return EntityBody(kind, body, str(path))

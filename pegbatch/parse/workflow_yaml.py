"""Pegasus 5 workflows in YAML, or JSON: stream of events to `Workflow`.

The keys may stand in any order; jobs and dependencies are read item by item.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import BinaryIO

from pegbatch.errors import InputError
from pegbatch.model.workflow import Workflow
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.hooks import hooks_of_node
from pegbatch.parse.replicas_yaml import replicas_from_node
from pegbatch.parse.sites_yaml import sites_from_node
from pegbatch.parse.transformations_yaml import transformations_from_node
from pegbatch.parse.yaml_events import Node, YamlReader
from pegbatch.parse.yaml_jobs import read_dependency, read_job, read_profiles

NEWEST = 5

_MAJOR = re.compile(r"(\d+)")
_LISTS: dict[str, Callable[[Node, WorkflowBuilder], None]] = {
    "jobs": read_job,
    "jobDependencies": read_dependency,
}
_CATALOG_KEYS = ("sites", "transformations", "replicas")
"""Top-level keys of the stand-alone catalogs."""

_SILENT = frozenset(("metadata", "version"))


def parse_workflow(stream: BinaryIO, source: str, environment: Mapping[str, str]) -> Workflow:
    """Read a workflow.

    Shapes: source is the file's path, for messages; `${VAR}` comes from environment, a variable
    that is not set is a defect of the workflow, and so is what is wrong with an inline catalog.
    Errors: InputError where the file is malformed, empty or too new, or lacks what cannot be
    done without (ids, names).
    """
    reader = YamlReader(stream, source, environment)
    builder = WorkflowBuilder(source, "wf-yaml")
    try:
        _read(reader, builder, environment)
    except InputError as error:
        raise InputError(problems=[*builder.problems, *error.problems]) from error
    builder.problems.extend(reader.problems)
    builder.defects.extend(reader.undefined)
    return builder.finish()


def _read(reader: YamlReader, builder: WorkflowBuilder, environment: Mapping[str, str]) -> None:
    keys: dict[str, int] = {}
    for key, line in reader.entries():
        keys[key] = line
        take = _LISTS.get(key)
        if take is None:
            _take_entry(key, line, reader.value(), builder, environment)
            continue
        for item in reader.items():
            take(item, builder)
    _check_keys(keys, builder)


def _check_keys(keys: Mapping[str, int], builder: WorkflowBuilder) -> None:
    """Refuse what was never meant to be a workflow."""
    if not keys:
        raise InputError(
            "the file is empty", where=builder.source, hint="a workflow needs at least `jobs`"
        )
    for key in _CATALOG_KEYS:
        if key in keys and "jobs" not in keys:
            raise InputError(
                f"this is a catalog, not a workflow: it has `{key}` and no `jobs`",
                where=builder.where(keys[key]),
                hint="is it the right file?",
            )


def _take_entry(
    key: str,
    line: int,
    value: Node,
    builder: WorkflowBuilder,
    environment: Mapping[str, str],
) -> None:
    match key:
        case "pegasus":
            _take_version(value, builder)
        case "name":
            builder.name = value.text() or ""
        case "profiles":
            builder.common_profiles = read_profiles(value, builder)
        case "hooks":
            builder.hooks = hooks_of_node(value, builder.warn_hook)
        case "siteCatalog" | "transformationCatalog" | "replicaCatalog":
            _take_catalog(key, value, builder, environment)
        case _:
            _warn_unknown(key, line, builder)


def _take_version(value: Node, builder: WorkflowBuilder) -> None:
    builder.version = value.text() or ""
    found = _MAJOR.match(builder.version)
    if found and int(found[1]) > NEWEST:
        raise InputError(
            f"workflow format {builder.version} is not known; the newest is 5.0",
            where=builder.where(value.line),
            hint="write the workflow with the Python API of Pegasus 5",
        )


def _take_catalog(
    key: str, value: Node, builder: WorkflowBuilder, environment: Mapping[str, str]
) -> None:
    source = builder.source
    try:
        match key:
            case "siteCatalog":
                builder.sites = sites_from_node(value, source, environment)
            case "transformationCatalog":
                builder.transformation_catalog = transformations_from_node(
                    value, source, environment
                )
            case _:
                builder.replicas = replicas_from_node(value, source, environment)
    except InputError as error:
        builder.defects.extend(error.problems)


def _warn_unknown(key: str, line: int, builder: WorkflowBuilder) -> None:
    if key not in _SILENT and not key.startswith("x-"):
        builder.warn_once(
            f"key {key}", line, f"the key {key!r} of a workflow is not known; it is passed over"
        )

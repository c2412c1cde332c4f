"""DAX XML, versions 1.8 to 3.6: stream of elements to `Workflow`.

The version written in a file is often wrong, so that every spelling of every version is
understood everywhere; no schema is consulted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import BinaryIO

from pegbatch.errors import InputError
from pegbatch.model.workflow import Workflow
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.dax_catalogs import InlineCatalogs
from pegbatch.parse.dax_jobs import (
    invoke_hooks,
    read_job,
    read_planned_workflow,
    read_sub_workflow,
    warn_unknown,
)
from pegbatch.parse.plain_jobs import PlainJobs
from pegbatch.parse.xml_events import Element, XmlReader
from pegbatch.parse.xml_shortcut import ShortcutReader

NEWEST = (3, 6)

TEXT_TAGS = frozenset(("argument", "profile", "metadata", "invoke"))
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?")


def parse_dax(stream: BinaryIO, source: str, environment: Mapping[str, str]) -> Workflow:
    """Read a workflow.

    Shapes: source is the file's path, for messages; `${VAR}` comes from environment, a variable
    that is not set is a defect of the workflow.
    Errors: InputError where the file is malformed, has a DOCTYPE, is no DAX or too new, or lacks
    what cannot be done without (ids, names).
    """
    builder = WorkflowBuilder(source, "dax-xml")
    reader = ShortcutReader(stream, source, environment, TEXT_TAGS, PlainJobs(builder))
    return read_dax(reader, builder)


def read_dax(reader: XmlReader, builder: WorkflowBuilder) -> Workflow:
    """Read a workflow from a reader, which is at its beginning, into a builder, which is empty.

    Errors: as `parse_dax`.
    """
    try:
        _read(reader, builder)
    except InputError as error:
        raise InputError(problems=[*builder.problems, *error.problems]) from error
    builder.defects.extend(reader.undefined)
    return builder.finish()


def _read(reader: XmlReader, builder: WorkflowBuilder) -> None:
    _take_root(reader.open(), builder)
    catalogs = InlineCatalogs(builder)
    actions = _actions(builder, catalogs)
    for element in reader.elements():
        action = actions.get(element.tag)
        if action is None:
            _pass_over(element, builder)
        else:
            action(element)
    catalogs.finish()


def _actions(
    builder: WorkflowBuilder, catalogs: InlineCatalogs
) -> dict[str, Callable[[Element], None]]:
    """Return what each child of the root does to the workflow."""
    return {
        "job": lambda element: read_job(element, builder),
        "child": lambda element: _read_child(element, builder),
        "dax": lambda element: read_sub_workflow(element, builder),
        "dag": lambda element: read_planned_workflow(element, builder),
        "file": catalogs.read_file,
        "executable": catalogs.read_executable,
        "transformation": catalogs.read_transformation,
        "invoke": lambda element: _take_invoke(element, builder),
        "metadata": lambda element: None,
        # Version 1 lists the names of all files here; `uses` says the same and more.
        "filename": lambda element: None,
    }


def _take_invoke(element: Element, builder: WorkflowBuilder) -> None:
    builder.hooks += invoke_hooks(element, builder)


def _take_root(root: Element, builder: WorkflowBuilder) -> None:
    if root.tag != "adag":
        raise InputError(
            f"this is no DAX: its root is <{root.tag}>, not <adag>", where=builder.where(root.line)
        )
    version = root.attributes.get("version", "").strip()
    found = _VERSION.match(version)
    if found and (int(found[1]), int(found[2] or 0)) > NEWEST:
        raise InputError(
            f"DAX version {version} is not known; the newest is 3.6",
            where=builder.where(root.line),
            hint="write the workflow as DAX 3.6 or as Pegasus 5 YAML",
        )
    builder.version = version
    builder.name = root.attributes.get("name", "").strip()


def _read_child(element: Element, builder: WorkflowBuilder) -> None:
    """Add the edges to one child."""
    child = element.attributes.get("ref")
    for part in element.children():
        parent = part.attributes.get("ref")
        if part.tag != "parent":
            warn_unknown(part, builder)
        elif not parent:
            builder.refuse(part.line, "a <parent> without ref", "name the parent's job id")
        elif child:
            builder.add_edge(parent, child, part.line)
    if not child:
        builder.refuse(element.line, "a <child> without ref", "name the child's job id")


def _pass_over(element: Element, builder: WorkflowBuilder) -> None:
    """Warn of an unknown element; dependencies inside it are dependencies all the same."""
    warn_unknown(element, builder)
    inside = list(element.children())
    while inside:
        part = inside.pop()
        if part.tag == "child":
            _read_child(part, builder)
        else:
            inside.extend(part.children())

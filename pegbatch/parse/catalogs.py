"""One entry point a catalog: which layout it has is found out by its content."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TypeVar

from pegbatch.errors import InputError, Problem
from pegbatch.model.catalogs import ReplicaCatalog, SiteCatalog, TransformationCatalog
from pegbatch.model.inspection import Kind
from pegbatch.model.settings import Settings
from pegbatch.parse.decoding import decode
from pegbatch.parse.kinds import guess_kind, is_blank, looks_like_xml, seems_yaml
from pegbatch.parse.reading import Reading
from pegbatch.parse.replicas_file import read_replicas_file
from pegbatch.parse.replicas_yaml import replicas_from_node
from pegbatch.parse.sites_xml import read_sites_xml
from pegbatch.parse.sites_yaml import sites_from_node
from pegbatch.parse.transformations_text import read_transformations_text
from pegbatch.parse.transformations_yaml import transformations_from_node
from pegbatch.parse.yaml_events import Node, parse_document

T = TypeVar("T")
_TYPES = {
    "pegasus.catalog.site": ("YAML", "XML", "XML3", "XML4"),
    "pegasus.catalog.transformation": ("YAML", "Text", "File"),
    "pegasus.catalog.replica": ("YAML", "File", "SimpleFile", "Regex", "Directory"),
}
_FromNode = Callable[[Node, str, Mapping[str, str]], T]


def read_sites(data: bytes, source: str, environment: Mapping[str, str]) -> SiteCatalog:
    """Read a site catalog, XML 4.0 to 4.2 or YAML 5.0.

    Shapes: an empty file is an empty catalog, with a warning.
    Errors: InputError with all problems, each with file and line.
    """
    kind = _expect("a site catalog", data, source, ("sc-xml", "sc-yaml"))
    if kind == "sc-xml" or (kind is None and looks_like_xml(data)):
        return read_sites_xml(data, Reading(source, environment))
    return _read_yaml(data, source, environment, sites_from_node)


def read_transformations(
    data: bytes, source: str, environment: Mapping[str, str]
) -> TransformationCatalog:
    """Read a transformation catalog, text or YAML 5.0.

    Shapes and errors as for `read_sites`.
    """
    kind = _expect("a transformation catalog", data, source, ("tc-text", "tc-yaml"))
    if kind == "tc-yaml" or (kind is None and seems_yaml(data, source)):
        return _read_yaml(data, source, environment, transformations_from_node)
    return read_transformations_text(decode(data, source), Reading(source, environment))


def read_replicas(data: bytes, source: str, environment: Mapping[str, str]) -> ReplicaCatalog:
    """Read a replica catalog, File or YAML 5.0.

    Shapes and errors as for `read_sites`.
    """
    # A line `pegasus.html file:///…` may look like a property.
    kind = _expect("a replica catalog", data, source, ("rc-file", "rc-yaml", "properties"))
    if kind == "rc-yaml" or (kind is None and seems_yaml(data, source)):
        return _read_yaml(data, source, environment, replicas_from_node)
    return read_replicas_file(decode(data, source), Reading(source, environment))


def check_types(settings: Settings) -> None:
    """Refuse catalogs of a type that is no file which pegbatch reads.

    Errors: InputError with every property that names one.
    Source: Pegasus user guide, pegasus.catalog.{site,transformation,replica}.
    """
    wrong = [
        Problem(
            f"{key} = {asked}: catalogs of this type are not read",
            settings.where(key),
            f"export it to a file of type {' or '.join(types)}",
        )
        for key, types in _TYPES.items()
        if (asked := settings.get(key).strip())
        and asked.lower() not in {name.lower() for name in types}
    ]
    if wrong:
        raise InputError(problems=wrong)


def _expect(what: str, data: bytes, source: str, kinds: tuple[Kind, ...]) -> Kind | None:
    """Return the kind, or None where the content speaks for none.

    Errors: InputError where the content speaks for another kind.
    """
    kind = None if is_blank(data) else guess_kind(data, source)
    if kind is not None and kind not in kinds:
        raise InputError(
            f"expected {what}, found {kind}", where=source, hint="is it the right file?"
        )
    return kind


def _read_yaml(
    data: bytes, source: str, environment: Mapping[str, str], from_node: _FromNode[T]
) -> T:
    return parse_document(
        io.BytesIO(data),
        source,
        environment,
        lambda node, name: from_node(node, name, environment),
    )

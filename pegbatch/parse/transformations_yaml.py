"""The YAML transformation catalog 5.0: `transformations: [{name, sites: […]}]`, `containers`."""

from __future__ import annotations

from collections.abc import Mapping

from pegbatch.model.catalogs import (
    Container,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.workflow import TransformationName
from pegbatch.parse.fields import Fields, catalog_of
from pegbatch.parse.hooks import hooks_of_node
from pegbatch.parse.names import InstallKind, install_kind, transformation_name
from pegbatch.parse.reading import Reading
from pegbatch.parse.transformations import build_catalog
from pegbatch.parse.yaml_events import Node

_TRANSFORMATION = (
    "namespace",
    "name",
    "version",
    "requires",
    "profiles",
    "metadata",
    "hooks",
    "checksum",
    "sites",
)
_SITE = (
    "name",
    "type",
    "pfn",
    "arch",
    "os.type",
    "os.release",
    "os.version",
    "glibc",
    "container",
    "bypass",
    "profiles",
    "metadata",
    "checksum",
)
_CONTAINER = (
    "name",
    "type",
    "image",
    "image.site",
    "mounts",
    "bypass",
    "checksum",
    "profiles",
    "metadata",
)


def transformations_from_node(
    node: Node, source: str, environment: Mapping[str, str]
) -> TransformationCatalog:
    """Read a transformation catalog, stand-alone or inline.

    Errors: InputError with all problems, each with file and line.
    """
    reading = Reading(source, environment)
    top = catalog_of(reading, node)
    if top is None:
        return build_catalog(reading, "", [], [])
    if not {"transformations", "containers"} & set(top.nodes):
        top.refuse("`transformations` is missing")
    transformations = [_transformation(item) for item in top.items("transformations")]
    containers = [_container(item) for item in top.items("containers")]
    return build_catalog(reading, top.text("pegasus"), transformations, containers)


def _transformation(fields: Fields) -> Transformation:
    fields.check_keys(_TRANSFORMATION)
    name = TransformationName(
        fields.text("namespace"), fields.required("name"), fields.text("version")
    )
    if "sites" not in fields.nodes:
        fields.reading.warn(fields.line, f"{name} has no `sites`: it lies nowhere")
    return Transformation(
        name=name,
        profiles=fields.profiles(),
        requires=tuple(transformation_name(text) for text in fields.texts("requires")),
        sites=tuple(_site(item) for item in fields.items("sites")),
        hooks=hooks_of_node(fields.nodes.get("hooks"), fields.reading.warn),
        where=fields.where,
    )


def _site(fields: Fields) -> TransformationSite:
    fields.check_keys(_SITE)
    return TransformationSite(
        site=fields.required("name"),
        pfn=fields.required("pfn"),
        kind=_kind(fields),
        arch=fields.text("arch"),
        os=fields.text("os.type").lower(),
        profiles=fields.profiles(),
        container=fields.text("container") or None,
        where=fields.where,
    )


def _kind(fields: Fields) -> InstallKind:
    text = fields.required("type")
    kind = install_kind(text)
    if text and kind is None and not fields.reading.is_open(text):
        fields.reading.refuse(
            fields.line_of("type"), f"unknown type {text!r}", "it is installed or stageable"
        )
    return kind or "installed"


def _container(fields: Fields) -> Container:
    fields.check_keys(_CONTAINER)
    return Container(
        name=fields.required("name"),
        kind=fields.required("type").lower(),
        image=fields.required("image"),
        mounts=fields.texts("mounts"),
        profiles=fields.profiles(),
        where=fields.where,
    )

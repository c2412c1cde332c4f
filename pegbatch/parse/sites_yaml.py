"""The YAML site catalog 5.0: `sites: [{name, directories: [{type, path, fileServers}]}]`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pegbatch.model.catalogs import Directory, FileServer, Site, SiteCatalog
from pegbatch.parse.fields import Fields, entries_of
from pegbatch.parse.reading import Reading
from pegbatch.parse.sites import build_sites, check_architecture, check_directory, check_operation
from pegbatch.parse.yaml_events import Node

_SITE = (
    "name",
    "arch",
    "os.type",
    "os.release",
    "os.version",
    "glibc",
    "directories",
    "grids",
    "profiles",
    "metadata",
)
_DIRECTORY = ("type", "path", "sharedFileSystem", "freeSize", "totalSize", "fileServers")
_SERVER = ("url", "operation", "profiles", "metadata")


def sites_from_node(node: Node, source: str, environment: Mapping[str, str]) -> SiteCatalog:
    """Read a site catalog, stand-alone or inline.

    Errors: InputError with all problems, each with file and line.
    """
    reading = Reading(source, environment)
    version, items = entries_of(reading, node, "sites")
    return build_sites(reading, version, [_site(item) for item in items])


def _site(fields: Fields) -> Site:
    fields.check_keys(_SITE)
    if "x-tags" in fields.nodes:
        fields.reading.warn(fields.line_of("x-tags"), "profiles by tag (`x-tags`) have no effect")
    arch = fields.text("arch")
    check_architecture(fields.reading, fields.line_of("arch"), arch)
    return Site(
        name=fields.required("name"),
        arch=arch,
        os=fields.text("os.type").lower(),
        directories=tuple(
            directory for item in fields.items("directories") for directory in _directory(item)
        ),
        profiles=fields.profiles(),
        where=fields.where,
    )


def _directory(fields: Fields) -> Iterable[Directory]:
    fields.check_keys(_DIRECTORY)
    kind = check_directory(fields.reading, fields.line_of("type"), fields.required("type"))
    servers = tuple(_server(item) for item in fields.items("fileServers"))
    if kind is None:
        return ()
    return (
        Directory(kind=kind, path=fields.text("path"), file_servers=servers, where=fields.where),
    )


def _server(fields: Fields) -> FileServer:
    fields.check_keys(_SERVER)
    operation = fields.text("operation") or "all"
    line = fields.line_of("operation")
    return FileServer(
        fields.required("url").strip(), check_operation(fields.reading, line, operation)
    )

"""The XML site catalog 4.0 to 4.2: `<sitecatalog><site handle><directory><file-server/>…`.

The namespace is ignored. Layouts 2.0 and 3.0 are known by name and not read.
Source: Pegasus, sc-4.0.xsd to sc-4.2.xsd.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Directory, FileServer, Site, SiteCatalog
from pegbatch.model.profiles import Profiles
from pegbatch.parse.profiles import written_profile
from pegbatch.parse.reading import Reading
from pegbatch.parse.sites import build_sites, check_architecture, check_directory, check_operation
from pegbatch.parse.templates import warn_of_placeholders
from pegbatch.parse.xml_tree import line_of, local_name, parse_xml, text_of

_VERSIONS = ("4.0", "4.1", "4.2")
_IGNORED = frozenset(("grid", "replica-catalog", "metadata"))
_CONVERT = "convert it with pegasus-sc-converter, or write it anew as YAML 5.0"


def read_sites_xml(data: bytes, reading: Reading) -> SiteCatalog:
    """Read an XML site catalog.

    Shapes: who only looks gets the sites of an old layout counted, with a warning.
    Errors: InputError with all problems, each with file and line.
    """
    root = parse_xml(data, reading.source)
    warn_of_placeholders(data.decode("utf-8", "replace"), reading)
    if local_name(root) != "sitecatalog":
        raise InputError(
            f"expected <sitecatalog>, found <{local_name(root)}>",
            where=reading.where(line_of(root)),
        )
    version = root.get("version", "").strip()
    if _is_old(root, version):
        return _old_layout(root, version, reading)
    if version not in _VERSIONS:
        reading.warn(line_of(root), f"unknown layout {version or 'without a version'}; read as 4.2")
    return build_sites(reading, version, [_site(item, reading) for item in _children(root, "site")])


def _is_old(root: etree._Element, version: str) -> bool:
    old_words = any(
        True for word in ("pool", "head-fs", "gridftp") for _ in root.iter(f"{{*}}{word}")
    )
    return version.startswith(("1", "2", "3")) or (not version and old_words)


def _old_layout(root: etree._Element, version: str, reading: Reading) -> SiteCatalog:
    note = reading.warn if reading.looks_only else reading.refuse
    note(
        line_of(root),
        f"site catalog layout {version or '2.0'} is not read, only 4.0 to 4.2 and YAML",
        _CONVERT,
    )
    reading.finish()
    count = len([*_children(root, "site"), *_children(root, "pool")])
    return SiteCatalog(
        source=reading.source,
        sites={},
        version=version,
        entries=count,
        warnings=tuple(reading.warnings),
    )


def _site(element: etree._Element, reading: Reading) -> Site:
    line = line_of(element)
    arch = _attribute(element, "arch", reading)
    check_architecture(reading, line, arch)
    _check_children(element, reading)
    name = _attribute(element, "handle", reading)
    if not name:
        reading.refuse(line, "<site> has no handle", "give it the attribute `handle`")
    return Site(
        name=name,
        arch=arch,
        os=_attribute(element, "os", reading).lower(),
        directories=tuple(
            directory
            for item in _children(element, "directory")
            for directory in _directory(item, reading)
        ),
        profiles=_profiles(element, reading),
        where=reading.where(line),
    )


def _check_children(element: etree._Element, reading: Reading) -> None:
    known = {"directory", "profile", *_IGNORED}
    for child in element:
        if local_name(child) not in known:
            reading.warn(line_of(child), f"unknown element <{local_name(child)}> in <site>")


def _directory(element: etree._Element, reading: Reading) -> Iterator[Directory]:
    line = line_of(element)
    text = _attribute(element, "type", reading)
    if not text:
        reading.refuse(line, "<directory> has no type", "give it the attribute `type`")
    kind = check_directory(reading, line, text)
    servers = tuple(_server(item, reading) for item in _children(element, "file-server"))
    if kind is not None:
        yield Directory(
            kind=kind,
            path=_attribute(element, "path", reading),
            file_servers=servers,
            where=reading.where(line),
        )


def _server(element: etree._Element, reading: Reading) -> FileServer:
    line = line_of(element)
    url = _attribute(element, "url", reading)
    if not url:
        reading.refuse(line, "<file-server> has no url", "give it the attribute `url`")
    operation = _attribute(element, "operation", reading) or "all"
    return FileServer(url, check_operation(reading, line, operation))


def _profiles(element: etree._Element, reading: Reading) -> Profiles:
    found = (
        written_profile(
            reading,
            line_of(item),
            _attribute(item, "namespace", reading),
            _attribute(item, "key", reading),
            reading.expand(text_of(item), line_of(item)),
        )
        for item in _children(element, "profile")
    )
    return tuple(profile for profile in found if profile is not None)


def _children(element: etree._Element, name: str) -> Iterable[etree._Element]:
    return [child for child in element if local_name(child) == name]


def _attribute(element: etree._Element, name: str, reading: Reading) -> str:
    return reading.expand(element.get(name, "").strip(), line_of(element))

"""The YAML replica catalog 5.0: `replicas: [{lfn, pfns: [{site, pfn}], checksum, regex}]`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.parse.fields import Fields, entries_of
from pegbatch.parse.reading import Reading
from pegbatch.parse.replicas import Entry, build_replicas, checksum
from pegbatch.parse.yaml_events import Node

_KEYS = ("lfn", "pfns", "checksum", "metadata", "regex")


def replicas_from_node(node: Node, source: str, environment: Mapping[str, str]) -> ReplicaCatalog:
    """Read a replica catalog, stand-alone or inline.

    Errors: InputError with all problems, each with file and line.
    """
    reading = Reading(source, environment)
    version, items = entries_of(reading, node, "replicas")
    found = [entry for item in items for entry in _entries(item)]
    return build_replicas(reading, version, found, len(items))


def _entries(fields: Fields) -> Iterable[Entry]:
    """Read one LFN; nothing where it is bad."""
    fields.check_keys(_KEYS)
    lfn = fields.required("lfn")
    digest = _digest(fields)
    places = fields.items("pfns")
    if not places:
        fields.refuse(f"{lfn}: no `pfns`")
    is_pattern = fields.boolean("regex")
    return [Entry(lfn, _replica(place, digest), place.line, is_pattern) for place in places]


def _replica(fields: Fields, digest: str | None) -> Replica:
    fields.check_keys(("site", "pfn"))
    return Replica(
        site=fields.text("site") or "local",
        pfn=fields.required("pfn"),
        sha256=digest,
        where=fields.where,
    )


def _digest(fields: Fields) -> str | None:
    inner = fields.inner("checksum")
    text = inner.text("sha256") if inner else ""
    return checksum(fields.reading, inner.line, text) if inner and text else None

"""Profiles of the YAML formats: `profiles: {namespace: {key: value}}`."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.model.profiles import Profile, Profiles
from pegbatch.parse.names import NAMESPACES
from pegbatch.parse.reading import Reading
from pegbatch.parse.yaml_events import Node


def written_profile(
    reading: Reading, line: int, namespace: str, key: str, value: str
) -> Profile | None:
    """Return one profile of any format; one without a key is a problem and None."""
    if not key:
        reading.refuse(line, "a profile without a key")
        return None
    lower = namespace.lower()
    if lower not in NAMESPACES and not reading.is_open(namespace):
        reading.warn(line, f"unknown profile namespace {namespace!r}: {key} has no effect")
    return Profile(lower, key, value)


def profiles_from_node(reading: Reading, node: Node | None) -> Profiles:
    """Read a `profiles` mapping; `x-…` extensions are left out."""
    return tuple(_profiles(reading, node)) if node is not None else ()


def _profiles(reading: Reading, node: Node) -> Iterator[Profile]:
    for namespace, entries in _mapping(reading, node, "profiles").items():
        if namespace.startswith("x-"):
            continue
        for key, value in _mapping(reading, entries, f"profiles of {namespace}").items():
            text = value.text()
            if text is None and value.value is not None:
                reading.refuse(value.line, f"the profile {key} wants a value, found {value.kind}")
            elif not key.startswith("x-"):
                profile = written_profile(reading, value.line, namespace, key, text or "")
                yield from (profile,) if profile else ()


def _mapping(reading: Reading, node: Node, what: str) -> dict[str, Node]:
    entries = node.mapping()
    if entries is None:
        reading.refuse(node.line, f"{what}: expected a mapping, found {node.kind}")
    return dict(entries or {})

"""The keys of one YAML mapping, read one by one; what is missing or of the wrong kind is noted."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pegbatch.model.profiles import Profiles
from pegbatch.parse.profiles import profiles_from_node
from pegbatch.parse.reading import Reading
from pegbatch.parse.yaml_events import Node


@dataclass(frozen=True, slots=True)
class Fields:
    """One mapping of a catalog."""

    reading: Reading
    nodes: Mapping[str, Node]
    line: int

    @property
    def where(self) -> str:
        """`file:line` of the mapping."""
        return self.reading.where(self.line)

    def refuse(self, message: str, hint: str | None = None) -> None:
        """Note a problem of this mapping."""
        self.reading.refuse(self.line, message, hint)

    def line_of(self, key: str) -> int:
        """Return the line of a value, or of the mapping where the key is missing."""
        node = self.nodes.get(key)
        return node.line if node is not None else self.line

    def text(self, key: str) -> str:
        """Return a single value; empty where it is missing."""
        node = self.nodes.get(key)
        if node is None or node.value is None:
            return ""
        text = node.text()
        if text is None:
            self.reading.refuse(node.line, f"`{key}` wants a single value, found {node.kind}")
        return text or ""

    def required(self, key: str) -> str:
        """Return a single value that must be there; empty, and a problem, where it is not."""
        text = self.text(key)
        node = self.nodes.get(key)
        if not text and (node is None or node.text() == "" or node.value is None):
            self.refuse(f"`{key}` is missing", f"add it to this entry: `{key}: …`")
        return text

    def boolean(self, key: str) -> bool:
        """Return a truth value; false where it is missing."""
        node = self.nodes.get(key)
        if node is None or node.value is None:
            return False
        found = node.boolean()
        if found is None:
            self.reading.refuse(node.line, f"`{key}` is true or false")
        return bool(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of single values; empty where it is missing."""
        nodes = self._list(key)
        for node in nodes:
            if node.text() is None:
                self.reading.refuse(node.line, f"`{key}` lists single values, found {node.kind}")
        return tuple(text for node in nodes if (text := node.text()) is not None)

    def items(self, key: str) -> list[Fields]:
        """Return a list of mappings; empty where it is missing."""
        return fields_of(self.reading, self._list(key), f"an entry of `{key}`")

    def inner(self, key: str) -> Fields | None:
        """Return a mapping under a key, or None where it is missing."""
        node = self.nodes.get(key)
        found = fields_of(self.reading, [node] if node is not None else [], f"`{key}`")
        return found[0] if found else None

    def profiles(self) -> Profiles:
        """Return the mapping's profiles."""
        return profiles_from_node(self.reading, self.nodes.get("profiles"))

    def check_keys(self, known: Sequence[str]) -> None:
        """Warn of keys that mean nothing here; `x-…` extensions are welcome."""
        for key, node in self.nodes.items():
            if key not in known and not key.startswith("x-"):
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean `{close[0]}`?" if close else None
                self.reading.warn(node.line, f"unknown key `{key}`", hint)

    def _list(self, key: str) -> Sequence[Node]:
        node = self.nodes.get(key)
        if node is None:
            return ()
        found = node.sequence()
        if found is None:
            self.reading.refuse(node.line, f"`{key}` is a list, found {node.kind}")
        return found or ()


def fields_of(reading: Reading, nodes: Sequence[Node], what: str) -> list[Fields]:
    """Return the mappings among some nodes; anything else is a problem."""
    found = []
    for node in nodes:
        mapping = node.mapping()
        if mapping is None:
            reading.refuse(node.line, f"{what} is a mapping, found {node.kind}")
        else:
            found.append(Fields(reading, mapping, node.line))
    return found


def entries_of(reading: Reading, node: Node, key: str) -> tuple[str, list[Fields]]:
    """Return the version and the entries of a catalog, stand-alone or inline.

    Shapes: inline catalogs have no `pegasus` version; an empty file has no entries, and a warning.
    """
    top = catalog_of(reading, node)
    if top is None:
        return "", []
    if key not in top.nodes:
        top.refuse(f"`{key}` is missing", "is it the right file?")
    return top.text("pegasus"), top.items(key)


def catalog_of(reading: Reading, node: Node) -> Fields | None:
    """Return the top mapping of a catalog, or None where the file is empty or no mapping."""
    if node.value is None:
        reading.warn(node.line, "the file is empty")
        return None
    found = fields_of(reading, [node], "a catalog")
    return found[0] if found else None

"""YAML (and JSON, its subset) as located values, read from PyYAML's C event stream.

A whole file is never held as a tree: `YamlReader.entries` walks the top-level keys, and for each
key the caller takes either the value as one `Node` or, for long lists, `items` one by one.
An alias shares the node of its anchor; what aliases stand for, written out, is capped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NoReturn, TypeVar, cast

import yaml
from yaml import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from pegbatch.errors import InputError, Problem
from pegbatch.parse.json_escapes import JsonEscapes
from pegbatch.parse.pace import PacedStream
from pegbatch.parse.variables import expand
from pegbatch.parse.yaml_nodes import Node as Node

MAX_DEPTH = 60
MAX_ALIASED = 1_000_000
MAX_ALIASED_PER_NODE = 20
"""Nodes that all aliases of a file may stand for together: so many, and so many more for each
node that is written out."""

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))

T = TypeVar("T")

_node = tuple.__new__
"""Makes a Node without the Python-level constructor: a file has millions of them."""


class YamlReader:
    """Reads one YAML document from a stream.

    Errors: InputError at once where the file is malformed or a bomb; everything else is
    collected in `problems` (duplicate keys) and `undefined` (variables that are not set).
    """

    def __init__(self, stream: BinaryIO, source: str, environment: Mapping[str, str]) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.undefined: list[Problem] = []
        self._stream = stream
        self._environment = environment
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._built = 0
        paced = PacedStream(stream, source, lambda: self._built)
        self._parser = yaml.CSafeLoader(JsonEscapes(cast(BinaryIO, paced)))
        self._aliased = 0
        self._next: Callable[[], Any] = self._parser.get_event

    def where(self, line: int) -> str:
        """Return `file:line`."""
        return f"{self.source}:{line}"

    def document(self) -> Node:
        """Read the whole document as one node; an empty file is a node of None."""
        event = self._begin()
        node = self._guarded(event, 0) if event is not None else Node(None, 1)
        self._end()
        return node

    def entries(self) -> Iterator[tuple[str, int]]:
        """Walk the top-level keys; before going on, read each value by `value` or `items`.

        Shapes: (key, line); nothing for an empty file.
        Errors: InputError where the document is no mapping.
        """
        event = self._begin()
        if event is not None and not isinstance(event, MappingStartEvent):
            self._fail(
                "expected a mapping of keys to values at the top",
                _line(event),
                "is it the right file?",
            )
        seen: set[str] = set()
        while event is not None:
            event = self._event()
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event)
            if key in seen:
                self._duplicate(key, _line(event))
            seen.add(key)
            yield key, _line(event)
        self._end()

    def value(self) -> Node:
        """Read the value that comes next."""
        return self._guarded(self._event(), 1)

    def items(self) -> Iterator[Node]:
        """Read the value that comes next as a list, item by item."""
        event = self._event()
        if not isinstance(event, SequenceStartEvent) or event.anchor is not None:
            yield from self._whole_list(event)
            return
        while True:
            event = self._event()
            if isinstance(event, SequenceEndEvent):
                return
            yield self._guarded(event, 2)

    def finish(self) -> None:
        """Raise what was collected, if anything.

        Errors: InputError with all problems and undefined variables, in the order of lines.
        """
        if self.problems or self.undefined:
            raise InputError(problems=[*self.problems, *self.undefined])

    def _whole_list(self, event: Any) -> Iterator[Node]:
        node = self._guarded(event, 1)
        items = node.sequence()
        if items is None:
            self.problems.append(
                Problem(f"expected a list, found {node.kind}", self.where(node.line))
            )
        yield from items or ()

    # The stream -----------------------------------------------------------------------------

    def _begin(self) -> Any:
        """Return the first event of the document's root, or None for an empty file."""
        self._event()
        event = self._event()
        return None if isinstance(event, StreamEndEvent) else self._event()

    def _end(self) -> None:
        event = self._event()
        if isinstance(event, DocumentEndEvent):
            event = self._event()
        if event is not None and not isinstance(event, StreamEndEvent):
            self._fail(
                "a second document begins; one file holds one document",
                _line(event),
                "remove the `---`, or split the file",
            )

    def _event(self) -> Any:
        try:
            return self._next()
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self._malformed(error)

    def _guarded(self, event: Any, depth: int) -> Node:
        """Build a node. The guard stands here, not round each event: there are millions."""
        try:
            return self._read(event, depth)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self._malformed(error)

    def _malformed(self, error: Exception) -> NoReturn:
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            self._fail(
                _sentence(error),
                mark.line + 1 if mark else None,
                "look at that line and the one before: indentation (blanks, no tabs), quotes, "
                "brackets",
            )
        self._fail(
            f"not readable as text: {_reason(error)}",
            self._line_of(error),
            "save it as UTF-8; is it the right file?",
        )

    def _line_of(self, error: Exception) -> int | None:
        """Return the line of a byte that is no text: count the lines before its offset."""
        position = getattr(error, "position", None)
        if position is None or not self._stream.seekable():
            return None
        self._stream.seek(0)
        return self._stream.read(position).count(b"\n") + 1

    def _fail(self, message: str, line: int | None, hint: str | None = None) -> NoReturn:
        where = self.source if line is None else self.where(line)
        raise InputError(problems=[*self.problems, Problem(message, where, hint)])

    # Nodes ----------------------------------------------------------------------------------

    def _read(self, event: Any, depth: int) -> Node:
        """Build the node that an event begins."""
        kind = type(event)
        if kind is ScalarEvent:
            node = self._scalar(event)
            if event.anchor is not None:
                self._anchors[event.anchor] = (node, 1)
            return node
        if kind is AliasEvent:
            return self._alias(event)
        if depth > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels", _line(event))
        before = self._built
        node = (self._mapping if kind is MappingStartEvent else self._sequence)(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._built - before)
        return node

    def _scalar(self, event: Any) -> Node:
        self._built += 1
        value = event.value
        line = event.start_mark.line + 1
        if "${" in value:
            value = self._expand(value, line)
        elif value in _NULLS and event.implicit[0]:
            value = None
        return _node(Node, (value, line))

    def _mapping(self, start: Any, depth: int) -> Node:
        entries: dict[str, Node] = {}
        read, following = self._read, self._next
        depth += 1
        while type(event := following()) is not MappingEndEvent:
            key = self._key(event)
            if key in entries:
                self._duplicate(key, _line(event))
            entries[key] = read(following(), depth)
        self._built += 1
        if "<<" in entries:
            entries = self._merged(entries)
        return _node(Node, (entries, start.start_mark.line + 1))

    def _sequence(self, start: Any, depth: int) -> Node:
        items: list[Node] = []
        read, following = self._read, self._next
        depth += 1
        while type(event := following()) is not SequenceEndEvent:
            items.append(read(event, depth))
        self._built += 1
        return _node(Node, (items, start.start_mark.line + 1))

    def _key(self, event: Any) -> str:
        if type(event) is not ScalarEvent:
            self._fail("a key must be a single value", _line(event), "write `key: value`")
        key: str = event.value
        return key

    def _alias(self, event: Any) -> Node:
        """Return the anchored node itself; count what it stands for."""
        found = self._anchors.get(event.anchor)
        if found is None:
            self._fail(
                f"the alias *{event.anchor} has no anchor before it",
                _line(event),
                "put the text in quotes, if it only begins with *",
            )
        node, size = found
        self._built += size
        self._aliased += size
        written = self._built - self._aliased
        if self._aliased > MAX_ALIASED + MAX_ALIASED_PER_NODE * written:
            self._fail(
                f"its aliases stand for {self._aliased} values, {written} are written out",
                _line(event),
                "write more of the values out",
            )
        return node

    def _merged(self, entries: dict[str, Node]) -> dict[str, Node]:
        """Put the mappings under `<<` below the keys written beside it (YAML merge key)."""
        merge = entries.pop("<<")
        parts = merge.sequence() if isinstance(merge.value, list) else [merge]
        result: dict[str, Node] = {}
        for part in reversed(parts or ()):
            mapping = part.mapping()
            if mapping is None:
                self.problems.append(
                    Problem(f"`<<` takes mappings, found {part.kind}", self.where(part.line))
                )
            result.update(mapping or {})
        return {**result, **entries}

    def _expand(self, text: str, line: int) -> str:
        try:
            return expand(text, self._environment, self.where(line))
        except InputError as error:
            self.undefined.extend(error.problems)
            return text

    def _duplicate(self, key: str, line: int) -> None:
        self.problems.append(Problem(f"the key {key!r} is written twice", self.where(line)))


def parse_document(
    stream: BinaryIO,
    source: str,
    environment: Mapping[str, str],
    read: Callable[[Node, str], T],
) -> T:
    """Read a stand-alone file whole and hand its root to `read(node, source)`.

    Shapes: an empty file is a node of None.
    Errors: InputError with the problems of both passes (file and meaning) at once.
    """
    reader = YamlReader(stream, source, environment)
    root = reader.document()
    try:
        result = read(root, source)
    except InputError as error:
        raise InputError(problems=[*reader.problems, *reader.undefined, *error.problems]) from error
    reader.finish()
    return result


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _sentence(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return f"malformed YAML: {', '.join(parts)}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error))

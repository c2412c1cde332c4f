"""XML as located elements, read from expat: each child of the root as one small tree.

Only one child of the root is held at a time. Namespaces and prefixes are dropped. A DOCTYPE is
refused, so that there are no entities to expand and nothing to fetch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple
from xml.parsers import expat

from pegbatch.errors import InputError, Problem
from pegbatch.parse.variables import expand

CHUNK_BYTES = 1 << 14
"""Small, so that few elements wait at a time; doubled while not one is closed, since expat looks
at an unfinished tag again with each chunk."""
LARGEST_CHUNK_BYTES = 1 << 24

MAX_DEPTH = 60

_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")

MALFORMED_HINT = (
    "look at that line and the one before: a bracket, a quote, an end tag, or & for &amp;"
)


class Element(NamedTuple):
    """One element: its tag without namespace, its attributes, its line, what is inside.

    Shapes: content holds child elements and, in the tags the reader was told of, text.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    content: list[Element | str]

    def children(self) -> list[Element]:
        """Return the child elements, in order."""
        return [part for part in self.content if type(part) is Element]

    def text(self) -> str:
        """Return the text directly inside, without white space round it."""
        return "".join(part for part in self.content if isinstance(part, str)).strip()


class XmlReader:
    """Reads one XML document from a stream.

    Errors: InputError at once where the file is malformed, nests too deep or has a DOCTYPE;
    variables that are not set are collected in `undefined`.
    """

    def __init__(
        self,
        stream: BinaryIO,
        source: str,
        environment: Mapping[str, str],
        text_tags: frozenset[str],
    ) -> None:
        self.source = source
        self.undefined: list[Problem] = []
        self._stream = stream
        self._environment = environment
        self._text_tags = text_tags
        self._root: Element | None = None
        self._pending: list[Element] = []
        self._tail = b""
        self._chunk_bytes = CHUNK_BYTES
        self._ended = False
        self._failure: InputError | None = None
        self._closed_at = self._closed_line = -1
        """Byte and line at which the end tag of the last child of the root begins."""
        self._stack: list[Element] = []
        self._done: list[Element] = []
        self._expanding = False
        self._text_depth = 0
        """How many elements are open round the outermost one with text; 0 outside."""
        self._parser = self._make_parser()
        self._parser.StartElementHandler = self._start_handler()
        self._parser.EndElementHandler = self._end_handler()

    def where(self, line: int) -> str:
        """Return `file:line`."""
        return f"{self.source}:{line}"

    def open(self) -> Element:
        """Read as far as the root's start tag and return the root, without its children.

        Errors: InputError where the file is malformed so far, or empty.
        """
        while self._root is None:
            self._pending.extend(self._step())
        return self._root

    def elements(self) -> Iterator[Element]:
        """Read the children of the root, one after another."""
        yield from self._pending
        while self._failure is not None or not self._ended:
            yield from self._step()

    def _step(self) -> list[Element]:
        """Read one chunk and return the children of the root that it closes."""
        if self._failure is not None:
            raise self._failure
        chunk = self._stream.read(self._chunk_bytes)
        self._ended = not chunk
        closed = self._feed(chunk, self._ended)
        self._chunk_bytes = (
            CHUNK_BYTES if closed else min(2 * self._chunk_bytes, LARGEST_CHUNK_BYTES)
        )
        return closed

    def _feed(self, chunk: bytes, last: bool) -> list[Element]:
        """Parse a chunk; what goes wrong in it is raised after its whole elements were read."""
        if not self._expanding:
            self._expanding = b"${" in self._tail + chunk or chunk.startswith(_UTF16)
            self._tail = chunk[-1:]
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            self._failure = self._malformed(error)
        except InputError as error:
            self._failure = error
        except (LookupError, ValueError) as error:
            # What Python's codecs say of an encoding in the XML declaration.
            if self._root is not None:
                raise
            self._failure = InputError(
                f"malformed XML: {error}", where=self.where(1), hint=MALFORMED_HINT
            )
        closed = self._done[:]
        self._done.clear()
        return closed

    def _malformed(self, error: expat.ExpatError) -> InputError:
        reason = expat.errors.messages.get(error.code, str(error))
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
            ends = "the file ends before its last element is closed; was it cut off?"
            reason = "no element in it" if self._root is None else ends
        return InputError(
            f"malformed XML: {reason}", where=self.where(error.lineno), hint=MALFORMED_HINT
        )

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        return parser

    def _start_handler(self) -> Callable[[str, dict[str, str]], None]:
        """Return the function that expat calls at each start tag.

        Here and below a closure, not a method: it runs a million times, and what it needs is at
        hand as local names.
        """
        stack, parser, text_tags, new = self._stack, self._parser, self._text_tags, tuple.__new__

        def start(tag: str, attributes: dict[str, str]) -> None:
            if ":" in tag:
                tag = tag.rpartition(":")[2]
            element = new(Element, (tag, attributes, parser.CurrentLineNumber, []))
            if self._expanding:
                self._expand_attributes(element)
            depth = len(stack)
            if depth > 1:
                stack[-1].content.append(element)
            else:
                self._root = self._root or element
            stack.append(element)
            if tag in text_tags or depth > MAX_DEPTH:
                self._look_into(depth)

        return start

    def _end_handler(self) -> Callable[[str], None]:
        """Return the function that expat calls at each end tag."""
        stack, done, parser = self._stack, self._done, self._parser

        def end(_tag: str) -> None:
            element = stack.pop()
            depth = len(stack)
            if depth == 1:
                done.append(element)
                self._closed_at, self._closed_line = (
                    parser.CurrentByteIndex,
                    parser.CurrentLineNumber,
                )
            if self._text_depth:
                self._leave_text(element, depth)

        return end

    def _look_into(self, depth: int) -> None:
        """Listen to text from here on, or give up where it is too deep."""
        if depth > MAX_DEPTH:
            raise self._refusal(f"elements nested deeper than {MAX_DEPTH} levels")
        if not self._text_depth:
            self._text_depth = depth
            self._parser.CharacterDataHandler = self._text

    def _leave_text(self, element: Element, depth: int) -> None:
        """Go deaf where the outermost element with text ends: what follows is white space."""
        if self._expanding:
            self._expand_text(element)
        if depth == self._text_depth:
            self._text_depth = 0
            self._parser.CharacterDataHandler = None

    def _text(self, text: str) -> None:
        content = self._stack[-1].content
        if content and isinstance(content[-1], str):
            content[-1] += text
        else:
            content.append(text)

    def _doctype(self, *_declaration: object) -> None:
        raise self._refusal(
            "a DOCTYPE is not accepted", "remove it: workflows and catalogs need no DTD or entities"
        )

    def _refusal(self, message: str, hint: str | None = None) -> InputError:
        return InputError(message, where=self.where(self._parser.CurrentLineNumber), hint=hint)

    # Variables ------------------------------------------------------------------------------

    def _expand_attributes(self, element: Element) -> None:
        for name, value in element.attributes.items():
            if "${" in value:
                element.attributes[name] = self._expand(value, element.line)

    def _expand_text(self, element: Element) -> None:
        element.content[:] = [
            self._expand(part, element.line) if isinstance(part, str) else part
            for part in element.content
        ]

    def _expand(self, text: str, line: int) -> str:
        try:
            return expand(text, self._environment, self.where(line))
        except InputError as error:
            self.undefined.extend(error.problems)
            return text

"""An XML reader that hands the text of plain elements to a shortcut and the rest to expat.

Expat reads every byte that the shortcut does not take, and a line break for each that it does: it
still judges whether the document is well-formed, and counts lines. The shortcut is asked between
children of the root only, where expat has closed one and nothing is pending.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO, Protocol

from pegbatch.parse.xml_events import CHUNK_BYTES as SMALL_CHUNK_BYTES
from pegbatch.parse.xml_events import Element, XmlReader

CHUNK_BYTES = 1 << 17
MISSES_AT_MOST = 8
"""After so many in turn the rest of a chunk is left to expat, in larger pieces."""

_ENDS = (b"</job>", b"</child>")
_END = re.compile("</(?:job|child)>").search
_ILLEGAL = bytes([*range(9), 11, 12, *range(14, 32)])
"""Characters that XML does not have."""
_ILLEGAL_WIDE = ("\ufffe", "\uffff")


class Shortcut(Protocol):
    """Takes children of the root that it knows by sight."""

    def take(self, text: str, start: int, line: int) -> tuple[int, int]:
        """Take what it can from there on, whole elements; return how far, and on which line."""


class ShortcutReader(XmlReader):
    """Reads one XML document; `elements` yields what the shortcut has not taken.

    Shapes: what the shortcut takes comes between the elements in document order.
    Errors: as `XmlReader`.
    """

    def __init__(
        self,
        stream: BinaryIO,
        source: str,
        environment: Mapping[str, str],
        text_tags: frozenset[str],
        shortcut: Shortcut,
    ) -> None:
        super().__init__(stream, source, environment, text_tags)
        self._shortcut = shortcut
        self._is_usable = True
        self._held = b""
        """Read, and the end of a job is not there yet."""
        self._ahead = ""
        self._position = 0
        self._line = 0
        """Of the position, where it is between children of the root; else 0."""
        self._misses = 0
        """How often in turn the shortcut took nothing."""
        self._fed_bytes = 0
        self._parser.XmlDeclHandler = self._declaration

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._is_usable = encoding is None or encoding.lower() == "utf-8"

    def _step(self) -> list[Element]:
        """Let the shortcut take what it can, or expat read on to the end of an element."""
        if self._failure is not None:
            raise self._failure
        if self._position == len(self._ahead):
            return self._step_over()
        if self._line and self._is_usable:
            self._take()
        piece = self._ahead[self._position : self._end_of_piece()]
        self._position += len(piece)
        return self._feed_piece(piece.encode(), last=False) if piece else []

    def _end_of_piece(self) -> int:
        """Return how far expat reads on: to the next end of a job, so that the shortcut may try."""
        if self._misses >= MISSES_AT_MOST:
            return self._position + SMALL_CHUNK_BYTES
        end = _END(self._ahead, self._position)
        return end.end() if end else len(self._ahead)

    def _step_over(self) -> list[Element]:
        """Read on; what holds no whole job goes to expat at once."""
        if not self._is_usable and not self._held:
            return super()._step()
        chunk = self._stream.read(CHUNK_BYTES)
        self._ended = not chunk
        data = self._held + chunk
        cut = max(data.rfind(end) + len(end) if end in data else 0 for end in _ENDS)
        text = "" if self._ended or not self._is_usable else _text_of(data[:cut])
        if text:
            self._ahead, self._position, self._held = text, 0, data[cut:]
            self._misses = 0
            return []
        self._held = b""
        return self._feed_piece(data, last=self._ended)

    def _take(self) -> None:
        """Ask the shortcut; expat gets the line breaks of what it takes."""
        start, before = self._position, self._line
        self._position, self._line = self._shortcut.take(self._ahead, start, before)
        self._misses = 0 if self._position > start else self._misses + 1
        if breaks := b"\n" * (self._line - before):
            self._parser.Parse(breaks, False)
            self._fed_bytes += len(breaks)

    def _feed_piece(self, piece: bytes, *, last: bool) -> list[Element]:
        self._closed_at = -1
        self._fed_bytes += len(piece)
        closed = self._feed(piece, last)
        tag_bytes = len(piece) - piece.rfind(b"<")
        is_between = piece.endswith(_ENDS) and self._fed_bytes - self._closed_at == tag_bytes
        self._line = self._closed_line if is_between else 0
        return closed


def _text_of(data: bytes) -> str:
    """Return the text with line breaks as XML has them; empty where it is no UTF-8, or illegal."""
    if len(data.translate(None, _ILLEGAL)) != len(data):
        return ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    if not text.isascii() and any(wide in text for wide in _ILLEGAL_WIDE):
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

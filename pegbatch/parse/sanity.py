"""A look at raw bytes before anything is parsed: what no honest input holds ends the reading.

Parsers are safe on their own (depth, aliases, entities); this bounds what they, and whoever reads
a file whole, take in before they could tell. Every limit is far above real files.
"""

from __future__ import annotations

import re

from pegbatch.errors import InputError
from pegbatch.parse.kinds import looks_like_xml

LONGEST_QUIET_BYTES = 4 << 20
"""Without a tag in XML, a bracket or comma in JSON, a line break in text."""
DEEPEST_BRACKETS = 50_000
"""Brackets opened and not closed, counted roughly: those in strings count too."""
LONGEST_BLANK_BYTES = 1 << 20

_CONTROL = bytes([*range(9), *range(14, 27), *range(28, 32)])
_FIRST_CONTROL = re.compile(b"[" + re.escape(_CONTROL) + b"]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_MARKS = {
    "xml": (b"<",),
    "flow": (b",", b"]", b"}", b"[", b"{", b"\n"),
    "text": (b"\n",),
    "utf-16": (b"<", b"\n", b","),
}
_UNITS = {"xml": "a tag", "flow": "a bracket or comma", "text": "a line break", "utf-16": "a break"}


class Sanity:
    """Looks at the pieces of one file as they are read."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._form = ""
        self._quiet = 0
        self._blank = 0
        self._balance = 0
        self._lines = 1

    def feed(self, piece: bytes) -> None:
        """Take the next bytes.

        Errors: InputError with the line where the file stops being one that anybody wrote.
        """
        if not piece:
            return
        if not self._form:
            self._form = _form_of(piece)
        self._look_for_control(piece)
        self._look_for_breaks(piece)
        self._look_for_blanks(piece)
        self._look_for_depth(piece)
        self._lines += piece.count(b"\n")

    def _look_for_control(self, piece: bytes) -> None:
        if self._form == "utf-16" or len(piece.translate(None, _CONTROL)) == len(piece):
            return
        found = _FIRST_CONTROL.search(piece)
        assert found is not None
        line = self._lines + piece.count(b"\n", 0, found.start())
        self._fail(f"this is no text: it holds the control character {chr(found[0][0])!r}", line)

    def _look_for_breaks(self, piece: bytes) -> None:
        last = max(piece.rfind(mark) for mark in _MARKS[self._form])
        self._quiet = self._quiet + len(piece) if last < 0 else len(piece) - last
        if self._quiet > LONGEST_QUIET_BYTES:
            size = LONGEST_QUIET_BYTES >> 20
            self._fail(f"more than {size} MiB without {_UNITS[self._form]}")

    def _look_for_blanks(self, piece: bytes) -> None:
        self._blank = self._blank + len(piece) if piece.isspace() else 0
        if self._blank > LONGEST_BLANK_BYTES:
            self._fail("more than 1 MiB of nothing but white space")

    def _look_for_depth(self, piece: bytes) -> None:
        if self._form == "xml":
            closed = 2 * piece.count(b"</") + piece.count(b"/>")
            self._balance += piece.count(b"<") - closed
            if b"!" in piece or b"?" in piece:  # one byte is looked for much faster than two
                self._balance -= piece.count(b"<!") + piece.count(b"<?")
        else:
            self._balance += piece.count(b"[") + piece.count(b"{")
            self._balance -= piece.count(b"]") + piece.count(b"}")
        if self._balance > DEEPEST_BRACKETS:
            self._fail(f"nested deeper than {DEEPEST_BRACKETS} levels")

    def _fail(self, message: str, line: int | None = None) -> None:
        where = f"{self._source}:{self._lines if line is None else line}"
        raise InputError(message, where=where, hint="is it the right file?")


def _form_of(piece: bytes) -> str:
    if piece.startswith(_UTF16):
        return "utf-16"
    if looks_like_xml(piece):
        return "xml"
    return "flow" if piece.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else "text"

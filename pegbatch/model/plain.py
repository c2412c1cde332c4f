"""Text that others wrote, made harmless for terminals and logs.

Names, messages and tails come from workflow files, tasks and services. Escape sequences could
rewrite what is on the screen, a carriage return or a line break could forge a line of ours, and
marks of direction could turn a name round.
"""

from __future__ import annotations

import re

_HARMFUL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Controls (C0, DEL, C1) but tab and newline, line and paragraph separators, marks of direction,
and halves of characters, which no stream can be given."""

_IN_TEXT = re.compile(f"[{_HARMFUL}]")
_IN_LINE = re.compile(f"[\t\n{_HARMFUL}]")
_IN_BYTES = re.compile(
    rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa6-\xa9]"
)


def plain(text: str) -> str:
    """Return the text with what could steer a terminal written as `\\u001b`; lines stay lines.

    Shapes: also right for JSON, where these stand inside strings and mean the same.
    """
    return _IN_TEXT.sub(_escaped, text)


def plain_line(text: str) -> str:
    """Return the text as one line: tabs and line breaks are escaped, too."""
    return _IN_LINE.sub(_escaped, text)


def plain_bytes(data: bytes) -> bytes:
    """Return UTF-8 as `plain` does; bytes that are no UTF-8 stay as they are."""
    return _IN_BYTES.sub(lambda found: _escaped_bytes(found[0]), data)


def printable(text: str) -> str:
    """Return the text with all that is not printable escaped as Python does it; lines stay lines.

    Shapes: what the worker says of itself; no task can forge a line of it by its name.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _escaped_bytes(character: bytes) -> bytes:
    return f"\\u{ord(character.decode()):04x}".encode()

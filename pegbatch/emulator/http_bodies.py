"""Where the body of an HTTP message ends, told while it passes by.

Source: RFC 9112, sections 6 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

MAX_HEAD = 64 * 1024
_MAX_LINE = 4096
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,16}").fullmatch
"""Python would also take signs, underscores and 0x, which others read differently."""


class BadMessage(Exception):
    """What arrived is not HTTP as spoken here."""


class Body(Protocol):
    """One body, as far as it has passed."""

    ended: bool

    def take(self, data: bytes) -> int:
        """Return how many of these bytes belong to the body.

        Errors: BadMessage.
        """


class SizedBody:
    """A body of known length."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self.ended = size_bytes == 0

    def take(self, data: bytes) -> int:
        """Count (see Body)."""
        taken = min(self._left, len(data))
        self._left -= taken
        self.ended = self._left == 0
        return taken


class ChunkedBody:
    """A body in chunks, each after its length; trailers may follow the last one."""

    def __init__(self) -> None:
        self.ended = False
        self._left = 0
        self._line = b""
        self._in_trailers = False

    def take(self, data: bytes) -> int:
        """Follow the chunks (see Body)."""
        at = 0
        while at < len(data) and not self.ended:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
            else:
                at = self._take_line(data, at)
        return at

    def _take_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        stop = len(data) if end < 0 else end + 1
        self._line += data[at:stop]
        if len(self._line) > _MAX_LINE:
            raise BadMessage("a line between two chunks is too long")
        if end >= 0:
            line, self._line = self._line.strip(), b""
            self._follow(line)
        return stop

    def _follow(self, line: bytes) -> None:
        if self._in_trailers:
            self.ended = not line
            return
        digits = line.partition(b";")[0].strip()
        if not _HEXADECIMAL(digits):
            raise BadMessage(f"{line!r} is not the length of a chunk")
        size_bytes = int(digits, 16)
        self._in_trailers = size_bytes == 0
        # The line end after a chunk belongs to it.
        self._left = size_bytes + 2 if size_bytes else 0


class OpenBody:
    """A body that ends with its connection."""

    ended = False

    def take(self, data: bytes) -> int:
        """Take everything (see Body)."""
        return len(data)


def request_body(headers: Mapping[str, str]) -> Body:
    """Return the body that the head of a request announces.

    Shapes: names of headers in lower case.
    Errors: BadMessage.
    """
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return ChunkedBody()
    return SizedBody(_length(headers.get("content-length", "0")))


def answer_body(status: int, method: str, headers: Mapping[str, str]) -> Body:
    """Return the body that the head of an answer announces.

    Errors: BadMessage.
    """
    if method == "HEAD" or status in (204, 304):
        return SizedBody(0)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return ChunkedBody()
    length = headers.get("content-length")
    return OpenBody() if length is None else SizedBody(_length(length))


def _length(text: str) -> int:
    if not text.isdecimal():
        raise BadMessage(f"Content-Length {text!r} is not valid")
    return int(text)

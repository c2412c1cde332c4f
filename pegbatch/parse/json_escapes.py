"""JSON on its way to the YAML scanner, which does not know JSON's surrogate pairs."""

from __future__ import annotations

import re
from typing import BinaryIO

_PAIR = re.compile(
    rb"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_ESCAPE_BYTES = b"\\u0123456789abcdefABCDEF"
"""A cut between two reads never falls into a run of these."""
_LONGEST_RUN = 1 << 16


class JsonEscapes:
    r"""A stream that hands on JSON's `\ud83d\ude00` as YAML's `\U0001f600`.

    Shapes: anything that does not begin with a brace, bracket or quote passes untouched; line
    breaks always do, so that lines stay right.
    Source: RFC 8259, section 7; YAML 1.1, section 5.6.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held = b""
        self._is_json: bool | None = None

    def read(self, size: int = 1 << 16) -> bytes:
        """Return some bytes, or none at the end."""
        while data := self._stream.read(size):
            if self._is_json is None:
                self._is_json = data.lstrip()[:1] in (b"{", b"[", b'"')
            if not self._is_json:
                return data
            data = self._held + data
            cut = len(data.rstrip(_ESCAPE_BYTES))
            if len(data) - cut > _LONGEST_RUN:
                cut = len(data)
            self._held = data[cut:]
            if cut:
                return _PAIR.sub(_one_escape, data[:cut])
        data, self._held = self._held, b""
        return _PAIR.sub(_one_escape, data)


def _one_escape(pair: re.Match[bytes]) -> bytes:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return pair[1] + b"\\U%08x" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))

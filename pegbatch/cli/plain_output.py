"""The one way to the user's terminal: whatever is printed passes here and is made plain.

It is laid round a whole command, so that no message, warning, traceback or log line of a library
can be forgotten. What draws (bars) takes the stream beneath.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO, cast

from pegbatch.model.plain import plain, plain_bytes


class _PlainBytes(io.RawIOBase):
    """Writes bytes (UTF-8: JSON, mostly) to a stream that stays its owner's."""

    def __init__(self, beneath: BinaryIO) -> None:
        super().__init__()
        self._beneath = beneath

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self._beneath.write(plain_bytes(bytes(data)))
        return len(data)

    def flush(self) -> None:
        self._beneath.flush()

    def fileno(self) -> int:
        return self._beneath.fileno()

    def isatty(self) -> bool:
        return self._beneath.isatty()


class _PlainText(io.TextIOWrapper):
    """Writes text to a stream beneath it."""

    def __init__(self, beneath: TextIO) -> None:
        super().__init__(
            cast(BinaryIO, _PlainBytes(beneath.buffer)),
            encoding=beneath.encoding,
            errors=beneath.errors,
            newline="",
            write_through=True,
        )
        self.beneath = beneath

    def write(self, text: str, /) -> int:
        super().write(plain(text))
        return len(text)


class _Nowhere(io.TextIOBase):
    """Stands for a stream that was closed before the command began: what is written is gone."""

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str | bytes, /) -> int:
        return len(text)


@contextmanager
def plain_output() -> Iterator[None]:
    """Make plain what is written to stdout and stderr meanwhile."""
    before = sys.stdout, sys.stderr
    ours = sys.stdout, sys.stderr = _over(before[0]), _over(before[1])
    try:
        yield
    finally:
        # Where click has put something else there, the reader is gone and must not be told.
        if sys.stdout is ours[0]:
            sys.stdout = before[0]
        if sys.stderr is ours[1]:
            sys.stderr = before[1]


def stream_beneath(stream: TextIO) -> TextIO:
    """Return what lies beneath a plain stream, for progress bars and pictures alone."""
    return stream.beneath if isinstance(stream, _PlainText) else stream


def _over(stream: TextIO | None) -> TextIO:
    """Return a plain stream; one of text alone stays as it is."""
    if stream is None:
        return cast(TextIO, _Nowhere())
    return _PlainText(stream) if hasattr(stream, "buffer") else stream

"""Logs on stdout: made harmless like all that is printed, or as they are where that is asked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from pegbatch.cli.plain_output import stream_beneath


@dataclass(frozen=True, slots=True)
class LogPrinter:
    """Writes blocks of whole lines."""

    raw: bool = False
    """As the task wrote them, escape sequences too."""

    def write(self, block: bytes, prefix: str = "") -> None:
        """Write a block; with a prefix, each line after it.

        Errors: BrokenPipeError where nobody reads any more.
        """
        stream = stream_beneath(sys.stdout) if self.raw else sys.stdout
        target: IO[bytes] = stream.buffer
        target.write(prefixed(block, prefix.encode()) if prefix else block)
        target.flush()

    def write_all(self, blocks: Iterable[bytes], prefix: str = "") -> bool:
        """Write blocks; tell whether there was anything."""
        some = False
        for block in blocks:
            some = True
            self.write(block, prefix)
        return some


def prefixed(block: bytes, prefix: bytes) -> bytes:
    """Return a block with a prefix before each of its lines."""
    lines = block.removesuffix(b"\n").split(b"\n")
    return b"".join(prefix + line + b"\n" for line in lines)

"""The text of logs as blocks of bytes, from the store or from CloudWatch, in little memory.

A block ends where a line ends, so that what looks at lines, or makes them harmless, can take
blocks one by one. Only a line longer than a block is cut, and never inside a character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pegbatch.errors import ObjectMissing
from pegbatch.ports import LogService, ObjectStore

CHUNK_BYTES = 1 << 20
"""Read at a time."""
CHARACTER_BYTES = 4
"""The most that a character of UTF-8 has."""


def stored_chunks(
    store: ObjectStore, url: str, size_bytes: int, *, start: int = 0
) -> Iterator[bytes]:
    """Yield an object piece by piece; nothing where it has gone since it was listed."""
    for position in range(start, size_bytes, CHUNK_BYTES):
        length = min(CHUNK_BYTES, size_bytes - position)
        try:
            yield store.read(url, start=position, length=length)
        except ObjectMissing:
            return


def stream_blocks(logs: LogService, stream: str, group: str | None) -> Iterator[bytes]:
    """Yield a log stream from its head to its end, page by page; nothing where there is none."""
    token: str | None = None
    while True:
        page = logs.page(stream, group=group, token=token)
        if page is None:
            return
        if page.lines:
            yield b"".join(line.text.encode("utf-8", "replace") + b"\n" for line in page.lines)
        if page.token == token:
            return
        token = page.token


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut bytes anew, where lines end; a last line without an end gets one."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) >= CHUNK_BYTES:
            cut = _character_start(data)
        if cut:
            yield data[:cut]
        rest = data[cut:]
    if rest:
        yield rest + b"\n"


def _character_start(data: bytes) -> int:
    """Return where the last character begins: the next bytes may belong to it."""
    for back in range(1, min(CHARACTER_BYTES, len(data) - 1) + 1):
        if data[-back] & 0b1100_0000 != 0b1000_0000:
            return len(data) - back
    return len(data)

"""Passing one request on to another server and its answer back, a piece at a time.

Neither body is ever held whole: where one side is slow the other is not read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pegbatch.emulator.http_bodies import BadMessage, answer_body, request_body
from pegbatch.emulator.http_server import Connection, Head, Response

PIECE_BYTES = 256 * 1024
_MAX_ANSWER_HEAD = 1 << 20
_OWN = ("connection", "keep-alive", "expect", "host")
"""Headers that are between a client and us."""


Breach = Literal["answer", "body"]
"""Where to hang up on purpose: before the answer, or in the middle of its body."""


class NotRelayed(Exception):
    """The request is not passed on; carries what is answered instead, None for hanging up."""

    def __init__(self, response: Response | None) -> None:
        """Take the answer."""
        super().__init__(response and response.status)
        self.response = response


class _Broken(Exception):
    """The exchange breaks off on purpose."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, and as what."""

    connect: Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
    path: str
    """With the query string."""
    host: str
    breach: Breach | None = None


Choose = Callable[[Head], Target]
"""Says where a request goes. Errors: NotRelayed."""


class RelayedRequest:
    """One request on its way; made when its head has arrived."""

    def __init__(
        self, connection: Connection, head: Head, choose: Choose, on_end: Callable[[], None]
    ) -> None:
        """Take the client, the head, who chooses the target, and whom to tell of the end.

        Errors: BadMessage where nobody can say how long the body is.
        """
        assert connection.transport is not None
        self._connection = connection
        self._head = head
        self._choose = choose
        self._on_end = on_end
        self._framing = request_body(head.headers)
        self._rest = bytearray()
        self._body = asyncio.StreamReader(limit=PIECE_BYTES)
        self._body.set_transport(connection.transport)
        if head.headers.get("expect", "").lower() == "100-continue":
            connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._task = asyncio.get_running_loop().create_task(self._run())

    def feed(self, data: bytes) -> None:
        """Take bytes of the body (see http_server.Relay)."""
        taken = self._framing.take(data)
        if taken:
            self._body.feed_data(data if taken == len(data) else data[:taken])
        self._rest += data[taken:]
        if self._framing.ended:
            self._body.feed_eof()

    def lost(self) -> None:
        """Give up."""
        self._task.cancel()

    async def _run(self) -> None:
        close = True
        try:
            close = await self._exchange()
        except (OSError, BadMessage, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Half an answer cannot be taken back; the client sees that it broke off.
            close = True
        except _Broken:
            if self._connection.transport is not None:
                self._connection.transport.abort()
        finally:
            self._on_end()
            self._connection.relayed(bytes(self._rest), close=close)

    async def _exchange(self) -> bool:
        """Pass request and answer on; tell whether the connection must be closed then."""
        try:
            target = self._choose(self._head)
            reader, writer = await target.connect()
        except NotRelayed as refusal:
            if refusal.response is None:
                raise _Broken from refusal
            while await self._body.read(PIECE_BYTES):
                pass
            self._connection.send(refusal.response, close=self._head.is_last)
            return self._head.is_last
        sending = asyncio.create_task(self._send(target, writer))
        try:
            framed = await self._answer(reader, target.breach)
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await sending
            writer.close()
        return self._head.is_last or not framed or not self._framing.ended

    async def _send(self, target: Target, writer: asyncio.StreamWriter) -> None:
        kept = [line for line in self._head.lines if _name(line) not in _OWN]
        first = f"{self._head.method} {target.path} HTTP/1.1"
        lines = [first, f"Host: {target.host}", *kept, "Connection: close"]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        # An answer may come, and the other side hang up, before it has all of the body.
        with contextlib.suppress(OSError):
            while piece := await self._body.read(PIECE_BYTES):
                writer.write(piece)
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, breach: Breach | None) -> bool:
        """Pass the answer on; tell whether the client can see where it ends."""
        status, first, lines = await _read_head(reader)
        headers = dict(_split(line) for line in lines)
        body = answer_body(status, self._head.method, headers)
        if breach == "answer" or (breach == "body" and body.ended):
            raise _Broken
        framed = body.ended or _has_length(headers)
        closing = self._head.is_last or not framed or not self._framing.ended
        lines = [*_kept(lines), f"Connection: {'close' if closing else 'keep-alive'}"]
        self._connection.write("\r\n".join([first, *lines]).encode("latin-1") + b"\r\n\r\n")
        while not body.ended:
            piece = await reader.read(PIECE_BYTES)
            if not piece:
                return False
            body.take(piece)
            if breach == "body":
                self._connection.write(piece[: len(piece) // 2])
                raise _Broken
            self._connection.write(piece)
            await self._connection.drain()
        return framed


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, str, list[str]]:
    """Return status, first line and header lines of the final answer."""
    while True:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
        words = first.split(" ", 2)
        if len(words) < 2 or not words[1].isdecimal():
            raise BadMessage(f"{first!r} is no status line")
        if not words[1].startswith("1"):
            return int(words[1]), first, lines


def _kept(lines: Iterable[str]) -> list[str]:
    """Leave out what is not for the client, and what would let web pages in."""
    return [
        line
        for line in lines
        if _name(line) not in _OWN and not _name(line).startswith("access-control-")
    ]


def _has_length(headers: Mapping[str, str]) -> bool:
    return "content-length" in headers or "transfer-encoding" in headers


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def _name(line: str) -> str:
    return _split(line)[0]

"""A small HTTP/1.1 server side: requests in, answers out, connections kept alive."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from pegbatch.emulator.http_bodies import MAX_HEAD, BadMessage

MAX_BODY = 8 * 1024 * 1024
MAX_CONNECTIONS = 400
"""Beyond, the client that has been silent longest is hung up on."""
PATIENCE_SECONDS = 30.0
"""For the rest of a request whose start is here."""

_ONCE = ("host", "content-length", "transfer-encoding", "authorization")
"""Headers that two servers could read differently if they came twice."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00\r\n]*").fullmatch
_FIRST_LINE = re.compile(r"([A-Z]+) ([!-~]+) HTTP/1\.[01]").fullmatch


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body."""

    method: str
    target: str
    """Path and query string, as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    lines: tuple[str, ...]
    """The header lines as sent."""

    @property
    def path(self) -> str:
        """Return what stands before the query string."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """Return what stands after the question mark."""
        return self.target.partition("?")[2]

    @property
    def is_last(self) -> bool:
        """Tell whether the client wants no other answer on this connection."""
        return self.headers.get("connection", "").lower() == "close"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole."""

    method: str
    path: str
    """As sent, without the query string."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


Handler = Callable[[Request], Response | None]
"""Answers a request; None drops the connection without an answer."""


class Relay(Protocol):
    """Answers one request whose body is still to come."""

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Errors: BadMessage.
        """

    def lost(self) -> None:
        """Give up: the client is gone."""


Elsewhere = Callable[["Connection", Head], Relay | None]
"""Says who answers a request that is not for the handler; None: it is for the handler."""


class Connection(asyncio.Protocol):
    """One client: cuts what arrives into requests and answers them in order."""

    def __init__(
        self,
        handler: Handler,
        connections: set[Connection],
        welcome: Callable[[asyncio.Transport], bool] = lambda transport: True,
        elsewhere: Elsewhere = lambda connection, head: None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Take who answers, the set in which to be while open, who may connect, who else
        answers, and for how long the rest of a request is waited for.
        """
        self._handler = handler
        self._connections = connections
        self._welcome = welcome
        self._elsewhere = elsewhere
        self._patience_seconds = patience_seconds
        self._buffer = bytearray()
        self._impatience: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._transport: asyncio.Transport | None = None
        self._relay: Relay | None = None
        self._drained = asyncio.Event()
        self._drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        assert isinstance(transport, asyncio.Transport)
        if not self._welcome(transport):
            transport.abort()
            return
        self._transport = transport
        self._heard = asyncio.get_running_loop().time()
        self._connections.add(self)
        _make_room(self._connections)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._connections.discard(self)
        self._transport = None
        self._wait_for_rest()
        self._drained.set()
        if self._relay is not None:
            self._relay.lost()

    def pause_writing(self) -> None:
        """Take note that the client reads slower than it is answered."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Take note that the client has caught up."""
        self._drained.set()

    def data_received(self, data: bytes) -> None:
        """Take bytes and answer every request that is whole."""
        self._heard = asyncio.get_running_loop().time()
        self._take(data)
        self._wait_for_rest()

    def _take(self, data: bytes) -> None:
        try:
            if self._relay is not None:
                self._relay.feed(data)
                return
            self._buffer += data
            while self._is_free() and self._next():
                pass
        except BadMessage as error:
            self.send(Response(400, str(error).encode(), content_type="text/plain"), close=True)

    def _wait_for_rest(self) -> None:
        """Wait so long and no longer for the rest of a request."""
        if not self._buffer or not self._is_free():
            if self._impatience is not None:
                self._impatience.cancel()
            self._impatience = None
        elif self._impatience is None:
            loop = asyncio.get_running_loop()
            self._impatience = loop.call_later(self._patience_seconds, self._give_up)

    def _give_up(self) -> None:
        self._buffer.clear()
        text = b"the rest of the request did not come"
        self.send(Response(408, text, content_type="text/plain"), close=True)

    @property
    def silent_since(self) -> float | None:
        """Return when the client was last heard of; None while it is being answered."""
        return self._heard if self._is_free() else None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    @property
    def transport(self) -> asyncio.Transport | None:
        """Return the way to the client, None when it is gone."""
        return self._transport

    def write(self, data: bytes) -> None:
        """Send bytes of an answer."""
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken most of what was written."""
        await self._drained.wait()

    def relayed(self, rest: bytes, *, close: bool) -> None:
        """Go on after a request that was answered elsewhere; rest is what came after its body."""
        self._relay = None
        if self._transport is not None:
            # It may have been paused for a body that nobody wanted to the end.
            self._transport.resume_reading()
        if close:
            self.close()
        else:
            self.data_received(rest)

    def send(self, response: Response, *, close: bool) -> None:
        """Send a whole answer."""
        if self._transport is None:
            return
        lines = [
            f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
            f"Content-Type: {response.content_type}",
            f"Content-Length: {len(response.body)}",
            f"Connection: {'close' if close else 'keep-alive'}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
        ]
        self._transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + response.body)
        if close:
            self._transport.close()

    def _is_free(self) -> bool:
        return self._transport is not None and self._relay is None

    def _next(self) -> bool:
        """Do the next request in the buffer; tell whether there was a whole one."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadMessage("the head of the request is too long")
            return False
        head = _parse_head(bytes(self._buffer[:end]).decode("latin-1"))
        self._relay = self._elsewhere(self, head)
        if self._relay is not None:
            body = bytes(self._buffer[end + 4 :])
            self._buffer.clear()
            self._relay.feed(body)
            return True
        return self._answer(head, end + 4)

    def _answer(self, head: Head, start: int) -> bool:
        """Answer a request whose body starts so far into the buffer, if it is there."""
        stop = start + _body_length(head.headers)
        if len(self._buffer) < stop:
            if head.headers.get("expect", "").lower() == "100-continue":
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return False
        body = bytes(self._buffer[start:stop])
        del self._buffer[:stop]
        response = self._handler(Request(head.method, head.path, head.query, head.headers, body))
        if response is not None:
            self.send(response, close=head.is_last)
        elif self._transport is not None:
            self._transport.abort()
            self._transport = None
        return True


def _make_room(connections: set[Connection]) -> None:
    """Hang up on the client that has been silent longest, where there are too many."""
    if len(connections) <= MAX_CONNECTIONS:
        return
    silent = [(since, id(one), one) for one in connections if (since := one.silent_since)]
    if silent:
        min(silent)[2].close()


def _parse_head(text: str) -> Head:
    """Read a head strictly: what is passed on must mean the same to whoever reads it next.

    Errors: BadMessage. Source: RFC 9112, sections 2.2, 5.1 and 6.3.
    """
    first, *lines = text.split("\r\n")
    words = _FIRST_LINE(first)
    if words is None:
        raise BadMessage("not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        if not _HEADER(line):
            raise BadMessage("a header line is malformed")
        name, _, value = line.partition(":")
        name = name.lower()
        if name in headers and name in _ONCE:
            raise BadMessage(f"the header {name} comes twice")
        headers[name] = value.strip()
    if "transfer-encoding" in headers and "content-length" in headers:
        raise BadMessage("a body has a length or comes in chunks, not both")
    return Head(words[1], words[2], headers, tuple(lines))


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadMessage("a chunked body is not taken: send Content-Length")
    text = headers.get("content-length", "0")
    if not text.isdecimal() or int(text) > MAX_BODY:
        raise BadMessage(f"Content-Length {text!r} is not valid")
    return int(text)

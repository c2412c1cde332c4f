"""A small HTTP/1.1 server side: requests in, answers out, connections kept alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

MAX_HEAD = 64 * 1024
MAX_BODY = 8 * 1024 * 1024


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


class BadRequest(Exception):
    """What arrived is not HTTP as spoken here."""


Handler = Callable[[Request], Response | None]
"""Answers a request; None drops the connection without an answer."""


class Connection(asyncio.Protocol):
    """One client: cuts what arrives into requests and answers them in order."""

    def __init__(
        self,
        handler: Handler,
        connections: set[Connection],
        welcome: Callable[[asyncio.Transport], bool] = lambda transport: True,
    ) -> None:
        """Take who answers, the set in which to be while open, and who may connect."""
        self._handler = handler
        self._connections = connections
        self._welcome = welcome
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        assert isinstance(transport, asyncio.Transport)
        if not self._welcome(transport):
            transport.abort()
            return
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._connections.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take bytes and answer every request that is whole."""
        self._buffer += data
        try:
            while self._transport is not None and (request := self._cut()) is not None:
                self._answer(request)
        except BadRequest as error:
            self._send(Response(400, str(error).encode(), content_type="text/plain"), close=True)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _answer(self, request: Request) -> None:
        response = self._handler(request)
        if response is None:
            assert self._transport is not None
            self._transport.abort()
            self._transport = None
            return
        self._send(response, close=request.headers.get("connection", "").lower() == "close")

    def _send(self, response: Response, *, close: bool) -> None:
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

    def _cut(self) -> Request | None:
        """Cut the first whole request out of the buffer."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest("the head of the request is too long")
            return None
        method, target, headers = _parse_head(bytes(self._buffer[:end]).decode("latin-1"))
        length = _body_length(headers)
        if len(self._buffer) < end + 4 + length:
            if headers.get("expect", "").lower() == "100-continue" and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body)


def _parse_head(head: str) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("not an HTTP/1.1 request")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return words[0], words[1], headers


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest("a chunked body is not taken: send Content-Length")
    text = headers.get("content-length", "0")
    if not text.isdecimal() or int(text) > MAX_BODY:
        raise BadRequest(f"Content-Length {text!r} is not valid")
    return int(text)

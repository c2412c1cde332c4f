"""A proxy in front of an S3 service that breaks what passes through it, on demand."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

KEPT = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})
"""Headers that belong to one connection."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for."""

    method: str
    path: str
    """With the query; unquoted."""
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says, before it is broken."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """How an answer reaches the client."""

    answer: Answer | None
    """None: the connection is reset before a word is said."""
    sent: int | None = None
    """So many bytes of the body, then a reset; None: all of it."""
    hold: threading.Event | None = None
    """Waited for after that, in place of the reset: a server that stalls."""


Fault = Callable[[Request, Callable[[], Answer]], Broken | None]
"""Given a request and how to pass it on, breaks the answer; None: leaves it as it is."""


@dataclass
class FaultyProxy:
    """The proxy; faults can be changed while it runs."""

    url: str
    fault: Fault = field(default=lambda request, ask: None)
    seen: list[Request] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Set at the end, so that whatever stalls goes on."""

    def count(self, method: str, part: str) -> int:
        """Return how many requests of a method had something in their path."""
        return sum(one.method == method and part in one.path for one in self.seen)


def refusal(status: int, code: str = "") -> Broken:
    """Return an answer as S3 refuses."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Broken(Answer(status, (("Content-Type", "application/xml"),), body.encode()))


@contextmanager
def faulty_proxy(endpoint: str) -> Iterator[FaultyProxy]:
    """Serve on a loopback port, in front of an endpoint, until the end of the block."""
    target = urlsplit(endpoint)
    host, port = str(target.hostname), int(target.port or 80)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, unquote(self.path), dict(self.headers.items()))
            proxy.seen.append(request)
            asked = [body]

            def ask() -> Answer:
                return _ask(host, port, self.command, self.path, dict(self.headers), asked[0])

            broken = proxy.fault(request, ask)
            _send(self, Broken(ask()) if broken is None else broken)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

        def handle_one_request(self) -> None:
            # A client that is killed, or gives up, is part of what is tried.
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()
                return
            self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: the client has gone."""

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy = FaultyProxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.over.set()
            server.shutdown()
            thread.join()


def _ask(
    host: str, port: int, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request(method, path, body, dict(headers))
        found = connection.getresponse()
        told = tuple((k, v) for k, v in found.getheaders() if k.lower() not in KEPT)
        if method == "HEAD":
            told += (("Content-Length", found.getheader("Content-Length") or "0"),)
        return Answer(found.status, told, found.read())
    finally:
        connection.close()


def _send(handler: BaseHTTPRequestHandler, broken: Broken) -> None:
    answer = broken.answer
    if answer is None:
        _reset(handler)
        return
    handler.send_response(answer.status)
    for name, value in answer.headers:
        handler.send_header(name, value)
    if handler.command != "HEAD":
        handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
    handler.wfile.write(answer.body[: broken.sent])
    handler.wfile.flush()
    if broken.hold is not None:
        broken.hold.wait()
    if broken.sent is not None:
        _reset(handler)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection as a machine does that has no such connection."""
    handler.close_connection = True
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()

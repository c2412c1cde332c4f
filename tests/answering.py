"""Servers that answer as a test says, on the loopback device: one of the web, and an S3."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store import Store

Answer = Callable[[BaseHTTPRequestHandler, int], None]


@contextmanager
def web_server(
    answer: Answer, told: Callable[[BaseHTTPRequestHandler], str]
) -> Iterator[tuple[str, list[str]]]:
    """Serve every request by a function of (handler, number of the request from 0).

    Shapes: yields the server's URL, and what is told of each request so far.
    """
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append(told(self))
            answer(self, len(seen) - 1)

        do_GET = do_PUT = do_HEAD = do_POST = handle_any  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}", seen
        finally:
            http.shutdown()
            thread.join()


@contextmanager
def s3_server(answer: Answer, retry_seconds: float = 3) -> Iterator[tuple[Store, list[str]]]:
    """Serve an S3 so; yields a store that asks it, and method and path of each request so far."""
    with web_server(answer, lambda handler: f"{handler.command} {handler.path}") as (url, seen):
        yield Store(s3=S3Options(endpoint_url=url, retry_seconds=retry_seconds)), seen


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    """Answer a request; headers have _ for -."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def reply_as_s3(
    handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str
) -> None:
    """Answer a request with what S3 says of every object, too."""
    dated = {"Last_Modified": "Fri, 20 Nov 2026 00:00:00 GMT", "ETag": '"e"'}
    reply(handler, status, body, **dated, **headers)

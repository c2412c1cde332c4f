"""An S3 that answers as a test says, on the loopback device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store import Store

Answer = Callable[[BaseHTTPRequestHandler, int], None]


@contextmanager
def server(answer: Answer, retry_seconds: float = 3) -> Iterator[tuple[Store, list[str]]]:
    """Serve every request by a function of (handler, number of the request from 0)."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append(f"{self.command} {self.path}")
            answer(self, len(seen) - 1)

        do_GET = do_PUT = do_HEAD = do_POST = handle_any  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{http.server_address[1]}"
        try:
            yield Store(s3=S3Options(endpoint_url=url, retry_seconds=retry_seconds)), seen
        finally:
            http.shutdown()
            thread.join()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Last-Modified", "Fri, 20 Nov 2026 00:00:00 GMT")
    handler.send_header("ETag", '"e"')
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)

"""An HTTP server on a loopback port that takes what a webhook would."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class WebhookDesk:
    """What came in, and what is answered."""

    url: str = ""
    code: int = 200
    location: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    silent: bool = False
    """Whether no answer is given until the desk is closed."""
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def texts(self) -> list[str]:
        return [one["text"] for one in self.got]


@contextmanager
def webhook_desk(**settings: Any) -> Iterator[WebhookDesk]:
    """Serve until the block ends."""
    desk = WebhookDesk(**settings)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            desk.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if desk.silent:
                desk.closed.wait()
                return
            self.send_response(desk.code)
            if desk.location:
                self.send_header("Location", desk.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        desk.url = f"http://127.0.0.1:{server.server_port}/services/T0PSECRET"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield desk
        finally:
            desk.closed.set()
            server.shutdown()
            thread.join()

"""The process in which moto serves: `python -m pegbatch.emulator.moto_server SOCKET URL`.

SOCKET is the number of an open, listening socket, URL the address of the embedded AWS. It ends
when its standard input is closed.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import threading
from typing import Any
from xml.sax.saxutils import escape

import moto.backends
from flask import Response, request
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server


def main(descriptor: int, url: str) -> None:
    """Serve until the end."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _allow_many_files()
    _remember_modules()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def create(service: Any) -> Any:
        if service == "cloudformation":
            # Late on purpose: with all that a stack can hold it takes a second to import.
            from pegbatch.emulator import batch_stacks

            batch_stacks.install(url)
        backend = create_backend_app(service)
        backend.register_error_handler(NotImplementedError, _not_implemented)
        return backend

    app: Any = DomainDispatcherApplication(create)
    _server(app, descriptor).serve_forever()


def _server(app: Any, descriptor: int) -> BaseWSGIServer:
    return make_server(
        "unix://", 0, app, threaded=True, request_handler=MotoRequestHandler, fd=descriptor
    )


def _not_implemented(error: NotImplementedError) -> Response:
    """Answer a call that moto does not know so that clients can read it."""
    text = str(error) or "moto does not do this"
    if "X-Amz-Target" in request.headers:
        body = json.dumps({"__type": "NotImplemented", "message": text})
        return Response(body, 501, content_type="application/x-amz-json-1.1")
    inner = f"<Code>NotImplemented</Code><Message>{escape(text)}</Message>"
    body = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    return Response(body, 501, content_type="application/xml")


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def _allow_many_files() -> None:
    """Large objects are unlinked temporary files, open as long as they exist."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _remember_modules() -> None:
    """Keep what moto looks up, with 200 looks at the disk, at every request: half of its time."""
    modules = frozenset(moto.backends.list_of_moto_modules())
    moto.backends.list_of_moto_modules = lambda: modules


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

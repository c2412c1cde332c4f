"""An S3 server (moto's) in a process of its own, on a loopback port."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

PROGRAM = """
import sys
import moto.backends
# Asked for at every request, and dear: two thirds of moto's time.
modules = frozenset(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: modules
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
}


@contextmanager
def s3_server() -> Iterator[str]:
    """Run the server and yield its URL; it ends with the block."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PEGBATCH_"))}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**clean, **CREDENTIALS},
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait(timeout=20)


@contextmanager
def s3_bucket(name: str) -> Iterator[str]:
    """Run a server with a bucket and yield the server's URL."""
    with s3_server() as endpoint:
        make_bucket(endpoint, name)
        yield endpoint


def make_bucket(endpoint: str, name: str) -> None:
    """Make a bucket on a server, with whatever credentials."""
    with urlopen(Request(f"{endpoint}/{name}", method="PUT")) as answer:
        assert answer.status == 200

"""An S3 server (moto's) in a process of its own, on a loopback port."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    import pytest

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

BUCKET = "wire-bucket"
"""Where tests that need only one bucket keep what they put."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
}


def use_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, and what it starts, reach a server with these credentials."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


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


def make_bucket(endpoint: str, name: str) -> None:
    """Make a bucket on a server, with whatever credentials."""
    with urlopen(Request(f"{endpoint}/{name}", method="PUT")) as answer:
        assert answer.status == 200

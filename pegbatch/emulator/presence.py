"""emulator.json: where the embedded AWS of a folder answers."""

from __future__ import annotations

import http.client
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pegbatch.adapters.private_files import replace_private

FILE = "emulator.json"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running embedded AWS."""

    url: str
    """Serves AWS Batch and CloudWatch Logs."""
    pid: int
    folder: Path
    """`<dir>/local-aws`."""
    region: str = ""
    """Of its ARNs; empty where it was not asked."""

    @property
    def s3_directory(self) -> Path:
        """Return the folder whose folders are the buckets."""
        return self.folder / "s3"


def publish(endpoint: Endpoint) -> None:
    """Write emulator.json, whole or not at all."""
    body = {"address": endpoint.url, "pid": endpoint.pid}
    replace_private(endpoint.folder / FILE, json.dumps(body).encode() + b"\n")


def forget(endpoint: Endpoint) -> None:
    """Delete emulator.json; that of another one, which has come after it, stays."""
    found = read(endpoint.folder)
    if found is not None and found.pid == endpoint.pid:
        (endpoint.folder / FILE).unlink(missing_ok=True)


def read(folder: Path) -> Endpoint | None:
    """Return what emulator.json says, whether or not anybody answers there."""
    try:
        body = json.loads((folder / FILE).read_text())
        return Endpoint(url=str(body["address"]), pid=int(body["pid"]), folder=folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ask(endpoint: Endpoint, method: str, call: str, body: Any = None) -> Any | None:
    """Make one call of the control interface; None where nobody (or somebody else) answers."""
    parts = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS
    )
    try:
        connection.request(method, f"/pegbatch/{call}", json.dumps(body or {}), {"X-Pegbatch": "1"})
        answer = connection.getresponse()
        found = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if answer.status != 200:
        return None
    return found


def living(folder: Path) -> Endpoint | None:
    """Return the embedded AWS of a folder if it answers."""
    endpoint = read(folder)
    if endpoint is None:
        return None
    status = ask(endpoint, "GET", "status")
    if not isinstance(status, dict) or status.get("folder") != os.fspath(folder.resolve()):
        return None
    return replace(endpoint, region=str(status.get("region", "")))

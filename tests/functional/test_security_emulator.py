"""The embedded AWS runs programs for whoever may call it: only this user, and no web page."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pegbatch.emulator.http_server import MAX_CONNECTIONS, Connection, Request, Response
from tests.functional.emulator_bench import Served, served, settings

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20300101/us-east-1/batch/aws4_request"}
LISTENING = "0A"
NOBODY = 65534
KNOCK = """
import os, socket, sys
family, host, port, user = sys.argv[1:]
if user: os.setuid(int(user))
own = socket.socket(socket.AF_INET if family == "4" else socket.AF_INET6)
try:
    own.connect((host, int(port)))
    head = b"GET /pegbatch/status HTTP/1.1\\r\\nHost: localhost:1\\r\\n"
    own.sendall(head + b"X-Pegbatch: 1\\r\\n\\r\\n")
    print(own.recv(12).decode() or "hung up")
except ConnectionError:
    print("hung up")
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an embedded AWS."""
    with served(settings(tmp_path_factory.mktemp("security") / "local-aws")) as bench:
        yield bench


def port_of(aws: Served) -> int:
    return urlsplit(aws.endpoint.url).port or 0


def call(aws: Served, method: str, path: str, headers: dict[str, str], body: str = "") -> int:
    """Make one call and return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(aws), timeout=60)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def raw(aws: Served, text: bytes) -> bytes:
    """Send bytes and return all that comes until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", port_of(aws)), timeout=60) as connection:
        connection.sendall(text)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_it_listens_on_the_loopback_address_and_nowhere_else(aws: Served) -> None:
    addresses = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for fields in map(str.split, lines):
            address, _, port = fields[1].partition(":")
            if fields[3] == LISTENING and int(port, 16) == port_of(aws):
                addresses.add(address)
    assert addresses == {"0100007F"}


def knock(aws: Served, family: str, host: str, user: str) -> str:
    """Call as a user; return the start of the answer."""
    ended = subprocess.run(
        [sys.executable, "-c", KNOCK, family, host, str(port_of(aws)), user],
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


@pytest.mark.parametrize(("family", "host"), [("4", "127.0.0.1"), ("6", "::ffff:127.0.0.1")])
def test_another_user_of_the_machine_is_hung_up_on(aws: Served, family: str, host: str) -> None:
    # Only root can try it as somebody else; whoever is not shows that one's own calls pass.
    other = str(NOBODY) if os.getuid() == 0 else ""
    assert knock(aws, family, host, other) == ("hung up" if other else "HTTP/1.1 200")


@pytest.mark.parametrize(("family", "host"), [("4", "127.0.0.1"), ("6", "::ffff:127.0.0.1")])
def test_ones_own_calls_pass_also_through_ipv6(aws: Served, family: str, host: str) -> None:
    assert knock(aws, family, host, "") == "HTTP/1.1 200"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v1/describejobqueues", {}, 403),
        ("POST", "/v1/describejobqueues", {"Authorization": "Basic eDp4"}, 403),
        ("POST", "/v1/submitjob", {"Origin": "http://evil.example"}, 403),
        ("OPTIONS", "/v1/submitjob", {"Origin": "http://evil.example"}, 403),
        ("POST", "/v1/describejobqueues", {**SIGNED, "Host": "evil.example:1"}, 403),
        ("POST", "/v1/describejobqueues", {**SIGNED, "Host": "127.0.0.1.evil.example:1"}, 403),
        ("GET", "/pegbatch/status", {}, 400),
        ("POST", "/pegbatch/stop", {"Origin": "http://evil.example"}, 400),
        ("POST", "/pegbatch/stop", {"X-Pegbatch": "1", "Host": "evil.example"}, 400),
    ],
)
def test_unsigned_calls_web_pages_and_rebound_names_are_refused(
    aws: Served, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert call(aws, method, path, headers, "{}" if method == "POST" else "") == status
    assert call(aws, "GET", "/pegbatch/status", {"X-Pegbatch": "1"}) == 200


@pytest.mark.parametrize("body", ["[]", "1", "null", "[" * 5000, '{"job": {}, "seconds": []}'])
def test_odd_bodies_of_control_calls_are_refused(aws: Served, body: str) -> None:
    for name in ("faults", "strike", "late"):
        assert call(aws, "POST", f"/pegbatch/{name}", {"X-Pegbatch": "1"}, body) == 400


HOST = b"Host: localhost:1\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: localhost:1\nX-Pegbatch: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rX-Pegbatch: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b" folded: header\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n",
        b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"X" * 100_000,
    ],
)
def test_heads_that_two_servers_could_read_differently_are_refused(
    aws: Served, head: bytes
) -> None:
    assert raw(aws, head).startswith(b"HTTP/1.1 400 ")


def test_half_requests_do_not_keep_others_out(aws: Served) -> None:
    slow = []
    try:
        for _ in range(MAX_CONNECTIONS + 20):
            connection = socket.create_connection(("127.0.0.1", port_of(aws)), timeout=60)
            connection.sendall(b"POST /v1/submitjob HTTP/1.1\r\nHost: ")
            slow.append(connection)
        assert call(aws, "GET", "/pegbatch/status", {"X-Pegbatch": "1"}) == 200
        assert slow[0].recv(1) == b"", "the one that was silent longest is hung up on"
    finally:
        for connection in slow:
            connection.close()


def test_the_rest_of_a_request_is_not_waited_for_without_end() -> None:
    ready = threading.Event()
    answers: list[bytes] = []

    def answer(request: Request) -> Response:
        raise AssertionError("no request is whole")

    async def serve_once() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(answer, set(), patience_seconds=0.01), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\n")
        answers.append(await reader.read())
        writer.close()
        await writer.wait_closed()
        server.close()
        ready.set()

    asyncio.run(serve_once())
    assert ready.is_set()
    assert answers[0].startswith(b"HTTP/1.1 408 ")

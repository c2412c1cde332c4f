"""HTTP as spoken by the embedded AWS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from pegbatch.emulator.http_server import Connection, Request, Response


def exchange(sent: list[bytes], handler: Callable[[Request], Response | None]) -> bytes:
    """Send pieces over a real connection, and return all that comes back until it is closed."""

    async def talk() -> bytes:
        connections: set[Connection] = set()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(handler, connections), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in sent:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        try:
            answer = await reader.read()
        except ConnectionResetError:
            answer = b""
        writer.close()
        server.close()
        await server.wait_closed()
        return answer

    return asyncio.run(talk())


def echo(request: Request) -> Response:
    return Response(200, f"{request.method} {request.path} ".encode() + request.body)


def test_several_requests_go_over_one_connection_in_order() -> None:
    first = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\none"
    last = b"GET /b?x=1 HTTP/1.1\r\nConnection: close\r\n\r\n"
    answer = exchange([first + last], echo)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"POST /a one") < answer.index(b"GET /b ")


def test_a_request_may_arrive_in_pieces() -> None:
    text = b"POST /a HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
    pieces = [text[n : n + 7] for n in range(0, len(text), 7)]
    assert exchange(pieces, echo).endswith(b"POST /a hello")


def test_a_client_that_waits_to_be_asked_is_asked() -> None:
    lines = [
        b"POST /a HTTP/1.1",
        b"Expect: 100-continue",
        b"Connection: close",
        b"Content-Length: 2",
    ]
    answer = exchange([b"\r\n".join(lines) + b"\r\n\r\n", b"ok"], echo)
    assert answer.endswith(b"POST /a ok")


def test_no_answer_means_a_dropped_connection() -> None:
    assert exchange([b"GET / HTTP/1.1\r\n\r\n"], lambda request: None) == b""


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_not_http_is_answered_400_and_hung_up_on(text: bytes) -> None:
    assert exchange([text], echo).startswith(b"HTTP/1.1 400 Bad Request")

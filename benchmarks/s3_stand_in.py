"""A quick S3 server for measuring: `python -m benchmarks.s3_stand_in`, which prints its port.

moto's server takes milliseconds a request and would hide what is measured. This one keeps objects
in memory, checks no signature, and knows the requests that a worker makes: PUT (whole, in parts),
GET (whole, a range, a listing), HEAD and DELETE.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_REGION": "us-east-1",
}
"""What a client of it has in its environment."""


@dataclass
class Object:
    """The parts of an object, and its user metadata."""

    parts: list[bytes]
    metadata: dict[str, str]

    @property
    def size(self) -> int:
        """Return how many bytes it has."""
        return sum(map(len, self.parts))


@dataclass
class Bucket:
    """Everything that was put, and the uploads that are not complete."""

    objects: dict[str, Object] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)


@dataclass
class Answer:
    """One answer; the body in pieces, so that a large object is not copied."""

    status: str
    headers: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)


def answer(
    bucket: Bucket, method: str, target: str, headers: dict[str, str], body: bytes
) -> Answer:
    """Do what a request says."""
    parts = urlsplit(target)
    key, words = unquote(parts.path), parse_qs(parts.query, keep_blank_values=True)
    if method == "GET" and "list-type" in words:
        return _listed(bucket, key, words.get("prefix", [""])[0])
    if method == "POST" and "delete" not in words:
        return _upload(bucket, key, words)
    if method == "PUT":
        return _put(bucket, key, words, headers, body)
    if method == "DELETE":
        bucket.objects.pop(key, None)
        return Answer("204 No Content")
    found = bucket.objects.get(key)
    if found is None:
        return Answer("404 Not Found", {}, [b"<Error><Code>NoSuchKey</Code></Error>"])
    return _got(found, method, headers.get("range", ""))


def _put(
    bucket: Bucket, key: str, words: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> Answer:
    if "uploadId" in words:
        bucket.uploads[words["uploadId"][0]][int(words["partNumber"][0])] = body
    else:
        metadata = {name: text for name, text in headers.items() if name.startswith("x-amz-meta-")}
        bucket.objects[key] = Object([body], metadata)
    return Answer("200 OK", {"ETag": '"0"'})


def _upload(bucket: Bucket, key: str, words: dict[str, list[str]]) -> Answer:
    if "uploads" in words:
        number = str(len(bucket.uploads))
        bucket.uploads[number] = {}
        text = f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId>"
        return Answer("200 OK", {}, [f"{text}</InitiateMultipartUploadResult>".encode()])
    sent = bucket.uploads[words["uploadId"][0]]
    bucket.objects[key] = Object([sent[number] for number in sorted(sent)], {})
    sent.clear()
    text = "<CompleteMultipartUploadResult><ETag>0-1</ETag></CompleteMultipartUploadResult>"
    return Answer("200 OK", {}, [text.encode()])


def _got(found: Object, method: str, span: str) -> Answer:
    headers = {"ETag": '"0"', "Last-Modified": DATE, **found.metadata}
    if method == "HEAD":
        return Answer("200 OK", {**headers, "Content-Length": str(found.size)})
    if not span:
        return Answer("200 OK", headers, found.parts)
    data = b"".join(found.parts)
    first, _, last = span.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data)), len(data) - 1)
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Answer("206 Partial Content", headers, [data[start : end + 1]])


def _listed(bucket: Bucket, root: str, prefix: str) -> Answer:
    name = root.rstrip("/")
    keys = sorted(key for key in bucket.objects if key.startswith(f"{name}/{prefix}"))
    rows = "".join(
        f"<Contents><Key>{escape(key[len(name) + 1 :])}</Key><Size>{bucket.objects[key].size}"
        "</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for key in keys
    )
    text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
    return Answer("200 OK", {}, [text.encode()])


class Connection(asyncio.Protocol):
    """One connection, one request after another."""

    def __init__(self, bucket: Bucket) -> None:
        """Take what all connections share."""
        self._bucket = bucket
        self._head = b""
        self._wanted = 0
        self._body: list[bytes] = []
        self._request: tuple[str, str, dict[str, str]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what has come, and answer what is whole."""
        while data:
            data = self._take(data)

    def _take(self, data: bytes) -> bytes:
        if self._request is None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return b""
            self._head = b""
            self._begin(head.decode())
        self._body.append(data[: self._wanted])
        self._wanted, rest = self._wanted - len(self._body[-1]), data[self._wanted :]
        if not self._wanted:
            self._end()
        return rest

    def _begin(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): text.strip() for name, _, text in pairs}
        self._request = method, target, headers
        self._wanted = int(headers.get("content-length", "0"))

    def _end(self) -> None:
        assert self._request is not None
        found = answer(self._bucket, *self._request, b"".join(self._body))
        self._request, self._body = None, []
        length = sum(map(len, found.body))
        headers = {"Content-Length": str(length), **found.headers}
        lines = [f"HTTP/1.1 {found.status}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        self._transport.writelines(["\r\n".join(lines).encode(), *found.body])


async def serve() -> None:
    """Serve until standard input ends."""
    bucket, loop = Bucket(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(bucket), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def s3_stand_in() -> Iterator[str]:
    """Run the server in a process of its own and yield its URL; it ends with the block."""
    words = [sys.executable, "-m", "benchmarks.s3_stand_in"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait()


if __name__ == "__main__":
    asyncio.run(serve())

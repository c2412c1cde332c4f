"""Large objects over the wire: what signatures cover, and how many are on their way at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from pegbatch.adapters.s3_parts import SINGLE_PUT_BYTES, UPLOADS_AT_ONCE
from pegbatch.adapters.store import Store
from pegbatch.errors import AccessDenied
from tests.answering import reply_as_s3, s3_server

DATA = bytes(SINGLE_PUT_BYTES + 1)
UNSIGNED = "UNSIGNED-PAYLOAD"
BEGUN = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
COMPLETE = b"<CompleteMultipartUploadResult><ETag>e-1</ETag></CompleteMultipartUploadResult>"


class Account:
    """What a bucket is asked, and what it refuses."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[tuple[str, bool]] = []
        self.on_their_way: set[str] = set()
        self.most = 0
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, is_signed: bool) -> tuple[int, bytes]:
        key, _, words = target.partition("?")
        with self._lock:
            self.asked.append((method, is_signed))
            if ("signed" if is_signed else "unsigned") in self.refused:
                return 403, b""
            if method == "POST" and words.startswith("uploads"):
                self.on_their_way.add(key)
                self.most = max(self.most, len(self.on_their_way))
                return 200, BEGUN
            if method == "POST":
                self.on_their_way.discard(key)
                return 200, COMPLETE
        return 200, b""


@contextmanager
def served(account: Account) -> Iterator[Store]:
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        is_signed = handler.headers["x-amz-content-sha256"] != UNSIGNED
        reply_as_s3(handler, *account.answer(handler.command, handler.path, is_signed))

    with s3_server(answer, retry_seconds=5) as (store, _):
        yield store


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    path = tmp_path / "large"
    path.write_bytes(DATA)
    return path


def test_the_signature_leaves_out_what_nobody_on_the_way_can_change(large: Path) -> None:
    account = Account()
    with served(account) as store:
        assert store.upload(large, "s3://bucket/key").size_bytes == len(DATA)
    # The checksum that lies beside it is small, and signed.
    assert [is_signed for _, is_signed in account.asked] == [False] * 4 + [True]


def test_a_bucket_that_wants_bodies_signed_gets_them_signed(large: Path) -> None:
    account = Account("unsigned")
    with served(account) as store:
        for key in "ab":
            assert store.upload(large, f"s3://bucket/{key}").size_bytes == len(DATA)
    refused = [one for one in account.asked if not one[1]]
    assert refused == [("POST", False)]


def test_bytes_in_memory_are_put_again_like_files(large: Path) -> None:
    account = Account("unsigned")
    with served(account) as store:
        store.write("s3://bucket/key", large.read_bytes())
    assert account.asked[0] == ("POST", False)
    assert {is_signed for _, is_signed in account.asked[1:]} == {True}


def test_a_bucket_that_refuses_either_way_says_so_once(large: Path) -> None:
    account = Account("signed", "unsigned")
    with served(account) as store, pytest.raises(AccessDenied, match="s3://bucket/key"):
        store.upload(large, "s3://bucket/key")
    assert account.asked == [("POST", False), ("POST", True)]


def test_memory_holds_the_parts_of_few_objects_at_a_time(large: Path) -> None:
    account = Account()
    with served(account) as store, ThreadPoolExecutor(8) as pool:
        urls = [f"s3://bucket/{number}" for number in range(8)]
        found = list(pool.map(lambda url: store.upload(large, url), urls))
    assert [one.url for one in found] == urls
    assert 1 <= account.most <= UPLOADS_AT_ONCE

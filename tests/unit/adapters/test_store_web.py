"""Fetching from the web: what is tried again, what is final, and that a whole file comes."""

from __future__ import annotations

import hashlib
from functools import partial
from http.server import BaseHTTPRequestHandler
from operator import attrgetter
from pathlib import Path

import pytest

from pegbatch.adapters import store_backend
from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store import Store
from pegbatch.errors import AccessDenied, ObjectMissing, StoreError, StoreUnreachable
from tests.answering import reply, web_server

DATA = bytes(range(256)) * 9000
server = partial(web_server, told=attrgetter("path"))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_backend, "FIRST_PAUSE_SECONDS", 0.01)


def store(retry_seconds: float = 2) -> Store:
    return Store(s3=S3Options(retry_seconds=retry_seconds))


def test_a_file_is_streamed_whole_and_its_checksum_is_told(tmp_path: Path) -> None:
    with server(lambda handler, _: reply(handler, 200, DATA)) as (url, seen):
        info = store().download(f"{url}/a%20b/c d?x=1&y=é", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    assert (info.size_bytes, info.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert seen == ["/a%20b/c%20d?x=1&y=%C3%A9"]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_server_in_trouble_is_asked_again(tmp_path: Path, status: int) -> None:
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        reply(handler, status if number < 2 else 200, b"x")

    with server(answer) as (url, seen):
        store(5).download(f"{url}/f", tmp_path / "f")
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, ObjectMissing), (410, ObjectMissing), (403, AccessDenied), (401, AccessDenied),
     (400, StoreError)],
)  # fmt: skip
def test_a_clear_no_is_final(tmp_path: Path, status: int, kind: type[Exception]) -> None:
    with (
        server(lambda handler, _: reply(handler, status)) as (url, seen),
        pytest.raises(kind, match=str(status)),
    ):
        store(5).download(f"{url}/f", tmp_path / "f")
    assert len(seen) == 1
    assert not (tmp_path / "f").exists()


def test_a_server_that_stays_in_trouble_is_unreachable(tmp_path: Path) -> None:
    with (
        server(lambda handler, _: reply(handler, 502)) as (url, seen),
        pytest.raises(StoreUnreachable, match="502"),
    ):
        store().download(f"{url}/f", tmp_path / "f")
    assert len(seen) > 1


def test_a_host_that_does_not_answer_is_unreachable(tmp_path: Path) -> None:
    with server(lambda handler, _: None) as (url, _):
        pass
    with pytest.raises(StoreUnreachable, match="does not answer"):
        store().download(f"{url}/f", tmp_path / "f")


def test_a_transfer_that_breaks_off_is_begun_again(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number:
            reply(handler, 200, DATA)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.end_headers()
        handler.wfile.write(DATA[:1000])

    with server(answer) as (url, seen):
        store().download(f"{url}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    assert len(seen) == 2


def test_a_transfer_that_always_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.wfile.write(b"short")

    with server(answer) as (url, _), pytest.raises(StoreError, match="after 5 of 10 bytes"):
        store().download(f"{url}/f", tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_redirects_are_followed_but_not_for_ever(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if handler.path.startswith("/there") and number == 1:
            reply(handler, 200, b"x")
        else:
            reply(handler, 302, Location=f"/there{number}")

    with server(answer) as (url, seen):
        store().download(f"{url}/f", tmp_path / "f")
        assert seen == ["/f", "/there0"]
        with pytest.raises(StoreError):
            store().download(f"{url}/round", tmp_path / "g")
    assert len(seen) < 20


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/f", "file:///etc/hostname"])
def test_a_redirect_off_the_web_is_refused(tmp_path: Path, target: str) -> None:
    with (
        server(lambda handler, _: reply(handler, 302, Location=target)) as (url, _),
        pytest.raises(StoreError),
    ):
        store(0).download(f"{url}/f", tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_a_file_of_the_web_can_be_copied_into_a_bucket(tmp_path: Path) -> None:
    here = Store(s3_directory=tmp_path / "s3")
    with server(lambda handler, _: reply(handler, 200, b"x")) as (url, _):
        here.copy(f"{url}/f", "s3://bucket/f")
    assert here.read("s3://bucket/f") == b"x"


def test_nothing_else_is_done_on_the_web() -> None:
    url = "http://127.0.0.1:9/f"
    for attempt in (
        lambda: store().read(url),
        lambda: store().head(url),
        lambda: store().write(url, b""),
        lambda: list(store().list(url)),
        lambda: store().delete([url]),
    ):
        with pytest.raises(StoreError, match="and nothing else"):
            attempt()


def test_a_url_that_is_none_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        store(0).download("http://[broken/f", tmp_path / "f")
    assert caught.value.problems[0].where == "http://[broken/f"

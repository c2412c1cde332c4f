"""Faults below the store: what is retried, what is not, and what the error says."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from pegbatch.adapters import drafts, s3_bucket
from pegbatch.adapters.store import Store, store_from_environment
from pegbatch.adapters.store_directory import DirectoryBackend
from pegbatch.errors import AccessDenied, StoreError, StoreUnreachable, UsageError
from tests.answering import reply_as_s3, s3_server

DATA = b"0123456789" * 1000


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_transient_fault_is_ridden_out(status: int) -> None:
    with s3_server(lambda h, n: reply_as_s3(h, status if n < 2 else 200, DATA)) as (store, seen):
        assert store.read("s3://bucket/key") == DATA
    assert len(seen) == 3


def test_a_fault_is_ridden_out_by_time_and_not_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_bucket, "LONGEST_BACKOFF_SECONDS", 0.1)
    slow_down = lambda h, n: reply_as_s3(h, 503 if n < 20 else 200)  # noqa: E731
    with s3_server(slow_down, retry_seconds=120) as (store, seen):
        store.write("s3://bucket/key", DATA)
    assert len(seen) == 21


def test_a_fault_that_lasts_is_an_unreachable_store() -> None:
    with (
        s3_server(lambda h, n: reply_as_s3(h, 503, b"<Code>SlowDown</Code>")) as (store, seen),
        pytest.raises(StoreUnreachable, match=r"s3://bucket/key: .*503"),
    ):
        store.read("s3://bucket/key")
    assert len(seen) > 2


@pytest.mark.parametrize(("status", "error"), [(400, StoreError), (503, StoreUnreachable)])
def test_a_fault_is_no_end_of_an_object_whatever_numbers_stand_in_its_key(
    status: int, error: type[Exception]
) -> None:
    with (
        s3_server(lambda h, n: reply_as_s3(h, status, b"<Code>416</Code>"), 1) as (store, _),
        pytest.raises(error, match="key416"),
    ):
        store.read("s3://bucket/key416")


def test_a_range_beyond_the_end_of_an_object_is_empty() -> None:
    with s3_server(lambda h, n: reply_as_s3(h, 416)) as (store, _):
        assert store.read("s3://bucket/key", start=9, length=3) == b""


@pytest.mark.parametrize(("status", "error"), [(403, AccessDenied), (400, StoreError)])
def test_a_refusal_is_not_repeated(status: int, error: type[Exception]) -> None:
    with (
        s3_server(lambda h, n: reply_as_s3(h, status)) as (store, seen),
        pytest.raises(error, match="s3://bucket/key"),
    ):
        store.read("s3://bucket/key")
    assert len(seen) == 1


def test_a_bucket_that_is_not_there_is_told_from_a_missing_object() -> None:
    body = b"<Error><Code>NoSuchBucket</Code></Error>"
    with (
        s3_server(lambda h, n: reply_as_s3(h, 404, body)) as (store, _),
        pytest.raises(StoreError, match="there is no bucket bucket"),
    ):
        store.read("s3://bucket/key")


def test_a_wrong_region_is_explained() -> None:
    with (
        s3_server(lambda h, n: reply_as_s3(h, 301)) as (store, _),
        pytest.raises(StoreError, match="AWS_REGION"),
    ):
        store.read("s3://bucket/key")


def test_a_body_that_breaks_off_is_fetched_again(tmp_path: Path) -> None:
    def cut_first(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 0:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(DATA)))
            handler.send_header("Last-Modified", "Fri, 20 Nov 2026 00:00:00 GMT")
            handler.end_headers()
            handler.wfile.write(DATA[:100])
            handler.close_connection = True
        elif "Range" in handler.headers:
            start = int(handler.headers["Range"].removeprefix("bytes=").split("-")[0])
            span = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
            reply_as_s3(handler, 206, DATA[start:], Content_Range=span)
        else:
            reply_as_s3(handler, 200, DATA)

    with s3_server(cut_first) as (store, seen):
        info = store.download("s3://bucket/key", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert info.sha256 == hashlib.sha256(DATA).hexdigest()
    assert len(seen) > 1


def test_damaged_bytes_are_fetched_again(tmp_path: Path) -> None:
    right = hashlib.sha256(DATA).hexdigest()

    def damaged_first(handler: BaseHTTPRequestHandler, number: int) -> None:
        body = DATA if number else DATA[:-1] + b"x"
        reply_as_s3(handler, 200, body, x_amz_meta_sha256=right)

    with s3_server(damaged_first) as (store, seen):
        assert store.download("s3://bucket/key", tmp_path / "out").sha256 == right
    assert len(seen) == 2


def test_a_full_disk_is_named_as_such_on_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(DATA)
    store = Store()
    store.upload(source, f"file://{tmp_path}/store/there")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match=r"file:///.*/store/new: the disk is full"):
        store.upload(source, f"file://{tmp_path}/store/new")
    with pytest.raises(StoreError, match=r"/local: the disk is full"):
        store.download(f"file://{tmp_path}/store/there", tmp_path / "local")
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["source", "store", "there"]


def test_a_folder_that_may_not_be_written_is_access_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*arguments: object, **more: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(AccessDenied, match="Permission denied"):
        Store().write(f"file://{tmp_path}/x", b"1")


def test_where_there_are_no_extended_attributes_the_checksum_lies_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*arguments: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", unsupported)
    store = Store()
    url = f"file://{tmp_path}/store/f"
    store.write(url, DATA)
    assert (tmp_path / "store" / "f.sha256").read_text() == hashlib.sha256(DATA).hexdigest()
    assert store.head(url).sha256 == hashlib.sha256(DATA).hexdigest()
    assert [info.url for info in store.list(f"file://{tmp_path}/store")] == [url]
    store.copy(url, f"file://{tmp_path}/copy/f")
    store.download(f"file://{tmp_path}/copy/f", tmp_path / "out", require_checksum=True)
    store.delete([url])
    assert list((tmp_path / "store").iterdir()) == []


def test_a_checksum_is_an_extended_attribute_where_there_are_any(tmp_path: Path) -> None:
    Store().write(f"file://{tmp_path}/f", DATA)
    try:
        attribute = os.getxattr(tmp_path / "f", "user.sha256")
    except OSError:
        attribute = (tmp_path / "f.sha256").read_bytes()
    assert attribute.decode() == hashlib.sha256(DATA).hexdigest()


def test_left_overs_of_a_killed_writer_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "f#1").write_bytes(b"half")
    (tmp_path / "#123").write_bytes(b"half")
    (tmp_path / "g#x").write_bytes(b"whole")
    (tmp_path / "loop").symlink_to(tmp_path)
    urls = [info.url for info in Store().list(f"file://{tmp_path}")]
    assert urls == [f"file://{tmp_path}/g#x"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a//b", "./x", "a\0b", ""])
def test_keys_that_could_leave_their_bucket_are_refused(tmp_path: Path, key: str) -> None:
    store = Store(s3_directory=tmp_path / "buckets")
    with pytest.raises(StoreError):
        store.write(f"s3://bucket/{key}", b"1")
    with pytest.raises(StoreError):
        store.write("s3://../x", b"1")
    assert list(tmp_path.rglob("x")) == []


def test_the_environment_says_where_s3_is(tmp_path: Path) -> None:
    store = store_from_environment({"PEGBATCH_S3_DIRECTORY": str(tmp_path)})
    store.write("s3://bucket/a/b", b"1")
    assert (tmp_path / "bucket" / "a" / "b").read_bytes() == b"1"
    with pytest.raises(UsageError, match="PEGBATCH_STORE_RETRY_SECONDS"):
        store_from_environment({"PEGBATCH_STORE_RETRY_SECONDS": "long"})


def test_an_object_put_by_two_at_once_is_that_of_one_of_them(tmp_path: Path) -> None:
    store = Store()
    url = f"file://{tmp_path}/f"
    contents = [bytes([n]) * 50_000 for n in range(8)]
    threads = [threading.Thread(target=store.write, args=(url, data)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read(url) in contents
    assert store.head(url).sha256 == hashlib.sha256(store.read(url)).hexdigest()


@pytest.fixture
def old_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no files without a name."""
    real = os.open

    def refuse(path: object, flags: int, *more: object, **named: object) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return real(path, flags, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)


@pytest.mark.usefixtures("old_file_system")
@pytest.mark.parametrize("hard_links", [True, False])
def test_without_unnamed_files_or_hard_links_a_conditional_put_still_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not hard_links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    source = tmp_path / "source"
    url = f"file://{tmp_path}/store/f"
    for text in (b"first", b"second"):
        source.write_bytes(text)
        Store().upload(source, url, if_absent=True)
    assert Store().read(url) == b"first"
    Store().upload(source, url)
    assert Store().read(url) == b"second"
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["f"]


def test_without_proc_objects_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "OWN_FILES", tmp_path / "without_proc")
    for text in (b"first", b"second"):
        Store().write(f"file://{tmp_path}/store/f", text)
    assert Store().read(f"file://{tmp_path}/store/f") == b"second"
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["f"]


def test_what_is_being_written_has_no_name(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            for text in (b"1", b"2"):
                seen.append(sorted(path.name for path in tmp_path.iterdir()))
                yield text

    backend = DirectoryBackend(tmp_path, "file:///")
    for _ in range(2):
        backend.put("f", Chunks(), 2, create=False)
    assert seen == [[], [], ["f"], ["f"]]
    assert (tmp_path / "f").read_bytes() == b"12"

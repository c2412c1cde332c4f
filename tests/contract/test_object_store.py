"""What every ObjectStore does: the fake, directories in both guises, and S3 over the wire."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store import Store
from pegbatch.errors import InputChanged, ObjectMissing, StoreError
from pegbatch.ports import ObjectStore
from tests.fakes_store import MemoryStore
from tests.wire_s3 import make_bucket, s3_server, use_credentials

BUCKET = "contract-bucket"
KINDS = ("fake", "directory bucket", "file", pytest.param("wire", id="wire"))
ODD_NAMES = (
    "a b", "a%20b", "p%q", "q?r", "h#x", "h#1x", "x+y", "ü/ä̈", "a:b", "[z]", "a\\b",
    "'q'", "d.d/.e", "*&=;",
)  # fmt: skip
LARGE = 20 * 1024 * 1024 + 17


@dataclass(frozen=True)
class Place:
    """A store, and a folder URL in it."""

    store: ObjectStore
    url: str
    kind: str
    root: Path
    """Where the folder lies on disk, if it does."""


@pytest.fixture(scope="session")
def wire() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    root = tmp_path / "store"
    url = f"s3://{BUCKET}/{hashlib.sha256(str(tmp_path).encode()).hexdigest()}"
    if request.param == "fake":
        return Place(MemoryStore(), url, "fake", root)
    if request.param == "file":
        return Place(Store(), f"file://{root}", "file", root)
    if request.param == "directory bucket":
        folder = root / url.removeprefix("s3://")
        return Place(Store(s3_directory=root), url, "directory bucket", folder)
    use_credentials(monkeypatch)
    endpoint = request.getfixturevalue("wire")
    make_bucket(endpoint, BUCKET)
    options = S3Options(endpoint_url=endpoint, retry_seconds=5)
    return Place(Store(s3=options), url, "wire", root)


def test_what_was_written_is_read_back_whole_and_in_ranges(place: Place) -> None:
    url = f"{place.url}/folder/thing"
    place.store.write(url, b"0123456789")
    assert place.store.read(url) == b"0123456789"
    assert place.store.read(url, start=3, length=4) == b"3456"
    assert place.store.read(url, start=8) == b"89"
    assert place.store.read(url, start=8, length=100) == b"89"
    assert place.store.read(url, start=100, length=5) == b""
    assert place.store.read(url, start=2, length=0) == b""


def test_a_write_replaces_what_was_there_and_its_checksum(place: Place) -> None:
    url = f"{place.url}/x"
    place.store.write(url, b"old")
    place.store.write(url, b"newer")
    assert place.store.read(url) == b"newer"
    assert place.store.head(url).sha256 == hashlib.sha256(b"newer").hexdigest()


def test_an_empty_object_is_an_object(place: Place, tmp_path: Path) -> None:
    url = f"{place.url}/failures/a/1.1.1.0"
    place.store.write(url, b"")
    assert place.store.read(url) == b""
    assert place.store.head(url).size_bytes == 0
    place.store.download(url, tmp_path / "out", require_checksum=True)
    assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_are_kept_as_they_are(place: Place, tmp_path: Path, name: str) -> None:
    (tmp_path / "local").write_bytes(name.encode())
    place.store.upload(tmp_path / "local", f"{place.url}/data/{name}")
    assert [info.url for info in place.store.list(f"{place.url}/data")] == [
        f"{place.url}/data/{name}"
    ]
    assert place.store.read(f"{place.url}/data/{name}") == name.encode()
    place.store.copy(f"{place.url}/data/{name}", f"{place.url}/copy/{name}")
    place.store.download(f"{place.url}/copy/{name}", tmp_path / "back", require_checksum=True)
    assert (tmp_path / "back").read_bytes() == name.encode()
    if place.kind in ("file", "directory bucket"):
        assert (place.root / "data" / name).read_bytes() == name.encode()


def test_percent_encoded_and_plain_names_are_two_objects(place: Place) -> None:
    place.store.write(f"{place.url}/a b", b"plain")
    place.store.write(f"{place.url}/a%20b", b"percent")
    assert place.store.read(f"{place.url}/a b") == b"plain"
    assert place.store.read(f"{place.url}/a%20b") == b"percent"


def test_a_missing_object_is_named_by_every_operation(place: Place, tmp_path: Path) -> None:
    url = f"{place.url}/not/there"
    operations = (
        lambda: place.store.read(url),
        lambda: place.store.read(url, start=1, length=2),
        lambda: place.store.head(url),
        lambda: place.store.download(url, tmp_path / "out"),
        lambda: place.store.copy(url, f"{place.url}/elsewhere"),
    )
    for operation in operations:
        with pytest.raises(ObjectMissing, match="not/there"):
            operation()
    assert not (tmp_path / "out").exists()


def test_a_folder_is_not_an_object(place: Place) -> None:
    place.store.write(f"{place.url}/d/e", b"1")
    with pytest.raises(ObjectMissing):
        place.store.head(f"{place.url}/d")


def test_upload_and_download_say_size_and_checksum(place: Place, tmp_path: Path) -> None:
    data = os.urandom(70_000)
    (tmp_path / "in").write_bytes(data)
    put = place.store.upload(tmp_path / "in", f"{place.url}/data/f")
    got = place.store.download(f"{place.url}/data/f", tmp_path / "out")
    seen = place.store.head(f"{place.url}/data/f")
    assert (tmp_path / "out").read_bytes() == data
    assert {put.sha256, got.sha256, seen.sha256} == {hashlib.sha256(data).hexdigest()}
    assert {put.size_bytes, got.size_bytes, seen.size_bytes} == {70_000}


def test_a_large_object_keeps_its_checksum_through_copies(place: Place, tmp_path: Path) -> None:
    data = os.urandom(LARGE)
    (tmp_path / "in").write_bytes(data)
    put = place.store.upload(tmp_path / "in", f"{place.url}/data/large")
    place.store.copy(f"{place.url}/data/large", f"{place.url}/out/large")
    assert [i.url for i in place.store.list(f"{place.url}/out")] == [f"{place.url}/out/large"]
    got = place.store.download(f"{place.url}/out/large", tmp_path / "back", require_checksum=True)
    assert put.sha256 == got.sha256 == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "back").read_bytes() == data
    place.store.delete([f"{place.url}/data/large", f"{place.url}/out/large"])
    assert list(place.store.list(place.url)) == []


def test_a_file_that_changes_while_it_is_put_has_the_checksum_of_what_was_put(
    place: Place, tmp_path: Path
) -> None:
    data, url, over = os.urandom(4 * LARGE), f"{place.url}/data/f", threading.Event()
    (tmp_path / "in").write_bytes(data)

    def change() -> None:
        with (tmp_path / "in").open("r+b") as file:
            while not over.is_set():
                file.seek(0)
                file.write(os.urandom(LARGE))
                file.seek(3 * LARGE)
                file.write(os.urandom(LARGE))

    thread = threading.Thread(target=change)
    thread.start()
    try:
        put = place.store.upload(tmp_path / "in", url)
    finally:
        over.set()
        thread.join()
    got = place.store.download(url, tmp_path / "out", require_checksum=True)
    assert put.sha256 == got.sha256
    assert hashlib.sha256((tmp_path / "out").read_bytes()).hexdigest() == put.sha256


def test_an_object_that_is_there_stays_with_if_absent(place: Place, tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"first")
    (tmp_path / "second").write_bytes(b"second!")
    place.store.upload(tmp_path / "first", f"{place.url}/inputs/k", if_absent=True)
    info = place.store.upload(tmp_path / "second", f"{place.url}/inputs/k", if_absent=True)
    assert place.store.read(f"{place.url}/inputs/k") == b"first"
    assert info.size_bytes == 5


def test_a_file_that_has_become_another_is_not_sent(place: Place, tmp_path: Path) -> None:
    url, planned = f"{place.url}/inputs/k", hashlib.sha256(b"as planned").hexdigest()
    (tmp_path / "in").write_bytes(b"changed")
    with pytest.raises(InputChanged):
        place.store.upload(tmp_path / "in", url, if_absent=True, only_sha256=planned)
    assert list(place.store.list(place.url)) == []
    (tmp_path / "in").write_bytes(b"as planned")
    info = place.store.upload(tmp_path / "in", url, if_absent=True, only_sha256=planned)
    assert (info.size_bytes, info.sha256) == (10, planned)
    (tmp_path / "in").unlink()
    info = place.store.upload(tmp_path / "in", url, if_absent=True, only_sha256=planned)
    assert info.size_bytes == 10


def test_a_local_file_that_is_not_there_is_no_missing_object(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        place.store.upload(tmp_path / "nothing", f"{place.url}/x")
    assert not isinstance(caught.value, ObjectMissing)
    assert list(place.store.list(place.url)) == []


def test_a_folder_lists_whole_segments_at_any_depth(place: Place) -> None:
    for key in ("records/a/3/1.1.jsonl", "records/a/3/1.2.jsonl", "records/a/30/1.1.jsonl", "r"):
        place.store.write(f"{place.url}/{key}", key.encode())
    found = {info.url: info.size_bytes for info in place.store.list(f"{place.url}/records/a/3")}
    assert found == {f"{place.url}/records/a/3/1.{n}.jsonl": 21 for n in (1, 2)}
    assert len(list(place.store.list(f"{place.url}/records/"))) == 3
    assert list(place.store.list(f"{place.url}/records/b")) == []


def test_an_object_of_ones_own_that_ends_in_sha256_is_shown(place: Place) -> None:
    place.store.write(f"{place.url}/f", b"data")
    place.store.write(f"{place.url}/f.sha256", b"0" * 64 + b"  f\n")
    urls = {info.url for info in place.store.list(place.url)}
    assert urls == {f"{place.url}/f", f"{place.url}/f.sha256"}


def test_deleting_what_is_not_there_is_no_error(place: Place) -> None:
    place.store.write(f"{place.url}/a", b"1")
    place.store.delete([f"{place.url}/a", f"{place.url}/b", f"{place.url}/a/c"])
    assert list(place.store.list(place.url)) == []
    place.store.delete([])


def test_an_object_without_a_checksum_is_refused_where_one_is_required(
    place: Place, tmp_path: Path
) -> None:
    url = f"{place.url}/bare"
    _put_bare(place, url, b"bytes")
    assert place.store.download(url, tmp_path / "a").sha256 == hashlib.sha256(b"bytes").hexdigest()
    with pytest.raises(StoreError, match="no checksum"):
        place.store.download(url, tmp_path / "b", require_checksum=True)
    assert not (tmp_path / "b").exists()


def test_bytes_that_differ_from_their_checksum_are_refused(place: Place, tmp_path: Path) -> None:
    url = f"{place.url}/spoilt"
    place.store.write(url, b"right")
    _spoil(place, url, b"wrong")
    with pytest.raises(StoreError, match="SHA-256"):
        place.store.download(url, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("url", ["", "no-scheme", "ftp://host/x", "s3:///key", "file://host/x"])
def test_a_url_of_no_store_is_named(place: Place, url: str) -> None:
    with pytest.raises(StoreError, match="no store"):
        place.store.read(url)


def _put_bare(place: Place, url: str, data: bytes) -> None:
    if isinstance(place.store, MemoryStore):
        place.store.put_bare(url, data)
    elif place.kind == "wire":
        obstore.put(_bucket(place), url.removeprefix(f"s3://{BUCKET}/"), data)
    else:
        path = place.root / url.removeprefix(f"{place.url}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _spoil(place: Place, url: str, data: bytes) -> None:
    if isinstance(place.store, MemoryStore):
        place.store.spoil(url, data)
    elif place.kind == "wire":
        sha256 = place.store.head(url).sha256 or ""
        key = url.removeprefix(f"s3://{BUCKET}/")
        obstore.put(_bucket(place), key, data, attributes={"sha256": sha256})
    else:
        (place.root / url.removeprefix(f"{place.url}/")).write_bytes(data)


def _bucket(place: Place) -> S3Store:
    assert isinstance(place.store, Store)
    return _open(place.store._s3.endpoint_url or "")


def _open(endpoint: str) -> S3Store:
    return S3Store(BUCKET, config={"endpoint": endpoint}, client_options={"allow_http": True})

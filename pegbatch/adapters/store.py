"""The object store: `s3://` (Amazon's, another endpoint's, or directories), `file://`, the web.

One class for both sides, the client and the worker. The bytes of a bucket go through obstore;
where buckets are directories (the embedded AWS) and for `file://` they are files. From the web
(`http://`, `https://`) files are only fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from pegbatch.adapters.drafts import is_full
from pegbatch.adapters.hashing import Hashing
from pegbatch.adapters.pieces import Chunk, pieces, write_all
from pegbatch.adapters.s3_bucket import RETRY_SECONDS, S3Options
from pegbatch.adapters.store_backend import (
    Backend,
    BodyRefused,
    BrokenTransfer,
    Found,
    Opened,
    Pauses,
)
from pegbatch.adapters.store_directory import DirectoryBackend
from pegbatch.adapters.store_s3 import S3Backend
from pegbatch.adapters.store_urls import ObjectUrl, parse_url
from pegbatch.errors import (
    InputChanged,
    ObjectMissing,
    StoreError,
    StoreUnreachable,
    UsageError,
)
from pegbatch.ports import ObjectInfo

DOWNLOAD_TRIES = 3
"""A download whose bytes do not match is begun again."""


class Store:
    """`ports.ObjectStore` over S3 and directories; safe to use from several threads."""

    def __init__(
        self,
        *,
        s3_directory: Path | None = None,
        s3: S3Options | None = None,
        of_user: Callable[[str, str], S3Options | None] = lambda user, bucket: None,
    ) -> None:
        """Take a folder of buckets, or how S3 is reached (Amazon where neither is given).

        Shapes: of_user says how a `user@site` (empty for none) reaches a bucket; None: as all do.
        """
        self._s3_directory = s3_directory
        self._s3 = s3 if s3 is not None else S3Options()
        self._of_user = of_user
        self._buckets: dict[tuple[str, str, str], Backend] = {}

    def read(self, url: str, *, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of an object, or of one range of it (cut at its end)."""
        backend, place = self._locate(url)
        return backend.read(place.key, start, length)

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole or not at all; its sha256 travels with it."""
        backend, place = self._locate(url)
        _once_more(partial(backend.put, place.key, (data,), len(data), create=False))

    def head(self, url: str) -> ObjectInfo:
        """Return size and checksum of an object."""
        backend, place = self._locate(url)
        found = backend.head(place.key)
        return ObjectInfo(url=url, size_bytes=found.size_bytes, sha256=found.sha256)

    def download(
        self, url: str, path: Path, *, require_checksum: bool = False, verify: bool = True
    ) -> ObjectInfo:
        """Stream an object into a new file; sha256 is that of the bytes received.

        Errors: StoreError where the bytes do not match the checksum that travels with them
        (without verify they may), and, with require_checksum, where none does.
        """
        pauses, broken = Pauses(self._s3.retry_seconds), 0
        while True:
            try:
                return self._download(url, path, require_checksum=require_checksum, verify=verify)
            except BrokenTransfer:
                broken += 1
                if broken == DOWNLOAD_TRIES:
                    raise
            except StoreUnreachable:
                if not pauses.wait():
                    raise

    def upload(
        self, path: Path, url: str, *, if_absent: bool = False, only_sha256: str | None = None
    ) -> ObjectInfo:
        """Stream a file into an object, whole or not at all; its sha256 travels with it.

        With if_absent an object that is there already stays and nothing is sent.
        Errors: InputError, before anything is sent, where the file has not got only_sha256.
        """
        backend, place = self._locate(url)
        if if_absent:
            try:
                return self.head(url)
            except ObjectMissing:
                pass
        if only_sha256 is not None:
            _check_content(path, only_sha256)
        size_bytes = _size(path)

        def put() -> Found:
            chunks = _file_chunks(path, size_bytes)
            return backend.put(place.key, chunks, size_bytes, create=if_absent)

        found = _once_more(put)
        return ObjectInfo(url=url, size_bytes=found.size_bytes, sha256=found.sha256)

    def copy(self, source_url: str, url: str) -> None:
        """Copy an object with its checksum, inside a store or from one to another."""
        source, source_place = self._locate(source_url)
        target, place = self._locate(url)
        if source is target and source.copy(source_place.key, place.key):
            return
        _once_more(partial(_carry, source, source_place.key, source_url, target, place.key))

    def list(self, prefix_url: str) -> Iterator[ObjectInfo]:
        """Yield the objects below a folder URL, in no order; nothing where there is no folder."""
        backend, place = self._locate(prefix_url)
        base = prefix_url.rstrip("/")
        skip = len(place.key) + 1 if place.key else 0
        for key, size_bytes, _ in backend.list(place.key):
            yield ObjectInfo(f"{base}/{key[skip:]}", size_bytes)

    def delete(self, urls: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""
        for url in urls:
            backend, place = self._locate(url)
            backend.delete((place.key,))

    def _download(
        self, url: str, path: Path, *, require_checksum: bool, verify: bool
    ) -> ObjectInfo:
        backend, place = self._locate(url)
        opened = backend.open(place.key)
        if require_checksum and opened.found.sha256 is None:
            raise StoreError("no checksum travels with this object", where=url)
        size_bytes = 0
        try:
            with Hashing(opened.found.size_bytes) as digest, path.open("wb", buffering=0) as file:
                for chunk in _verified(url, opened, digest, verify=verify):
                    size_bytes += len(chunk)
                    write_all(file.fileno(), chunk)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _local(error, path) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return ObjectInfo(url=url, size_bytes=size_bytes, sha256=digest.hexdigest())

    def _locate(self, url: str) -> tuple[Backend, ObjectUrl]:
        place = parse_url(url)
        name = (place.scheme, place.bucket, place.user)
        backend = self._buckets.get(name)
        if backend is None:
            backend = self._buckets.setdefault(name, self._open(place))
        return backend, place

    def _open(self, place: ObjectUrl) -> Backend:
        if place.scheme == "file":
            return DirectoryBackend(Path("/"), "file:///")
        if place.scheme == "http":
            # Late on purpose: urllib and ssl would add a quarter to the start of every child.
            from pegbatch.adapters.store_web import WebBackend

            return WebBackend(self._s3.retry_seconds)
        own = self._of_user(place.user, place.bucket)
        if own is not None:
            return S3Backend(place.bucket, own)
        if self._s3_directory is not None:
            if place.bucket in (".", ".."):
                raise StoreError("not a bucket", where=f"s3://{place.bucket}")
            folder = self._s3_directory / place.bucket
            return DirectoryBackend(folder, f"s3://{place.bucket}/", fenced=True)
        return S3Backend(place.bucket, self._s3)


def store_from_environment(environ: Mapping[str, str]) -> Store:
    """Open the store that a child's environment names.

    `PEGBATCH_S3_DIRECTORY` (a folder of buckets) wins over `AWS_ENDPOINT_URL_S3` and
    `AWS_ENDPOINT_URL`; without them it is Amazon's. `PEGBATCH_STORE_RETRY_SECONDS` bounds how long
    transient faults are retried.
    """
    directory = environ.get("PEGBATCH_S3_DIRECTORY")
    return Store(
        s3_directory=Path(directory) if directory else None,
        s3=S3Options(endpoint_url=s3_endpoint(environ), retry_seconds=_retry_seconds(environ)),
    )


def s3_endpoint(environ: Mapping[str, str]) -> str | None:
    """Return the address of S3 where an environment names one; None: Amazon's."""
    return environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None


def _retry_seconds(environ: Mapping[str, str]) -> float:
    text = environ.get("PEGBATCH_STORE_RETRY_SECONDS", "")
    try:
        return float(text) if text else RETRY_SECONDS
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a number of seconds", where="PEGBATCH_STORE_RETRY_SECONDS"
        ) from error


def _once_more(put: Callable[[], Found]) -> Found:
    """Put an object, and again where it was refused for the way it was sent."""
    try:
        return put()
    except BodyRefused:
        return put()


def _carry(source: Backend, source_key: str, url: str, target: Backend, key: str) -> Found:
    """Copy an object through here."""
    opened = source.open(source_key)
    size_bytes = opened.found.size_bytes
    with Hashing(size_bytes) as digest:
        return target.put(key, _verified(url, opened, digest), size_bytes, create=False)


def _verified(url: str, opened: Opened, digest: Hashing, *, verify: bool = True) -> Iterator[Chunk]:
    """Pass the chunks on, hashed, and raise after the last where they are not what was put."""
    for chunk in opened.chunks:
        digest.update(chunk)
        yield chunk
    expected = opened.found.sha256
    if verify and expected is not None and digest.hexdigest() != expected:
        raise BrokenTransfer(
            f"the SHA-256 of what was received is {digest.hexdigest()}, of what was put {expected}",
            where=url,
            hint="the object was changed or damaged; the next try of a run brings its files anew",
        )


def _local(error: OSError, path: Path) -> StoreError:
    """Return the error for the file on this side of a transfer; its being missing is no 404."""
    if is_full(error):
        return StoreError("the disk is full", where=str(path), hint="free space, or give more")
    return StoreError(
        f"local file: {(error.strerror or str(error)).lower()}",
        where=str(path),
        hint="bring it back, or plan the workflow again",
    )


def _check_content(path: Path, sha256: str) -> None:
    """Look before sending: a plan that was restored may name any file of this machine."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        why = f"the file is to be sent again, and cannot be read: {reason}"
        raise InputChanged(str(path), why) from error
    if found != sha256:
        raise InputChanged(str(path))


def _file_chunks(path: Path, size_bytes: int) -> Iterator[Chunk]:
    try:
        with path.open("rb", buffering=0) as file:
            yield from pieces(file, size_bytes)
    except OSError as error:
        raise _local(error, path) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _local(error, path) from error

"""Objects in one S3 bucket, through obstore.

Small objects carry their checksum as user metadata `sha256`. A large one is hashed while its parts
are sent, so its checksum is known too late for that and lies beside it as `<key>.sha256`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from pegbatch.adapters.hashing import Hashing
from pegbatch.adapters.s3_errors import broken, first_line, is_transient, translated
from pegbatch.adapters.store_backend import BrokenTransfer, Found, Opened, Pauses
from pegbatch.adapters.store_urls import (
    CHECKSUM_BYTES,
    CHECKSUM_SUFFIX,
    as_checksum,
    is_checksum,
)
from pegbatch.errors import StoreUnreachable

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ClientConfig, RetryConfig, S3Config

METADATA = "sha256"
SINGLE_PUT_BYTES = 8 << 20
"""Objects up to here are one request (and in memory once); larger ones go in parts."""
MAX_PARTS = 9_000
"""Source: Amazon S3, multipart upload limits (10,000 parts)."""
MAX_COPY_BYTES = 5 << 30
"""Source: Amazon S3, CopyObject (5 GiB)."""
STREAM_BYTES = 1 << 20
CONCURRENT_PARTS = 8
RETRY_SECONDS = 120.0
SILENCE_SECONDS = 60.0
"""How long S3 may say nothing before a request is made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How S3 is reached, beyond what obstore reads from the environment."""

    endpoint_url: str | None = None
    """None: Amazon."""
    directly: bool = False
    """Past the proxies that the environment names: the endpoint is on this machine."""
    retry_seconds: float = RETRY_SECONDS
    """How long transient faults (5xx, SlowDown, reset) are retried, with backoff."""
    credentials: Callable[[], Any] | None = None
    """obstore credential provider; None: environment, container or instance role."""


@dataclass(frozen=True, slots=True)
class S3Backend:
    """One bucket."""

    bucket: str
    options: S3Options
    _store: S3Store = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_store", _open_bucket(self.bucket, self.options))

    def read(self, key: str, start: int, length: int | None) -> bytes:
        """Return a range of an object, cut at its end."""
        if length == 0:
            return b""
        with self._translated(key):
            try:
                if length is not None:
                    return bytes(obstore.get_range(self._store, key, start=start, length=length))
                if start == 0:
                    return bytes(obstore.get(self._store, key).bytes())
                options: Any = {"range": {"offset": start}}
                return bytes(obstore.get(self._store, key, options=options).bytes())
            except BaseError as error:
                if "416" in first_line(error):
                    return b""
                raise

    def head(self, key: str) -> Found:
        """Return size and checksum of an object."""
        with self._translated(key):
            answer = obstore.get(self._store, key, options={"head": True})
            return self._found(key, answer)

    def open(self, key: str) -> Opened:
        """Open an object for streaming."""
        with self._translated(key):
            answer = obstore.get(self._store, key)
            return Opened(self._found(key, answer), self._chunks(key, answer))

    def put(self, key: str, chunks: Iterable[bytes], size_bytes: int, *, create: bool) -> Found:
        """Put an object whole or not at all, with its checksum."""
        with self._translated(key):
            if size_bytes <= SINGLE_PUT_BYTES:
                return self._put_single(key, b"".join(chunks), create=create)
            found = self._put_parts(key, chunks, size_bytes)
            self._put_beside(key, found.sha256 or "")
            return found

    def copy(self, source: str, key: str) -> bool:
        """Copy on the server's side, checksum included; False beyond what one request copies."""
        with self._translated(source):
            answer = obstore.get(self._store, source, options={"head": True})
            if answer.meta["size"] > MAX_COPY_BYTES:
                return False
            obstore.copy(self._store, source, key)
            if METADATA not in answer.attributes:
                checksum = self._beside(source)
                if checksum is not None:
                    self._put_beside(key, checksum)
        return True

    def list(self, prefix: str) -> Iterator[Found]:
        """Yield the objects below a folder."""
        with self._translated(prefix):
            for found in self._all_below(prefix or None):
                if not is_checksum(found.key, found.size_bytes):
                    yield found

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects and the checksums beside them; missing ones are no error."""
        names: list[str] = []
        with self._translated(""):
            for key in keys:
                names.append(key)
                if self._beside(key) is not None:
                    names.append(key + CHECKSUM_SUFFIX)
            if names:
                obstore.delete(self._store, names)

    def _all_below(self, prefix: str | None) -> Iterator[Found]:
        """Yield everything below a folder, in order, and go on where a page breaks off.

        obstore makes requests again, but does not read the body of one again.
        """
        last: str | None = None
        pauses = Pauses(self.options.retry_seconds)
        while True:
            try:
                for batch in obstore.list(self._store, prefix=prefix, offset=last):
                    for item in batch:
                        last = item["path"]
                        pauses.begin()
                        yield Found(last, item["size"], None)
                return
            except BaseError as error:
                if not (is_transient(error) and pauses.wait()):
                    raise

    def _found(self, key: str, answer: GetResult) -> Found:
        checksum = as_checksum(answer.attributes.get(METADATA, "").encode())
        size_bytes = answer.meta["size"]
        # Only what was sent in parts (by whomever), or copied from that, has a checksum beside it.
        parts = size_bytes > SINGLE_PUT_BYTES or "-" in (answer.meta["e_tag"] or "")
        if checksum is None and parts:
            checksum = self._beside(key)
        return Found(key, size_bytes, checksum)

    def _beside(self, key: str) -> str | None:
        try:
            answer = obstore.get(self._store, key + CHECKSUM_SUFFIX)
            if answer.meta["size"] != CHECKSUM_BYTES:
                return None
            return as_checksum(bytes(answer.bytes()))
        except FileNotFoundError:
            return None

    def _put_single(self, key: str, data: bytes, *, create: bool) -> Found:
        checksum = hashlib.sha256(data).hexdigest()
        try:
            obstore.put(
                self._store,
                key,
                data,
                attributes={METADATA: checksum},
                mode="create" if create else None,
                use_multipart=False,
            )
        except AlreadyExistsError:
            return self.head(key)
        return Found(key, len(data), checksum)

    def _put_parts(self, key: str, chunks: Iterable[bytes], size_bytes: int) -> Found:
        sent = 0

        def hashed() -> Iterator[bytes]:
            nonlocal sent
            for chunk in chunks:
                digest.update(chunk)
                sent += len(chunk)
                yield chunk

        part_bytes = max(SINGLE_PUT_BYTES, size_bytes // MAX_PARTS + 1)
        with Hashing(size_bytes) as digest:
            obstore.put(
                self._store,
                key,
                hashed(),
                use_multipart=True,
                chunk_size=part_bytes,
                max_concurrency=CONCURRENT_PARTS,
            )
            return Found(key, sent, digest.hexdigest())

    def _put_beside(self, key: str, checksum: str) -> None:
        obstore.put(self._store, key + CHECKSUM_SUFFIX, checksum.encode())

    def _chunks(self, key: str, answer: GetResult) -> Iterator[bytes]:
        try:
            for chunk in answer.stream(min_chunk_size=STREAM_BYTES):
                yield bytes(chunk)
        except (BaseError, OSError, ValueError) as error:
            where = f"s3://{self.bucket}/{key}"
            trouble = broken(error, where)
            if not isinstance(trouble, StoreUnreachable):
                # Such as an object that was replaced meanwhile: begun again, it may do.
                trouble = BrokenTransfer(first_line(error), where=where)
            raise trouble from error

    def _translated(self, key: str) -> AbstractContextManager[None]:
        return translated(self.bucket, f"s3://{self.bucket}/{key}")


def _open_bucket(bucket: str, options: S3Options) -> S3Store:
    config: S3Config = {}
    # The total time of a request is bounded by the size of the object alone; a stall is cut short.
    silence = max(1, round(min(SILENCE_SECONDS, options.retry_seconds / 2)))
    client: ClientConfig = {
        "timeout": "1 day",
        "read_timeout": f"{silence}s",
        "connect_timeout": "10s",
    }
    if options.endpoint_url:
        config["aws_endpoint_url_s3"] = options.endpoint_url
        client["allow_http"] = options.endpoint_url.startswith("http://")
        if options.directly:
            # There is no word for "no proxy"; one that is named and not used keeps others out.
            client["proxy_url"] = options.endpoint_url
            client["proxy_excludes"] = "127.0.0.1,localhost"
    retry: RetryConfig = {
        "max_retries": 12,
        "retry_timeout": timedelta(seconds=options.retry_seconds),
    }
    return S3Store(
        bucket,
        config=config,
        client_options=client,
        retry_config=retry,
        credential_provider=options.credentials,
    )

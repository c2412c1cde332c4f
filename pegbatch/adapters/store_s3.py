"""Objects in one S3 bucket, through obstore.

Small objects carry their checksum as user metadata `sha256`. A large one is hashed while its parts
are sent, so its checksum is known too late for that and lies beside it as `<key>.sha256`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from pegbatch.adapters.pieces import Chunk
from pegbatch.adapters.s3_bucket import S3Options, open_bucket
from pegbatch.adapters.s3_errors import broken, first_line, is_beyond_end, is_transient, translated
from pegbatch.adapters.s3_parts import SINGLE_PUT_BYTES, PartUploads
from pegbatch.adapters.store_backend import BrokenTransfer, Found, Opened, Pauses
from pegbatch.adapters.store_urls import (
    CHECKSUM_BYTES,
    CHECKSUM_SUFFIX,
    as_checksum,
    is_checksum,
)
from pegbatch.errors import StoreUnreachable

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta

METADATA = "sha256"
MAX_COPY_BYTES = 5 << 30
"""Source: Amazon S3, CopyObject (5 GiB)."""
STREAM_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class S3Backend:
    """One bucket."""

    bucket: str
    options: S3Options
    _store: S3Store = field(init=False)
    _large: PartUploads = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_store", open_bucket(self.bucket, self.options))
        object.__setattr__(self, "_large", PartUploads(self.bucket, self.options, self._store))

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
                if is_beyond_end(error):
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
            found = self._found(key, answer)
            return Opened(found, self._chunks(key, answer, found.size_bytes))

    def put(self, key: str, chunks: Iterable[Chunk], size_bytes: int, *, create: bool) -> Found:
        """Put an object whole or not at all, with its checksum."""
        with self._translated(key):
            if size_bytes <= SINGLE_PUT_BYTES:
                return self._put_single(key, b"".join(chunks), create=create)
            found = self._large.put(key, chunks, size_bytes)
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
            for batch in self._all_below(prefix or None):
                for item in batch:
                    if not is_checksum(item["path"], item["size"]):
                        yield Found(item["path"], item["size"], None)

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

    def _all_below(self, prefix: str | None) -> Iterator[Sequence[ObjectMeta]]:
        """Yield everything below a folder, in order, and go on where a page breaks off.

        obstore makes requests again, but does not read the body of one again.
        """
        last: str | None = None
        pauses = Pauses(self.options.retry_seconds)
        while True:
            try:
                for batch in obstore.list(self._store, prefix=prefix, offset=last):
                    last = batch[-1]["path"] if batch else last
                    pauses.begin()
                    yield batch
                return
            except BaseError as error:
                if not (is_transient(error) and pauses.wait()):
                    raise

    def _found(self, key: str, answer: GetResult) -> Found:
        checksum = as_checksum(answer.attributes.get(METADATA, "").encode())
        meta = answer.meta
        size_bytes = meta["size"]
        # Only what was sent in parts (by whomever), or copied from that, has a checksum beside it.
        parts = size_bytes > SINGLE_PUT_BYTES or "-" in (meta["e_tag"] or "")
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

    def _put_beside(self, key: str, checksum: str) -> None:
        obstore.put(self._store, key + CHECKSUM_SUFFIX, checksum.encode())

    def _chunks(self, key: str, answer: GetResult, size_bytes: int) -> Iterator[Chunk]:
        try:
            if size_bytes <= STREAM_BYTES:
                # A stream takes two more turns of obstore's threads, which is most of a small get.
                yield bytes(answer.bytes())
                return
            for chunk in answer.stream(min_chunk_size=STREAM_BYTES):
                yield memoryview(chunk)
        except (BaseError, OSError, ValueError) as error:
            where = f"s3://{self.bucket}/{key}"
            trouble = broken(error, where)
            if not isinstance(trouble, StoreUnreachable):
                # Such as an object that was replaced meanwhile: begun again, it may do.
                trouble = BrokenTransfer(first_line(error), where=where)
            raise trouble from error

    def _translated(self, key: str) -> AbstractContextManager[None]:
        return translated(self.bucket, f"s3://{self.bucket}/{key}")

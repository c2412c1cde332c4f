"""Large objects, put in parts: as many at a time as memory is meant for.

What is sent is hashed on the way, for the checksum that is kept. A signature that covers it would
have it hashed twice, so none does where nobody on the way can change it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import obstore
from obstore.exceptions import PermissionDeniedError
from obstore.store import S3Store

from pegbatch.adapters.hashing import Hashing
from pegbatch.adapters.pieces import Chunk
from pegbatch.adapters.s3_bucket import S3Options, open_bucket
from pegbatch.adapters.store_backend import BodyRefused, Found

SINGLE_PUT_BYTES = 8 << 20
"""Objects up to here are one request (and in memory once); larger ones go in parts."""
MAX_PARTS = 9_000
"""Source: Amazon S3, multipart upload limits (10,000 parts)."""
HELD_BYTES = 64 << 20
"""Of parts that are on their way, for one object; a single part may be larger."""
UPLOADS_AT_ONCE = 2
"""Objects whose parts are on their way: one fills the line, and a job has half a GiB."""


class PartUploads:
    """Puts objects in parts; safe to use from several threads."""

    def __init__(self, bucket: str, options: S3Options, store: S3Store) -> None:
        """Take the bucket, and how it is open by now."""
        self._bucket = bucket
        self._options = options
        self._signed = store
        self._unsigned: S3Store | None = None
        self._signs = not options.is_guarded
        self._room = threading.BoundedSemaphore(UPLOADS_AT_ONCE)
        self._lock = threading.Lock()

    def put(self, key: str, chunks: Iterable[Chunk], size_bytes: int) -> Found:
        """Put an object of about so many bytes, once there is room.

        Errors: those of obstore; BodyRefused where bodies are signed from now on.
        """
        with self._room:
            if self._signs:
                return self._put(self._signed, key, chunks, size_bytes)
            try:
                return self._put(self._door(), key, chunks, size_bytes)
            except PermissionDeniedError as error:
                self._signs = True
                raise BodyRefused(
                    "access denied, maybe since the body is not signed",
                    where=f"s3://{self._bucket}/{key}",
                ) from error

    def _door(self) -> S3Store:
        with self._lock:
            if self._unsigned is None:
                self._unsigned = open_bucket(self._bucket, self._options, sign_bodies=False)
            return self._unsigned

    def _put(self, store: S3Store, key: str, chunks: Iterable[Chunk], size_bytes: int) -> Found:
        sent = 0

        def hashed() -> Iterator[Chunk]:
            nonlocal sent
            for chunk in chunks:
                digest.update(chunk)
                sent += len(chunk)
                yield chunk

        part_bytes = max(SINGLE_PUT_BYTES, size_bytes // MAX_PARTS + 1)
        with Hashing(size_bytes) as digest:
            obstore.put(
                store,
                key,
                hashed(),
                use_multipart=True,
                chunk_size=part_bytes,
                max_concurrency=max(1, HELD_BYTES // part_bytes),
            )
            return Found(key, sent, digest.hexdigest())

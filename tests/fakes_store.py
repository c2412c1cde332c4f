"""An ObjectStore in memory; passes the same contract suite as the real one."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pegbatch.adapters.store_urls import parse_url
from pegbatch.errors import InputChanged, ObjectMissing, StoreError
from pegbatch.ports import ObjectInfo


@dataclass(frozen=True)
class StoredObject:
    data: bytes
    sha256: str | None


def nothing_happens(operation: str, url: str) -> None:
    """Let every operation through."""


class MemoryStore:
    """Objects in a dict. `before` sees every (operation, url) first and may raise."""

    def __init__(self, before: Callable[[str, str], None] = nothing_happens) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.calls: list[tuple[str, str]] = []
        self.before = before
        self._lock = threading.Lock()

    def called(self, operation: str) -> list[str]:
        """Return the URLs of all calls of one operation, in order."""
        return [url for name, url in self.calls if name == operation]

    def put_bare(self, url: str, data: bytes) -> None:
        """Lay an object down as another program would: without a checksum."""
        self.objects[_clean(url)] = StoredObject(data, None)

    def spoil(self, url: str, data: bytes) -> None:
        """Change the bytes of an object under its checksum."""
        self.objects[_clean(url)] = StoredObject(data, self.objects[_clean(url)].sha256)

    def read(self, url: str, *, start: int = 0, length: int | None = None) -> bytes:
        self._enter("read", url)
        data = self._get(url).data
        return data[start:] if length is None else data[start : start + length]

    def write(self, url: str, data: bytes) -> None:
        self._enter("write", url)
        self._put(url, data)

    def head(self, url: str) -> ObjectInfo:
        self._enter("head", url)
        return self._info(url)

    def download(
        self, url: str, path: Path, *, require_checksum: bool = False, verify: bool = True
    ) -> ObjectInfo:
        self._enter("download", url)
        found = self._get(url)
        if require_checksum and found.sha256 is None:
            raise StoreError("no checksum travels with this object", where=url)
        actual = hashlib.sha256(found.data).hexdigest()
        if verify and found.sha256 not in (None, actual):
            raise StoreError("the SHA-256 differs", where=url)
        path.write_bytes(found.data)
        return ObjectInfo(url=url, size_bytes=len(found.data), sha256=actual)

    def upload(
        self, path: Path, url: str, *, if_absent: bool = False, only_sha256: str | None = None
    ) -> ObjectInfo:
        self._enter("upload", url)
        if not (if_absent and _clean(url) in self.objects):
            try:
                data = path.read_bytes()
            except OSError as error:
                raise StoreError(f"local file: {error}", where=str(path)) from error
            if only_sha256 not in (None, hashlib.sha256(data).hexdigest()):
                raise InputChanged(str(path))
            self._put(url, data)
        return self._info(url)

    def copy(self, source_url: str, url: str) -> None:
        self._enter("copy", url)
        self.objects[_clean(url)] = self._get(source_url)

    def list(self, prefix_url: str) -> Iterator[ObjectInfo]:
        self._enter("list", prefix_url)
        prefix = _clean(prefix_url) + "/"
        for url, found in sorted(self.objects.items()):
            if url.startswith(prefix):
                yield ObjectInfo(url=url, size_bytes=len(found.data))

    def delete(self, urls: Iterable[str]) -> None:
        for url in urls:
            self._enter("delete", url)
            self.objects.pop(_clean(url), None)

    def _enter(self, operation: str, url: str) -> None:
        parse_url(url)
        with self._lock:
            self.calls.append((operation, url))
        self.before(operation, url)

    def _get(self, url: str) -> StoredObject:
        try:
            return self.objects[_clean(url)]
        except KeyError:
            raise ObjectMissing("there is no such object", where=url) from None

    def _put(self, url: str, data: bytes) -> None:
        self.objects[_clean(url)] = StoredObject(data, hashlib.sha256(data).hexdigest())

    def _info(self, url: str) -> ObjectInfo:
        found = self._get(url)
        return ObjectInfo(url=url, size_bytes=len(found.data), sha256=found.sha256)


def _clean(url: str) -> str:
    return url.rstrip("/")

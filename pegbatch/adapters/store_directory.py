"""Objects as files: buckets of the embedded AWS, and `file://`.

An object gets its checksum as extended attribute `user.sha256` before it gets its name: it is there
whole and with its checksum, or not at all. This is why these are plain system calls and not
obstore's LocalStore, which keeps the same names but has no attributes to set before the rename.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pegbatch.adapters.drafts import Draft, is_full
from pegbatch.adapters.hashing import Hashing
from pegbatch.adapters.pieces import Chunk, pieces, write_all
from pegbatch.adapters.store_backend import Found, Opened
from pegbatch.adapters.store_urls import (
    CHECKSUM_BYTES,
    CHECKSUM_SUFFIX,
    as_checksum,
    is_checksum,
    is_leftover,
)
from pegbatch.errors import AccessDenied, ObjectMissing, StoreError

ATTRIBUTE = "user.sha256"
_NO_SUCH_OBJECT = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True, slots=True)
class DirectoryBackend:
    """A tree of directories; key `a/b` is the file `b` in `a`, names as they are."""

    root: Path
    url: str
    """What stands before keys in messages, with a slash at the end."""
    fenced: bool = False
    """Refuse what a symbolic link below the root would lead out of it."""

    def read(self, key: str, start: int, length: int | None) -> bytes:
        """Return a range of an object, cut at its end."""
        with self._translated(key), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def head(self, key: str) -> Found:
        """Return size and checksum of an object."""
        with self._translated(key), self._path(key).open("rb") as file:
            return self._found(key, file.fileno())

    def open(self, key: str) -> Opened:
        """Open an object for streaming."""
        with self._translated(key):
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
            try:
                found = self._found(key, descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        return Opened(found, self._chunks(key, descriptor, found.size_bytes))

    def put(self, key: str, chunks: Iterable[Chunk], size_bytes: int, *, create: bool) -> Found:
        """Put an object whole or not at all, with its checksum."""
        path = self._path(key)
        with self._translated(key), Draft(path) as draft:
            found, travels = _fill(draft.descriptor, key, chunks, size_bytes)
            ours = draft.publish(create=create)
        if not ours:
            return self.head(key)
        if not travels and not is_checksum(path.name, found.size_bytes):
            self._put_beside(key, found.sha256 or "")
        return found

    def copy(self, source: str, key: str) -> bool:
        """Say no: the bytes pass through here anyway."""
        return False

    def list(self, prefix: str) -> Iterator[Found]:
        """Yield the objects below a folder."""
        folders = [prefix]
        while folders:
            folder = folders.pop()
            with self._translated(folder):
                below, found = _scan(self.root, folder)
            folders.extend(below)
            yield from found

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""
        for key in keys:
            for name in (key, key + CHECKSUM_SUFFIX):
                # What lies beside an object goes with it only if it is its checksum.
                with self._translated(name), suppress(FileNotFoundError, NotADirectoryError):
                    path = self._path(name)
                    if name == key or path.stat().st_size == CHECKSUM_BYTES:
                        path.unlink()

    def _path(self, key: str) -> Path:
        segments = key.split("/")
        if not key or any(part in ("", ".", "..") for part in segments) or "\0" in key:
            raise StoreError("not a name that a directory can hold", where=self.url + key)
        path = self.root / key
        if self.fenced and _has_links(self.root, segments) and not _is_below(path, self.root):
            raise StoreError(
                "a symbolic link leads out of the bucket",
                where=self.url + key,
                hint=f"remove it: {path}",
            )
        return path

    def _found(self, key: str, descriptor: int) -> Found:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not a file")
        return Found(key, status.st_size, _attribute(descriptor) or self._beside(key))

    def _beside(self, key: str) -> str | None:
        path = self._path(key)
        try:
            with path.with_name(path.name + CHECKSUM_SUFFIX).open("rb") as file:
                return as_checksum(file.read(CHECKSUM_BYTES + 1))
        except OSError:
            return None

    def _put_beside(self, key: str, checksum: str) -> None:
        beside = key + CHECKSUM_SUFFIX
        self.put(beside, (checksum.encode(),), CHECKSUM_BYTES, create=False)

    def _chunks(self, key: str, descriptor: int, size_bytes: int) -> Iterator[Chunk]:
        with self._translated(key), os.fdopen(descriptor, "rb", buffering=0) as file:
            yield from pieces(file, size_bytes)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise translate(error, self.url + key) from error


def _has_links(root: Path, segments: Iterable[str]) -> bool:
    """Tell whether there is a symbolic link on the way from a folder to an object."""
    place = os.fspath(root)
    for segment in segments:
        place = f"{place}/{segment}"
        try:
            if stat.S_ISLNK(os.lstat(place).st_mode):
                return True
        except OSError:
            return False  # and so is what lies below
    return False


def _is_below(path: Path, root: Path) -> bool:
    """Tell whether a path, its symbolic links followed, lies below another."""
    real, fence = os.path.realpath(path), os.path.realpath(root)
    return real.startswith(f"{fence}{os.sep}")


def translate(error: OSError, where: str) -> StoreError | AccessDenied:
    """Return the error of our tree for one of the operating system's."""
    if error.errno in _NO_SUCH_OBJECT:
        return ObjectMissing("there is no such object", where=where)
    if error.errno in _DENIED:
        return AccessDenied(f"access denied: {error.strerror}", where=where)
    if is_full(error):
        return StoreError("the disk is full", where=where, hint="free space or use another disk")
    return StoreError(error.strerror or str(error), where=where)


def _fill(
    descriptor: int, key: str, chunks: Iterable[Chunk], expected_bytes: int
) -> tuple[Found, bool]:
    """Write and hash the chunks; also say whether the checksum is an attribute now."""
    size_bytes = 0
    with Hashing(expected_bytes) as digest:
        for chunk in chunks:
            digest.update(chunk)
            write_all(descriptor, chunk)
            size_bytes += len(chunk)
        found = Found(key, size_bytes, digest.hexdigest())
    try:
        os.setxattr(descriptor, ATTRIBUTE, (found.sha256 or "").encode())
    except OSError:
        return found, False
    return found, True


def _attribute(descriptor: int) -> str | None:
    try:
        return as_checksum(os.getxattr(descriptor, ATTRIBUTE))
    except OSError:
        return None


def _scan(root: Path, folder: str) -> tuple[list[str], list[Found]]:
    """Read one directory: folders below it, and its objects."""
    prefix = f"{folder}/" if folder else ""
    below: list[str] = []
    found: list[Found] = []
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(prefix + entry.name)
                elif entry.is_file() and not is_leftover(entry.name):
                    found.append(Found(prefix + entry.name, entry.stat().st_size, None))
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    keys = {item.key for item in found}
    return below, [item for item in found if not _is_beside(item, keys)]


def _is_beside(found: Found, keys: set[str]) -> bool:
    base = found.key.removesuffix(CHECKSUM_SUFFIX)
    return base in keys and is_checksum(found.key, found.size_bytes)

"""Files of this child: what was fetched, or made by an earlier task, is not fetched again.

A task gets hard links. It may write through one; therefore size and time of change are looked at
before each reuse, and a file that is not as it was is fetched anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.ports import ObjectStore
from pegbatch.worker.stop import Stop

COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that a task reads."""

    url: str
    """Absolute."""
    sha256: str | None
    """Known at planning."""
    ours: bool
    """Made by this run: its checksum must travel with it."""
    executable: bool


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file in the cache and how it was when it came."""

    path: Path
    size_bytes: int
    changed_ns: int

    def intact(self) -> bool:
        """Whether it is still the same, as far as size and time tell."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size_bytes, self.changed_ns)


class FileCache:
    """Used by the main thread alone; only the transfers run in the pool."""

    def __init__(self, store: ObjectStore, folder: Path, pool: Executor, stop: Stop) -> None:
        """Take an empty folder on the file system where the tasks run."""
        self._store = store
        self._folder = folder
        self._pool = pool
        self._stop = stop
        self._files: dict[tuple[str, bool], Future[CachedFile]] = {}
        self._number = 0

    def request(self, source: Source) -> None:
        """Begin to fetch a file, unless it is here or on its way."""
        key = (source.url, source.executable)
        if key in self._files:
            return
        self._number += 1
        path = self._folder / str(self._number)
        twin = self._files.get((source.url, not source.executable))
        if twin is not None and _is_intact(twin):
            # The same bytes with another mode: links share the mode, so it takes a copy.
            self._files[key] = self._pool.submit(_copied, twin.result(), path, source)
        else:
            self._files[key] = self._pool.submit(_fetched, self._store, path, source)

    def place(self, source: Source, target: Path) -> None:
        """Wait for a file and give it a name in a task's directory.

        Errors: those of the store; StoreError where the bytes are not those that were planned
        with, or the disk is full; Stopped.
        """
        file = self._wait(source)
        if not file.intact():
            self.forget((source.url,))
            file = self._wait(source)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(file.path, target)
        except OSError as error:
            raise StoreError(f"cannot be laid down: {error.strerror}", where=str(target)) from error

    def keep(self, url: str, path: Path) -> None:
        """Take over a file that a task made and that a later one reads."""
        self.forget((url,))
        self._number += 1
        kept = self._folder / str(self._number)
        # Where it cannot be linked it will be fetched like any other.
        with suppress(OSError):
            kept.hardlink_to(path.resolve())
            future: Future[CachedFile] = Future()
            future.set_result(_seen(kept))
            self._files[(url, False)] = future

    def forget(self, urls: Iterable[str]) -> None:
        """Drop files that no task needs any more."""
        for url in urls:
            for executable in (False, True):
                future = self._files.pop((url, executable), None)
                if future is not None and _arrived(future):
                    with suppress(OSError):
                        future.result().path.unlink()

    def _wait(self, source: Source) -> CachedFile:
        self.request(source)
        key = (source.url, source.executable)
        try:
            return self._stop.wait_for(self._files[key])
        except ObjectMissing:
            raise
        except StoreError:
            # Another task may have more luck.
            del self._files[key]
            raise


def _arrived(future: Future[CachedFile]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _is_intact(future: Future[CachedFile]) -> bool:
    return _arrived(future) and future.result().intact()


def _fetched(store: ObjectStore, path: Path, source: Source) -> CachedFile:
    info = store.download(source.url, path, require_checksum=source.ours)
    if source.sha256 not in (None, info.sha256):
        path.unlink()
        raise StoreError(
            f"its SHA-256 is {info.sha256}, but {source.sha256} was planned with",
            where=source.url,
            hint="the file has changed since; plan again",
        )
    return _seen(path, executable=source.executable)


def _copied(twin: CachedFile, path: Path, source: Source) -> CachedFile:
    try:
        _copy(twin.path, path)
        return _seen(path, executable=source.executable)
    except OSError as error:
        raise StoreError(f"cannot be copied: {error.strerror}", where=str(path)) from error


def _seen(path: Path, *, executable: bool = False) -> CachedFile:
    if executable:
        path.chmod(0o755)
    status = path.stat()
    return CachedFile(path, status.st_size, status.st_mtime_ns)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system, or too many of one file.
        _copy(source, target)
        target.chmod(source.stat().st_mode & 0o777)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(COPY_BYTES):
            writing.write(chunk)

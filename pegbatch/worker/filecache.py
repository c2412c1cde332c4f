"""Files of this child: what was fetched, or made by an earlier task, is not fetched again.

A task gets hard links. It may write through one; therefore size and time of change are looked at
before each reuse, and a file that is not as it was is fetched anew. Tasks write to it: from then on
each gets a copy, so that it is fetched no third time.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pegbatch.errors import (
    AccessDenied,
    ObjectMissing,
    PegbatchError,
    StoreError,
    StoreUnreachable,
)
from pegbatch.ports import ObjectStore
from pegbatch.worker.silent_hosts import SilentHosts
from pegbatch.worker.stop import Stop

COPY_BYTES = 1 << 20
LATEST_MAX = 16
"""Files whose sizes say what is to be expected of the next: a large one that all share does not."""


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
    others: tuple[str, ...] = ()
    """Absolute URLs that are tried in this order where `url` cannot be had."""
    verify: bool = True
    """Whether its bytes are compared with the checksums that are known of it."""


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file in the cache and how it was when it came."""

    path: Path
    size_bytes: int
    changed_ns: int
    said: str = ""
    """Where it came from, if not from the first place it was looked for."""

    def intact(self) -> bool:
        """Whether it is still the same, as far as size and time tell."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size_bytes, self.changed_ns)


def _silent(text: str) -> None:
    """Say nothing."""


class FileCache:
    """Used by all tasks of a child; transfers run in the pool."""

    def __init__(
        self,
        store: ObjectStore,
        folder: Path,
        pool: Executor,
        stop: Stop,
        say: Callable[[str], None] = _silent,
    ) -> None:
        """Take an empty folder on the file system where the tasks run, and the log."""
        self._store = store
        self._folder = folder
        self._pool = pool
        self._stop = stop
        self._say = say
        self._told: set[str] = set()
        self._hosts = SilentHosts()
        self._files: dict[tuple[str, bool], Future[CachedFile]] = {}
        self._number = 0
        self._sizes: deque[int] = deque(maxlen=LATEST_MAX)
        self._written: set[str] = set()
        """URLs of files that a task has written to."""
        self._lock = threading.RLock()

    def largest_bytes(self) -> int | None:
        """Return the size of the largest file fetched of late; None before the first."""
        with self._lock:
            return max(self._sizes, default=None)

    def lacks(self, source: Source) -> bool:
        """Tell whether a file would have to be asked for."""
        return (source.url, source.executable) not in self._files

    def request(self, source: Source) -> None:
        """Begin to fetch a file, unless it is here or on its way."""
        with self._lock:
            self._request(source)

    def _request(self, source: Source) -> Future[CachedFile]:
        key = (source.url, source.executable)
        if key in self._files:
            return self._files[key]
        self._number += 1
        path = self._folder / str(self._number)
        twin = self._files.get((source.url, not source.executable))
        if twin is not None and _is_intact(twin):
            # The same bytes with another mode: links share the mode, so it takes a copy.
            self._files[key] = self._pool.submit(_copied, twin.result(), path, source)
        else:
            self._files[key] = self._pool.submit(self._fetched, path, source)
        return self._files[key]

    def place(self, source: Source, target: Path) -> int:
        """Wait for a file, give it a name in a task's directory, and return its size in bytes.

        Errors: those of the store; StoreError where the bytes are not those that were planned
        with, or the disk is full; Stopped.
        """
        file = self._wait(source)
        if not file.intact():
            self._drop(source, file)
            file = self._wait(source)
        try:
            _lay_down(file.path, target, own=source.url in self._written)
        except OSError as error:
            raise StoreError(f"cannot be laid down: {error.strerror}", where=str(target)) from error
        return file.size_bytes

    def keep(self, url: str, path: Path) -> None:
        """Take over a file that a task made and that a later one reads."""
        with self._lock:
            self.forget((url,))
            self._number += 1
            kept = self._folder / str(self._number)
        # Where it cannot be linked it will be fetched like any other.
        with suppress(OSError):
            os.link(path.resolve(), kept)
            future: Future[CachedFile] = Future()
            future.set_result(_seen(kept))
            self._files[(url, False)] = future

    def forget(self, urls: Iterable[str]) -> None:
        """Drop files that no task needs any more."""
        for url in urls:
            self._written.discard(url)
            for executable in (False, True):
                with self._lock:
                    future = self._files.pop((url, executable), None)
                if future is not None and _arrived(future):
                    with suppress(OSError):
                        future.result().path.unlink()

    def _wait(self, source: Source) -> CachedFile:
        key = (source.url, source.executable)
        with self._lock:
            future = self._request(source)
        try:
            file = self._stop.wait_for(future)
        except ObjectMissing:
            raise
        except StoreError:
            # Another task may have more luck.
            with self._lock:
                if self._files.get(key) is future:
                    del self._files[key]
            raise
        if file.said and source.url not in self._told:
            self._told.add(source.url)
            self._say(file.said)
        return file

    def _fetched(self, path: Path, source: Source) -> CachedFile:
        """Fetch a file from the first place that has it.

        Errors: those of the only place; of several, StoreUnreachable where one of them may have
        the file after all, else that of the first.
        """
        if not source.others:
            return self._fetched_from(path, source)
        errors: list[PegbatchError] = []
        for url in (source.url, *source.others):
            try:
                file = self._fetched_from(path, replace(source, url=url))
            except (StoreError, AccessDenied) as error:
                errors.append(error)
            else:
                return replace(file, said=_fail_over(url, errors) if errors else "")
        raise next((error for error in errors if isinstance(error, StoreUnreachable)), errors[0])

    def _fetched_from(self, path: Path, source: Source) -> CachedFile:
        self._hosts.check(source.url)
        try:
            file = _downloaded(self._store, path, source)
        except StoreUnreachable:
            self._hosts.note(source.url, answered=False)
            raise
        self._hosts.note(source.url, answered=True)
        with self._lock:
            self._sizes.append(file.size_bytes)
        return file

    def _drop(self, source: Source, file: CachedFile) -> None:
        """Forget a file, unless another task was quicker to have it fetched anew."""
        with self._lock:
            known = self._files.get((source.url, source.executable))
            if known is not None and _arrived(known) and known.result() is file:
                self.forget((source.url,))
                self._written.add(source.url)


def _arrived(future: Future[CachedFile]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _is_intact(future: Future[CachedFile]) -> bool:
    return _arrived(future) and future.result().intact()


def _fail_over(url: str, errors: Sequence[PegbatchError]) -> str:
    return f"fetched from {url}, since {'; '.join(map(str, errors))}"


def _downloaded(store: ObjectStore, path: Path, source: Source) -> CachedFile:
    info = store.download(
        source.url, path, require_checksum=source.ours and source.verify, verify=source.verify
    )
    if source.verify and source.sha256 not in (None, info.sha256):
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


def _lay_down(source: Path, target: Path, *, own: bool) -> None:
    """Give a task a link to a file, or a copy of its own where there is room for one."""
    if own:
        try:
            return _copy_with_mode(source, target)
        except FileExistsError:
            raise
        except OSError:
            target.unlink(missing_ok=True)
    _link(source, target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except OSError:
        # No hard links on this file system, or too many of one file.
        _copy_with_mode(source, target)


def _copy_with_mode(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy(source, target)
    target.chmod(source.stat().st_mode & 0o777)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(COPY_BYTES):
            writing.write(chunk)

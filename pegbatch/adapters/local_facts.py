"""Looking up local files before planning: their checksums, remembered between plans.

A checksum is believed again while path, size and time of change are the same. The memory is a
convenience: where it cannot be kept (a read-only home), every file is simply read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pegbatch.model.facts import Facts, FileFacts

READERS = 4
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS checksums (path TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, "
    "mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A checksum, and the state of the file it was taken in."""

    size_bytes: int
    mtime_ns: int
    sha256: str


def look_up(paths: Iterable[str], memory: Path | None) -> Facts:
    """Return size and SHA-256 of every file, and why the others cannot be read.

    Shapes: memory is the SQLite file of remembered checksums, or None for none.
    """
    wanted = sorted(set(paths))
    before = _recall(memory) if wanted else {}
    with ThreadPoolExecutor(READERS) as pool:
        answers = dict(zip(wanted, pool.map(lambda p: _examine(p, before), wanted), strict=True))
    known = {path: answer for path, answer in answers.items() if isinstance(answer, _Known)}
    _remember(memory, {path: one for path, one in known.items() if before.get(path) != one})
    return Facts(
        files={path: FileFacts(one.sha256, one.size_bytes) for path, one in known.items()},
        unreadable={path: answer for path, answer in answers.items() if isinstance(answer, str)},
    )


def _examine(path: str, before: Mapping[str, _Known]) -> _Known | str:
    """Return what is known of one file now, or why it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            stat = Path(path).stat()
            old = before.get(path)
            if old and (old.size_bytes, old.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
                return old
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except IsADirectoryError:
        return "this is a directory, and only files can be staged"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    except ValueError:
        return "this is no path"
    return _Known(stat.st_size, stat.st_mtime_ns, digest)


@contextlib.contextmanager
def _connect(memory: Path) -> Iterator[sqlite3.Connection]:
    memory.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(memory, timeout=5)) as database, database:
        database.execute(_SCHEMA)
        yield database


def _recall(memory: Path | None) -> dict[str, _Known]:
    if memory is None:
        return {}
    try:
        with _connect(memory) as database:
            rows = database.execute("SELECT path, size_bytes, mtime_ns, sha256 FROM checksums")
            return {path: _Known(size, mtime, sha256) for path, size, mtime, sha256 in rows}
    except (OSError, sqlite3.Error):
        return {}


def _remember(memory: Path | None, news: Mapping[str, _Known]) -> None:
    if memory is None or not news:
        return
    rows = [(path, one.size_bytes, one.mtime_ns, one.sha256) for path, one in news.items()]
    with contextlib.suppress(OSError, sqlite3.Error), _connect(memory) as database:
        database.executemany("INSERT OR REPLACE INTO checksums VALUES (?, ?, ?, ?)", rows)

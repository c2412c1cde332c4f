"""The event log of a submit directory in SQLite: append-only, on disk when `append` returns.

A connection lives for one call: nothing is held open between calls, so a status from another
process reads while a run writes, and a killed client leaves nothing behind but its log.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pegbatch.adapters.private_files import FILE_MODE, make_private
from pegbatch.errors import OutsideError, RunLocked
from pegbatch.model.events import EventKind, RunEvent

DATABASE = "run.db"
LOCK_FILE = "run.lock"
COMMAND_MAX = 200
BUSY_SECONDS = 20.0
"""How long one writer waits for another."""


class SqliteRuns:
    """The event log in one submit directory; implements `ports.RunStore`."""

    def __init__(self, directory: Path) -> None:
        """Take the submit directory; nothing is made in it before the first event."""
        self._directory = directory
        self._path = directory / DATABASE

    def append(self, *events: RunEvent) -> None:
        """Write events, all or none; they are on disk when this returns."""
        rows = [
            (event.time, event.kind, json.dumps(dict(event.body), sort_keys=True))
            for event in events
        ]
        if not self._path.exists():
            with suppress(OSError):  # SQLite says better what is wrong
                make_private(self._path)
        with self._connection() as database, database:
            migrate(database)
            database.executemany("INSERT INTO events (time, kind, body) VALUES (?, ?, ?)", rows)

    def events(self, *, after: int = 0) -> Sequence[RunEvent]:
        """Return the events but for the first `after` of them, oldest first."""
        if not self._path.exists():
            return ()
        with self._connection() as database:
            if not _has_events(database):
                return ()
            query = "SELECT time, kind, body FROM events WHERE seq > ? ORDER BY seq"
            rows = database.execute(query, (after,)).fetchall()
        return tuple(self._event(*row) for row in rows)

    def _event(self, time: float, kind: EventKind, body: str) -> RunEvent:
        try:
            return RunEvent(time, kind, json.loads(body))
        except (ValueError, TypeError) as error:
            raise OutsideError(
                f"an event of the log is damaged ({kind}): {error}",
                where=str(self._path),
                hint="restore the file from a copy, or the submit directory from the run's URL",
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for one process.

        The lock is the kernel's and ends with the process, however it ends; the text in the
        file only says who holds it.
        Errors: RunLocked, naming who holds it.
        """
        with self._open_lock_file() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self._locked(file.read()) from error
            self._sign(file)
            try:
                yield
            finally:
                file.seek(0)
                file.truncate()

    def _open_lock_file(self) -> BinaryIO:
        path = self._directory / LOCK_FILE
        try:
            # Not "w": that would wipe the holder's name before we know that it holds the lock.
            # Unbuffered: on a full disk closing must not fail over a name that was not written.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            return os.fdopen(handle, "r+b", buffering=0)
        except OSError as error:
            raise OutsideError(
                f"cannot lock the run: {(error.strerror or str(error)).lower()}",
                where=str(path),
                hint="the submit directory must be writable",
            ) from error

    def _sign(self, file: BinaryIO) -> None:
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": shlex.join(["pegbatch", *sys.argv[1:]])[:COMMAND_MAX],
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        file.seek(0)
        file.truncate()
        with suppress(OSError):  # a full disk: the lock holds, only the name is missing
            file.write(json.dumps(holder).encode())

    def _locked(self, text: bytes) -> RunLocked:
        try:
            holder = json.loads(text)
            who = f"process {holder['pid']} on {holder['host']} since {holder['since']}"
            who += f" ({holder['command']})" if "command" in holder else ""
        except (ValueError, KeyError, TypeError):
            who = "another process"
        return RunLocked(
            f"the run is held by {who}",
            where=str(self._directory),
            hint="follow it with `pegbatch wait` or `pegbatch status`",
        )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as database:
                self._prepare(database)
                yield database
        except sqlite3.Error as error:
            raise _translate(error, self._path) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        # EXTRA: what was committed is on the platter, also after a power loss. FULL leaves the name
        # of the journal to it, whose return would take the last event back.
        database.execute("PRAGMA synchronous = EXTRA")


def _translate(error: sqlite3.Error, path: Path) -> OutsideError:
    text = str(error)
    if "full" in text:
        hint = f"the disk of {path.parent} is full: make room, and run the same command again"
    elif "not a database" in text or "malformed" in text:
        hint = "the file is damaged: restore it from a copy, or plan the workflow again"
    else:
        hint = "the submit directory must be writable, and on a disk that can lock files"
    return OutsideError(f"the event log failed: {text}", where=str(path), hint=hint)


def _create_events(database: sqlite3.Connection) -> None:
    database.execute(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL,"
        " body TEXT NOT NULL)"
    )


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create_events,)
"""In the order in which they are applied, each once; only ever appended to."""


def migrate(database: sqlite3.Connection) -> None:
    """Apply the migrations that this database has not had, in the caller's transaction."""
    database.execute("BEGIN IMMEDIATE")
    database.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
    applied = {name for (name,) in database.execute("SELECT name FROM migrations")}
    for migration in MIGRATIONS:
        name = migration.__name__.lstrip("_")
        if name not in applied:
            migration(database)
            database.execute("INSERT INTO migrations (name) VALUES (?)", (name,))


def _has_events(database: sqlite3.Connection) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'events'"
    return bool(database.execute(query).fetchone()[0])

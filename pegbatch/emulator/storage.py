"""batch.db: everything that a restarted emulator needs to go on.

A unit gets a row once it has been started or has ended, so that an array of 10,000 waiting
children costs one row. Writes of one turn of the event loop go into one transaction; SQLite
does not wait for the disk, which a crash of the emulator survives and a power cut may not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from pegbatch.emulator.state.effects import Effects
from pegbatch.emulator.state.jobs import (
    Attempt,
    Dependency,
    ExitRule,
    Job,
    JobSpec,
    Json,
    Unit,
)
from pegbatch.errors import StoreError

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entities (
    seq INTEGER PRIMARY KEY, kind TEXT, name TEXT, body BLOB, UNIQUE (kind, name)
);
CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY, body BLOB);
CREATE TABLE IF NOT EXISTS units (seq INTEGER, child INTEGER, body BLOB, PRIMARY KEY (seq, child))
    WITHOUT ROWID;
"""
_PLAIN = -1
"""The `child` of a plain job's unit."""
_JOB_STATE = (
    "parent_status",
    "parent_reason",
    "started",
    "stopped",
    "terminated",
    "cancelled",
    "capped",
)
_UNIT_STATE = ("status", "reason", "stopped", "cancel", "cancelled", "terminated")


class Storage:
    """One open database."""

    def __init__(self, path: Path) -> None:
        """Open it, and make it where it is missing.

        Errors: StoreError where it cannot be written or is no database.
        """
        self._where = str(path)
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _TABLES)
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"cannot use the database: {error}", where=self._where) from error

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def save(self, effects: Effects, entities: Mapping[tuple[str, str], Json | None]) -> None:
        """Write what has changed, in one transaction.

        Errors: StoreError; then nothing of it is written.
        """
        if not (effects.jobs or effects.units or entities):
            return
        try:
            self._db.execute("BEGIN")
            self._write(effects, entities)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"cannot write the database: {error}", where=self._where) from error

    def _write(self, effects: Effects, entities: Mapping[tuple[str, str], Json | None]) -> None:
        for (kind, name), body in entities.items():
            self._save_entity(kind, name, body)
        self._db.executemany(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?)",
            [(job.seq, _job_row(job)) for job in effects.jobs.values()],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO units VALUES (?, ?, ?)",
            [(unit.job.seq, _child(unit), _unit_row(unit)) for unit in effects.units],
        )

    def forget(self, jobs: Iterable[int]) -> None:
        """Delete jobs by their place in the order of submission."""
        rows = [(seq,) for seq in jobs]
        self._db.execute("BEGIN")
        self._db.executemany("DELETE FROM jobs WHERE seq = ?", rows)
        self._db.executemany("DELETE FROM units WHERE seq = ?", rows)
        self._db.execute("COMMIT")

    def entities(self) -> Iterator[tuple[str, str, Json]]:
        """Yield (kind, name, body) in the order of creation."""
        for kind, name, body in self._db.execute(
            "SELECT kind, name, body FROM entities ORDER BY seq"
        ):
            yield kind, name, orjson.loads(body)

    def jobs(self) -> Iterator[Job]:
        """Yield all jobs with their units, as they were saved, in the order of submission."""
        for seq, body in self._db.execute("SELECT seq, body FROM jobs ORDER BY seq"):
            job = _job(seq, orjson.loads(body))
            rows = self._db.execute("SELECT child, body FROM units WHERE seq = ?", (seq,))
            for child, text in rows.fetchall():
                _restore(job.units[0 if child == _PLAIN else child], orjson.loads(text))
            yield job

    def get(self, key: str) -> str | None:
        """Return a value that was set."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _save_entity(self, kind: str, name: str, body: Json | None) -> None:
        if body is None:
            self._db.execute("DELETE FROM entities WHERE kind = ? AND name = ?", (kind, name))
            return
        self._db.execute(
            "INSERT INTO entities (kind, name, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body",
            (kind, name, orjson.dumps(body)),
        )


def _child(unit: Unit) -> int:
    return _PLAIN if unit.index is None else unit.index


def _job_row(job: Job) -> bytes:
    state = {key: getattr(job, key) for key in _JOB_STATE}
    fixed = {"id": job.id, "arn": job.arn, "created": job.created, "detail": job.detail}
    return orjson.dumps({**fixed, **state, "spec": job.spec})


def _unit_row(unit: Unit) -> bytes:
    state = {key: getattr(unit, key) for key in _UNIT_STATE}
    return orjson.dumps({**state, "attempts": unit.attempts})


def _job(seq: int, body: Mapping[str, Any]) -> Job:
    job = Job(
        seq=seq,
        id=body["id"],
        arn=body["arn"],
        spec=_spec(body["spec"]),
        detail=body["detail"],
        created=body["created"],
    )
    for key in _JOB_STATE:
        setattr(job, key, body[key])
    indices = [None] if job.spec.size is None else range(job.spec.size)
    job.units = [Unit(job=job, index=index) for index in indices]
    return job


def _spec(body: Mapping[str, Any]) -> JobSpec:
    return JobSpec(
        **{
            **body,
            "command": tuple(body["command"]),
            "depends_on": tuple(Dependency(**entry) for entry in body["depends_on"]),
            "exit_rules": tuple(ExitRule(**entry) for entry in body["exit_rules"]),
            "consumes": tuple((name, quantity) for name, quantity in body["consumes"]),
        }
    )


def _restore(unit: Unit, body: Mapping[str, Any]) -> None:
    for key in _UNIT_STATE:
        setattr(unit, key, body[key])
    unit.attempts = [Attempt(**attempt) for attempt in body["attempts"]]

"""The event log on disk, and the lock on a run."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.errors import OutsideError, RunLocked
from pegbatch.model.events import RunEvent
from tests.fakes import FakeRunStore

ONE = RunEvent(1.5, "run-started", {"try": 1, "run_url": "s3://b/ü"})
TWO = RunEvent(2.5, "uploaded", {"try": 1, "files": 2, "bytes": 3})


@pytest.fixture(params=["sqlite", "fake"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteRuns | FakeRunStore:
    return SqliteRuns(tmp_path) if request.param == "sqlite" else FakeRunStore()


def test_a_log_that_was_never_written_is_empty(runs: SqliteRuns | FakeRunStore) -> None:
    assert runs.events() == ()


def test_events_come_back_in_order_as_they_were_put(runs: SqliteRuns | FakeRunStore) -> None:
    runs.append(ONE)
    runs.append(TWO)
    assert runs.events() == (ONE, TWO)
    assert runs.events(after=1) == (TWO,)
    assert runs.events(after=2) == ()


def test_several_events_are_put_as_one(runs: SqliteRuns | FakeRunStore) -> None:
    events = [RunEvent(float(n), "intent", {"try": 1, "array": f"a{n}"}) for n in range(3)]
    runs.append(*events)
    assert list(runs.events()) == events


def test_the_lock_is_free_again_after_use(runs: SqliteRuns | FakeRunStore) -> None:
    with runs.lock():
        pass
    with runs.lock():
        assert runs.events() == ()


def test_a_run_that_is_held_is_refused(runs: SqliteRuns | FakeRunStore) -> None:
    with runs.lock(), pytest.raises(RunLocked), runs.lock():
        pass


def test_reading_makes_no_file(tmp_path: Path) -> None:
    SqliteRuns(tmp_path).events()
    assert list(tmp_path.iterdir()) == []


def test_another_process_reads_what_was_written(tmp_path: Path) -> None:
    SqliteRuns(tmp_path).append(ONE)
    code = (
        "import sys; from pathlib import Path; from pegbatch.adapters.sqlite_runs import *;"
        "print(len(SqliteRuns(Path(sys.argv[1])).events()))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=True, text=True
    )
    assert found.stdout == "1\n"


def test_who_holds_the_run_is_named_with_pid_and_time(tmp_path: Path) -> None:
    with (
        SqliteRuns(tmp_path).lock(),
        pytest.raises(RunLocked) as error,
        SqliteRuns(tmp_path).lock(),
    ):
        pass
    assert f"process {os.getpid()} on " in str(error.value)
    assert "since 2" in str(error.value)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from pegbatch.adapters.sqlite_runs import *;"
        "SqliteRuns(Path(sys.argv[1])).lock().__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    with SqliteRuns(tmp_path).lock():
        assert (tmp_path / "run.lock").exists()


def test_a_lock_file_that_tells_nothing_still_locks(tmp_path: Path) -> None:
    with SqliteRuns(tmp_path).lock():
        (tmp_path / "run.lock").write_text("rubbish")
        with pytest.raises(RunLocked, match="another process"), SqliteRuns(tmp_path).lock():
            pass


def test_a_damaged_log_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "run.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(OutsideError, match=r"run\.db: .*not a database"):
        SqliteRuns(tmp_path).events()


def test_a_full_database_is_an_error_that_names_the_disk(tmp_path: Path) -> None:
    class Small(SqliteRuns):
        """A log on a disk with room for a handful of pages."""

        def _prepare(self, database: sqlite3.Connection) -> None:
            super()._prepare(database)
            database.execute("PRAGMA max_page_count = 5")

    runs = Small(tmp_path)
    with pytest.raises(OutsideError, match=f"the disk of {tmp_path} is full"):
        for _ in range(100):
            runs.append(RunEvent(1.0, "uploaded", {"text": "x" * 1000}))
    assert len(runs.events()) < 100


def test_a_directory_that_is_gone_is_an_error(tmp_path: Path) -> None:
    runs = SqliteRuns(tmp_path / "gone")
    with pytest.raises(OutsideError, match="event log"):
        runs.append(ONE)
    with pytest.raises(OutsideError, match="cannot lock"), runs.lock():
        pass


def test_the_migrations_are_named_in_the_database(tmp_path: Path) -> None:
    SqliteRuns(tmp_path).append(ONE)
    with closing(sqlite3.connect(tmp_path / "run.db")) as database:
        names = [name for (name,) in database.execute("SELECT name FROM migrations")]
    assert names == ["create_events"]


def test_where_nothing_can_be_written_the_lock_holds_without_a_name(tmp_path: Path) -> None:
    runs = SqliteRuns(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with runs.lock():
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            with pytest.raises(RunLocked, match="another process"), runs.lock():
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "run.lock").read_bytes() == b""


def test_an_event_that_is_damaged_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    runs = SqliteRuns(tmp_path)
    runs.append(RunEvent(1.0, "uploaded", {}))
    with closing(sqlite3.connect(tmp_path / "run.db")) as database, database:
        database.execute("UPDATE events SET body = '{'")
    with pytest.raises(OutsideError, match=r"run\.db: an event of the log is damaged \(uploaded\)"):
        runs.events()

"""The child's files: fetched once, linked, and never served changed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.worker import filecache
from pegbatch.worker.filecache import FileCache, Source
from pegbatch.worker.stop import Stop, Stopped
from tests.fakes_store import MemoryStore

URL = "s3://bucket/f"
SOURCE = Source(url=URL, sha256=None, ours=False, executable=False)
PROGRAM = Source(url=URL, sha256=None, ours=False, executable=True)


class Desk:
    """A cache with a store and a place to lay files down."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.store = MemoryStore()
        self.store.write(URL, b"data")
        self.stop = Stop()
        self.files = folder / "files"
        self.files.mkdir()
        self.task = folder / "task"
        self.cache = FileCache(self.store, self.files, pool, self.stop)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ThreadPoolExecutor(2) as pool:
        yield Desk(tmp_path, pool)


def test_a_file_is_fetched_once_and_linked(desk: Desk) -> None:
    desk.cache.place(SOURCE, desk.task / "a")
    desk.cache.place(SOURCE, desk.task / "d" / "b")
    assert (desk.task / "a").samefile(desk.task / "d" / "b")
    assert desk.store.called("download") == [URL]


def test_without_hard_links_files_are_copied(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    desk.cache.place(PROGRAM, desk.task / "a")
    desk.cache.keep("s3://bucket/made", desk.task / "a")
    assert (desk.task / "a").read_bytes() == b"data"
    assert (desk.task / "a").stat().st_mode & 0o100
    with pytest.raises(ObjectMissing):
        desk.cache.place(
            Source(url="s3://bucket/made", sha256=None, ours=True, executable=False),
            desk.task / "b",
        )


def test_a_program_made_from_cached_data_does_not_share_its_mode(desk: Desk) -> None:
    desk.cache.place(SOURCE, desk.task / "data")
    desk.cache.place(PROGRAM, desk.task / "program")
    assert not (desk.task / "data").stat().st_mode & 0o111
    assert (desk.task / "program").stat().st_mode & 0o111
    assert desk.store.called("download") == [URL]


def test_a_changed_file_is_not_the_source_of_a_program(desk: Desk) -> None:
    desk.cache.place(SOURCE, desk.task / "data")
    (desk.task / "data").write_bytes(b"changed by a task")
    desk.cache.place(PROGRAM, desk.task / "program")
    assert (desk.task / "program").read_bytes() == b"data"


def test_a_file_that_tasks_write_to_is_fetched_twice_and_then_copied(desk: Desk) -> None:
    for number in range(5):
        placed = desk.task / str(number)
        desk.cache.place(SOURCE, placed)
        assert placed.read_bytes() == b"data"
        placed.write_bytes(b"changed by a task")
    assert desk.store.called("download") == [URL, URL]


def test_without_room_for_copies_a_file_that_tasks_write_to_is_fetched_each_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(source: Path, target: Path) -> None:
        target.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(filecache, "_copy", no_room)
    for number in range(3):
        placed = desk.task / str(number)
        desk.cache.place(SOURCE, placed)
        assert placed.read_bytes() == b"data"
        placed.write_bytes(b"changed by a task")
    assert desk.store.called("download") == [URL] * 3


def test_a_large_file_is_expected_no_more_once_small_ones_have_come(desk: Desk) -> None:
    assert desk.cache.largest_bytes() is None and desk.cache.lacks(SOURCE)
    desk.cache.place(SOURCE, desk.task / "large")
    assert desk.cache.largest_bytes() == len(b"data") and not desk.cache.lacks(SOURCE)
    for number in range(filecache.LATEST_MAX):
        desk.store.write(f"{URL}{number}", b"")
        desk.cache.place(replace(SOURCE, url=f"{URL}{number}"), desk.task / str(number))
    assert desk.cache.largest_bytes() == 0


def test_what_no_task_needs_any_more_leaves_the_disk(desk: Desk) -> None:
    desk.cache.place(SOURCE, desk.task / "a")
    desk.cache.forget([URL, "s3://bucket/never-there"])
    assert list(desk.files.iterdir()) == []
    assert (desk.task / "a").read_bytes() == b"data"


def test_a_fetch_that_failed_is_tried_again_for_the_next_task(desk: Desk) -> None:
    def refuse(operation: str, url: str) -> None:
        raise StoreError("for once", where=url)

    desk.store.before = refuse
    with pytest.raises(StoreError, match="for once"):
        desk.cache.place(SOURCE, desk.task / "a")
    desk.store.before = lambda operation, url: None
    desk.cache.place(SOURCE, desk.task / "a")
    assert (desk.task / "a").read_bytes() == b"data"


def test_a_name_that_is_taken_is_an_error_that_names_it(desk: Desk) -> None:
    desk.task.mkdir()
    (desk.task / "a").write_bytes(b"there")
    with pytest.raises(StoreError, match="task/a: cannot be laid down"):
        desk.cache.place(SOURCE, desk.task / "a")


def test_a_stop_is_seen_while_waiting_for_a_file(desk: Desk) -> None:
    desk.stop.ask()
    with pytest.raises(Stopped):
        desk.cache.place(SOURCE, desk.task / "a")

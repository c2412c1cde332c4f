"""Inputs that tasks complained about are looked at, and removed only where they are damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pegbatch.engine.complaints import READ_BYTES, Complaints, remove_damaged
from pegbatch.engine.uploads import UploadItem, upload_all
from pegbatch.model.layout import input_url
from pegbatch.model.records import TaskRecord, TaskState
from tests.fakes_store import MemoryStore
from tests.task_records import task_record

STAGING = "s3://bucket/prefix"
RUN = f"{STAGING}/run"
PLAN_URL = f"{RUN}/plan/arrays/a.index"


def record(state: TaskState, reason: str) -> TaskRecord:
    return task_record(state=state, reason=reason)


def put_input(store: MemoryStore, data: bytes) -> str:
    url = input_url(STAGING, hashlib.sha256(data).hexdigest())
    store.write(url, data)
    return url


def test_a_failed_task_tells_which_files_it_could_not_use() -> None:
    first, second, third = ("1" * 64, "2" * 64, "3" * 64)
    heard = Complaints(RUN)
    heard.hear(record("failed", f"input a: {input_url(STAGING, first)}: bad\n  hint"))
    heard.hear(record("failed", f"input b: {input_url(STAGING, second)}0: no checksum"))
    heard.hear(record("succeeded", f"input c: {input_url(STAGING, third)}: said in passing"))
    heard.hear(record("skipped", f"input e: {RUN}/data/e: there is no such object"))
    heard.hear(record("failed", f"input d/e f: {RUN}/data/d/e f: bad\ninput g: {RUN}/data/g"))
    found = (input_url(STAGING, first), f"{RUN}/data/d/e f", f"{RUN}/data/g")
    assert heard.urls(STAGING) == found


def test_a_record_leads_to_no_file_outside_the_run() -> None:
    heard = Complaints("file:///scratch/run")
    for name in ("../../home/x", "a/./b", "a//b", "/x"):
        heard.hear(record("failed", f"input x: file:///scratch/run/data/{name}: bad"))
    assert heard.urls("file:///scratch") == ()
    heard.hear(record("failed", "input x: file:///scratch/run/data/a/b: bad"))
    assert heard.urls("file:///scratch") == ("file:///scratch/run/data/a/b",)


def test_only_what_is_damaged_is_removed() -> None:
    store = MemoryStore()
    long = bytes(READ_BYTES) + b"end"
    whole, damaged, cut = (put_input(store, data) for data in (long, long + b"!", b"short"))
    store.spoil(damaged, long + b"?")
    store.spoil(cut, b"")
    made, spoilt, bare = (f"{RUN}/data/{name}" for name in ("made", "spoilt", "bare"))
    store.write(made, b"made")
    store.write(spoilt, b"made")
    store.spoil(spoilt, b"mode")
    store.put_bare(bare, b"unknown")
    named = (whole, damaged, cut, input_url(STAGING, "0" * 64), made, spoilt, bare)
    assert remove_damaged(store, named) == (damaged, cut, spoilt)
    assert set(store.objects) == {whole, made, bare}


def test_a_file_of_the_plan_takes_the_place_of_an_object_that_was_damaged(tmp_path: Path) -> None:
    store, path = MemoryStore(), tmp_path / "a.index"
    path.write_bytes(b"index")
    item = UploadItem(source=path, url=PLAN_URL, again=True)
    upload_all(store, [item])
    store.spoil(PLAN_URL, b"x")
    assert upload_all(store, [item]).size_bytes == len(b"index")
    assert store.read(PLAN_URL) == b"index"


def test_a_file_of_the_plan_that_was_damaged_itself_replaces_nothing(tmp_path: Path) -> None:
    store, path = MemoryStore(), tmp_path / "a.index"
    store.write(PLAN_URL, b"index")
    path.write_bytes(b"xndex")
    upload_all(store, [UploadItem(source=path, url=PLAN_URL, again=True)])
    assert store.read(PLAN_URL) == b"index"

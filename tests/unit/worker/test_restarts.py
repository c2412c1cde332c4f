"""The mark of a child that was started again, and why."""

from __future__ import annotations

import pytest

from pegbatch.errors import StoreError
from pegbatch.model.child_lines import ChildLine, child_line
from pegbatch.model.layout import RecordKey
from pegbatch.worker.child import read_child
from pegbatch.worker.restarts import mark_restart
from tests.fakes_store import MemoryStore

RUN = "s3://b/run"


def child(attempt: int):
    environment = {"AWS_BATCH_JOB_ATTEMPT": str(attempt), "PEGBATCH_TRY": "2"}
    return read_child([RUN, "L0.t2"], environment)


def marks(store: MemoryStore) -> list[str]:
    return [url.removeprefix(f"{RUN}/") for url in store.called("write")]


def line(end: float | None, reason: str = "") -> bytes:
    told = ChildLine(bag=7, try_=2, attempt=1, host="h", start=1.0, end=end, reason=reason)
    return child_line(told)


def test_a_first_attempt_leaves_none_and_asks_for_nothing() -> None:
    store = MemoryStore()
    mark_restart(store, child(1), 7, [])
    assert store.calls == []


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (line(None) + line(9.0), "again"),
        (line(None), "lost"),
        (line(None) + line(9.0, "ended by SIGTERM"), "lost"),
        (b"rubbish\n", "lost"),
        (None, "lost"),
    ],
)
def test_a_later_one_says_whether_the_one_before_came_through_its_bag(left, why) -> None:
    store, url = MemoryStore(), f"{RUN}/records/L0/7/2.1.jsonl"
    files = [(RecordKey("L0", 7, 1, 3), f"{RUN}/records/L0/7/1.3.jsonl")]
    if left is not None:
        store.write(url, left)
        files.append((RecordKey("L0", 7, 2, 1), url))
    store.calls.clear()
    mark_restart(store, child(2), 7, files)
    assert marks(store) == [f"failures/L0/7.2.2.{why}"]
    assert store.called("read") == ([] if left is None else [url])


def test_a_mark_that_cannot_be_put_ends_nothing() -> None:
    def refuse(operation: str, url: str) -> None:
        raise StoreError("no")

    store = MemoryStore(refuse)
    mark_restart(store, child(3), 7, [])
    assert marks(store) == [f"{'failures/L0/7.2.3.lost'}"]

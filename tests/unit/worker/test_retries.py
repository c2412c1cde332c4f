"""The retry rule, records over attempts, and what SIGTERM leaves."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from pegbatch.errors import StoreError
from pegbatch.model import layout
from pegbatch.model.manifest import task_from_json
from pegbatch.model.records import TaskRecord
from pegbatch.worker import recorder
from pegbatch.worker.child import read_child
from pegbatch.worker.outcome import Outcome, make_record
from pegbatch.worker.recorder import Recorder
from tests.fakes_store import MemoryStore
from tests.run_layout import sh
from tests.unit.worker.conftest import Bench

SECOND_TIME = 'test "$AWS_BATCH_JOB_ATTEMPT" -ge 2'


def test_a_task_with_tries_left_asks_batch_for_another_attempt(bench: Bench) -> None:
    bench.run.add_array(
        "L0", [sh("t", SECOND_TIME, tries=2), sh("done", "echo >>o", outputs=["o"])]
    )
    assert bench.child(attempt="1", attempts="3") == 75
    assert bench.run.marks() == []
    assert bench.child(attempt="2", attempts="3") == 0
    assert bench.run.marks() == []
    assert bench.run.states("L0", 0, attempt=1) == {"t": "failed", "done": "succeeded"}
    assert bench.run.states("L0", 0, attempt=2) == {"t": "succeeded"}


def test_children_of_a_retried_task_are_run_after_its_success(bench: Bench) -> None:
    bench.run.add_array("L0", [
        sh("p", f"{SECOND_TIME} && echo 1 >x", outputs=["x"], tries=2),
        sh("c", "cat x", inputs=["x"]),
    ])  # fmt: skip
    assert bench.child(attempt="1", attempts="2") == 75
    assert bench.run.states("L0", 0, attempt=1) == {"p": "failed", "c": "skipped"}
    assert bench.child(attempt="2", attempts="2") == 0
    assert bench.run.states("L0", 0, attempt=2) == {"p": "succeeded", "c": "succeeded"}


def test_tries_are_counted_over_attempts_of_one_try_of_the_run(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1", tries=2)])
    assert bench.child(attempt="1", attempts="5") == 75
    assert bench.child(attempt="2", attempts="5") == 0
    assert bench.run.marks() == ["L0/0.1.1.0"]
    # An attempt after that (its host was lost before it could exit) does not run it once more.
    assert bench.child(attempt="3", attempts="5") == 0
    assert bench.run.records("L0", 0, attempt=3) == []
    # A resume counts anew.
    bench.run.add_try("L0", 2, [0])
    assert bench.child("L0.t2", number="2", attempts="5") == 75


def test_the_last_attempt_uses_the_tries_that_are_left(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1", tries=4)])
    assert bench.child(attempt="1", attempts="2") == 75
    assert bench.child(attempt="2", attempts="2") == 0
    assert [r.state for r in bench.run.records("L0", 0, attempt=2)] == ["failed"] * 3
    assert bench.run.marks() == ["L0/0.1.1.0"]


def test_a_chain_of_tasks_that_fail_once_ends_well_in_one_last_attempt(
    bench: Bench, tmp_path: Path
) -> None:
    tasks = [
        sh(
            f"t{number}",
            f"mkdir {tmp_path}/{number} && exit 1; cat x{number - 1}; echo >x{number}",
            inputs=[f"x{number - 1}"] if number else [],
            outputs=[f"x{number}"],
            tries=2,
        )
        for number in range(3)
    ]
    bench.run.add_array("L0", tasks)
    assert bench.child() == 0
    assert bench.run.marks() == []
    found = [(r.id, r.state) for r in bench.run.records("L0", 0) if r.state != "skipped"]
    assert found == [(f"t{n}", state) for n in range(3) for state in ("failed", "succeeded")]


def test_with_stop_a_final_failure_fails_the_child(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1")])
    assert bench.child(on_failure="stop") == 1
    assert bench.run.marks() == ["L0/0.1.1.0"]


def test_with_stop_tries_come_first(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1", tries=2)])
    assert bench.child(on_failure="stop", attempts="2") == 75


def test_a_recorded_success_is_not_run_again(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", SECOND_TIME, tries=2)])
    bench.child(attempts="2")
    bench.child(attempt="2", attempts="2")
    assert bench.run.states("L0", 0, attempt=2) == {"u": "succeeded"}


def test_records_of_the_same_attempt_are_kept_when_it_is_started_twice(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", "exit 1", tries=2)])
    bench.child(attempts="2")
    bench.child(attempts="2")
    assert [r.id for r in bench.run.records("L0", 0)] == ["t", "u", "u"]


def test_a_stop_ends_the_task_without_a_record_and_asks_for_another_attempt(
    bench: Bench, tmp_path: Path
) -> None:
    running = tmp_path / "running"
    bench.run.add_array(
        "L0",
        [sh("done", "exit 0"), sh("long", f"touch {running}; sleep 600"), sh("never", "exit 0")],
    )

    def stop_when_it_runs() -> None:
        while not running.exists():
            time.sleep(0.01)
        bench.stop.ask()

    threading.Thread(target=stop_when_it_runs, daemon=True).start()
    assert bench.child(attempts="2") == 75
    assert bench.run.states("L0", 0) == {"done": "succeeded"}
    assert bench.run.marks() == []
    assert "ended by SIGTERM" in bench.run.log("L0", 0)
    assert list(bench.folder.iterdir()) == []


def test_records_reach_the_store_before_the_child_ends(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    store = MemoryStore()
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.01)
    saved = threading.Event()
    store.before = lambda operation, url: saved.set() if operation == "write" else None
    Recorder(store, part_url, print).add(_record())
    assert saved.wait(10)


def test_records_that_could_not_be_saved_are_saved_with_the_next(bench: Bench) -> None:
    store = MemoryStore()
    writer = Recorder(store, part_url, print)

    def refuse(operation: str, url: str) -> None:
        raise StoreError("no", where=url)

    writer.add(_record())
    store.before = refuse
    with pytest.raises(StoreError):
        writer.flush()
    store.before = lambda operation, url: None
    writer.add(_record())
    writer.flush()
    assert store.read(part_url(1)).count(b"\n") == 2


def test_nothing_is_written_where_nothing_was_recorded(tmp_path: Path) -> None:
    store = MemoryStore()
    Recorder(store, part_url, print).flush()
    assert store.calls == []


def part_url(part: int) -> str:
    return f"s3://b/{layout.record_key('L0', 0, 1, 1, part)}"


def _record() -> TaskRecord:
    child = read_child(["s3://b/r", "L0"], {})
    line = task_from_json({**sh("t", "exit 0"), "bag": 0})
    return make_record(child, line, Outcome(start=0.0, end=1.0, trouble=None))

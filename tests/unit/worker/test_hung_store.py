"""A store that does not answer holds up what needs it, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pegbatch.worker import bagrun
from tests.run_layout import sh
from tests.unit.worker.conftest import Bench

Maker = Callable[[Callable[[str, str], None]], Bench]
PATIENCE_SECONDS = 60.0


def test_a_program_is_ended_at_its_time_while_the_store_hangs(
    faulty: Maker, tmp_path: Path
) -> None:
    ended = tmp_path / "ended"

    def before(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("/data/a"):
            assert _appears(ended)

    bench = faulty(before)
    late = f"trap 'echo >{ended}; exit 3' TERM; while :; do sleep 0.05; done"
    bench.run.add_array(
        "L0", [sh("first", "echo >a", outputs=["a"]), sh("late", late, timeout_seconds=1)]
    )
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"first": "succeeded", "late": "failed"}
    reasons = {record.id: record.reason for record in bench.run.records("L0", 0)}
    assert reasons["late"].startswith("ran longer than maxwalltime")


@pytest.mark.parametrize(("operation", "name"), [("download", "in"), ("upload", "a")])
def test_a_stop_is_obeyed_while_the_store_hangs(
    faulty: Maker, monkeypatch: pytest.MonkeyPatch, operation: str, name: str
) -> None:
    monkeypatch.setattr(bagrun, "LEAVE_SECONDS", 0.1)
    hangs, gate = threading.Event(), threading.Event()

    def before(asked: str, url: str) -> None:
        if asked == operation and url.endswith(f"/data/{name}"):
            hangs.set()
            assert gate.wait(PATIENCE_SECONDS)

    bench = faulty(before)
    bench.run.put("in", b"x")
    lines = [sh("first", "echo >a", outputs=["a"]), sh("long", "sleep 600; cat in", inputs=["in"])]
    bench.run.add_array("L0", lines)

    def stop_when_it_hangs() -> None:
        assert hangs.wait(PATIENCE_SECONDS)
        bench.stop.ask()

    asking = threading.Thread(target=stop_when_it_hangs)
    asking.start()
    try:
        assert bench.child(attempts="2") == 75
    finally:
        gate.set()
        asking.join()
    assert "ended by SIGTERM" in bench.run.log("L0", 0)


def test_other_inputs_come_while_one_hangs(faulty: Maker) -> None:
    come = threading.Event()

    def before(operation: str, url: str) -> None:
        if operation == "download" and url.endswith("/data/first"):
            assert come.wait(PATIENCE_SECONDS)
        if operation == "download" and url.endswith("/data/second"):
            come.set()

    bench = faulty(before)
    bench.run.put("first", b"1")
    bench.run.put("second", b"2")
    reads = sh("reader", "cat first second", inputs=["first", "second"])
    bench.run.add_array("L0", [reads])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"reader": "succeeded"}


def test_outputs_are_put_while_the_next_program_runs_and_another_put_hangs(
    faulty: Maker, tmp_path: Path
) -> None:
    put = tmp_path / "put"

    def before(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("/data/a"):
            assert _appears(put)
        if operation == "upload" and url.endswith("/data/b"):
            put.touch()

    bench = faulty(before)
    waits = f"until test -e {put}; do sleep 0.01; done"
    lines = [sh("a", "echo >a", outputs=["a"]), sh("b", "echo >b", outputs=["b"]), sh("c", waits)]
    bench.run.add_array("L0", lines)
    assert bench.child() == 0
    assert set(bench.run.states("L0", 0).values()) == {"succeeded"}


def _appears(path: Path) -> bool:
    """Wait for a file, without end for a human."""
    clock = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        if path.exists():
            return True
        clock.wait(0.01)
    return False

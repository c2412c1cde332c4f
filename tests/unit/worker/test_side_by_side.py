"""Bags whose tasks run side by side, and clusters that end with their first failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pegbatch.errors import StoreUnreachable
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.marked_log import LINE_BYTES, MarkedLog
from tests.run_layout import file, sh
from tests.unit.worker.conftest import Bench

MEET = 'touch "$0/$1"; until [ -e "$0/$2" ]; do sleep 0.02; done'
"""Two tasks that end only if they run at the same time."""


def lane(task_id: str, script: str, *, cores: int = 1, of: int = 2, **more: Any) -> dict[str, Any]:
    return sh(task_id, script, cores=cores, bag_cores=of, **more)


def meet(folder: Path, name: str, other: str, **more: Any) -> dict[str, Any]:
    line = lane(name, MEET, timeout_seconds=60, **more)
    return {**line, "argv": [*line["argv"], str(folder), name, other]}


def test_tasks_of_a_bag_run_at_the_same_time(bench: Bench, tmp_path: Path) -> None:
    bench.run.add_array("L0", [meet(tmp_path, "a", "b"), meet(tmp_path, "b", "a")])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"a": "succeeded", "b": "succeeded"}
    assert list(bench.folder.iterdir()) == []


def test_files_and_edges_inside_the_bag_are_waited_for_and_not_fetched(bench: Bench) -> None:
    bench.run.add_array("L0", [
        lane("a", "sleep 0.2; echo made >x", outputs=["x"]),
        lane("b", "cat x x >y", inputs=["x"], outputs=["y"]),
        lane("c", "cp x z", inputs=["x"], outputs=["z"]),
        lane("d", "cat y", inputs=["y"], stdout="d", outputs=["d"], after=[("L0", 0, "c")]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("d") == b"made\nmade\n"
    records = {record.id: record for record in bench.run.records("L0", 0)}
    assert records["a"].end <= min(records["b"].start, records["c"].start)
    assert max(records["b"].end, records["c"].end) <= records["d"].start
    assert bench.store.called("download") == []


def test_an_input_of_many_tasks_is_fetched_once(bench: Bench) -> None:
    bench.run.put("in", b"I")
    bench.run.add_array("L0", [lane(f"t{n}", "cat in", inputs=["in"], of=4) for n in range(12)])
    assert bench.child() == 0
    assert set(bench.run.states("L0", 0).values()) == {"succeeded"}
    assert len(bench.store.called("download")) == 1


def test_one_failure_skips_what_depends_on_it_and_nothing_else(bench: Bench) -> None:
    bench.run.add_array("L0", [
        lane("bad", "exit 3", outputs=["x"]),
        lane("child", "cat x", inputs=["x"]),
        lane("other", "exit 0"),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"bad": "failed", "child": "skipped", "other": "succeeded"}
    assert bench.run.marks() == ["L0/0.1.1.1"]


def test_another_attempt_runs_only_what_is_missing(bench: Bench) -> None:
    second = 'test "$AWS_BATCH_JOB_ATTEMPT" -ge 2'
    bench.run.add_array("L0", [
        lane("p", f"{second} && echo 1 >x", outputs=["x"], tries=2),
        lane("c", "cat x", inputs=["x"]),
        lane("done", "exit 0"),
    ])  # fmt: skip
    assert bench.child(attempt="1", attempts="2") == 75
    assert bench.child(attempt="2", attempts="2") == 0
    assert bench.run.states("L0", 0, attempt=2) == {"p": "succeeded", "c": "succeeded"}
    assert bench.child(attempt="3", attempts="3") == 0
    assert bench.run.records("L0", 0, attempt=3) == []


def test_a_stop_ends_all_running_tasks_without_records(bench: Bench, tmp_path: Path) -> None:
    running = [tmp_path / name for name in "ab"]
    script = 'touch "$0"; sleep 600'
    lines = [lane(path.name, script) for path in running] + [lane("never", "exit 0")]
    for line, path in zip(lines, running, strict=False):
        line["argv"].append(str(path))
    bench.run.add_array("L0", [lane("first", "exit 0", cores=2), *lines])

    def stop_when_both_run() -> None:
        while not all(path.exists() for path in running):
            time.sleep(0.01)
        bench.stop.ask()

    threading.Thread(target=stop_when_both_run, daemon=True).start()
    assert bench.child(attempts="2") == 75
    assert bench.run.states("L0", 0) == {"first": "succeeded"}
    assert "ended by SIGTERM" in bench.run.log("L0", 0)
    assert list(bench.folder.iterdir()) == []


def test_the_store_lost_for_one_task_keeps_the_records_of_the_others(
    faulty: Callable[[Callable[[str, str], None]], Bench],
) -> None:
    def lose(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("data/bad"):
            raise StoreUnreachable("no answer", where=url)

    bench = faulty(lose)
    bench.run.add_array("L0", [
        lane("a", "echo 1 >bad", outputs=["bad"]),
        lane("b", "sleep 0.3; echo 2 >good", outputs=["good"]),
    ])  # fmt: skip
    assert bench.child(attempts="2") == 75
    assert bench.run.states("L0", 0) == {"b": "succeeded"}
    assert bench.run.get("good") == b"2\n"


def test_the_lines_of_the_log_say_whose_they_are(bench: Bench) -> None:
    bench.run.add_array("L0", [lane("a", "echo one; printf two"), lane("b", "echo three >&2")])
    assert bench.child() == 0
    log = bench.run.log("L0", 0).splitlines()
    assert {"[a] one", "[a] two", "[b] three"} <= set(log)
    tails = {record.id: record.stdout_tail for record in bench.run.records("L0", 0)}
    assert tails["a"] == "one\ntwo"


def test_a_line_without_end_is_passed_on_in_pieces(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "log", None)
    marked = MarkedLog(log, "t")
    marked.write(b"x" * (LINE_BYTES + 1))
    marked.write(b"y\nz")
    marked.close()
    marked.close()
    log.close()
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert lines == [b"[t] " + b"x" * LINE_BYTES, b"[t] xy", b"[t] z"]


def test_a_strict_cluster_ends_with_its_first_failure(bench: Bench) -> None:
    strict = {"cluster": "merge_one", "strict": True}
    bench.run.add_array("L0", [
        sh("a", "exit 0", **strict),
        sh("b", "exit 1", **strict),
        sh("c", "exit 0", **strict),
        sh("d", "exit 0", cluster="merge_two", strict=True),
    ])  # fmt: skip
    assert bench.child() == 0
    assert list(bench.run.states("L0", 0).values()) == [
        "succeeded", "failed", "skipped", "succeeded",
    ]  # fmt: skip
    (skipped,) = (record for record in bench.run.records("L0", 0) if record.id == "c")
    assert skipped.reason == "task b failed, and merge_one ends with its first failure"


def test_a_strict_cluster_goes_on_once_its_task_has_succeeded(bench: Bench) -> None:
    strict = {"cluster": "merge_one", "strict": True}
    second = 'test "$AWS_BATCH_JOB_ATTEMPT" -ge 2'
    bench.run.add_array("L0", [sh("a", second, tries=2, **strict), sh("b", "exit 0", **strict)])
    assert bench.child(attempt="1", attempts="2") == 75
    assert bench.child(attempt="2", attempts="2") == 0
    assert bench.run.states("L0", 0, attempt=2) == {"a": "succeeded", "b": "succeeded"}


def test_an_executable_and_a_plain_input_of_one_url_are_two_files(bench: Bench) -> None:
    bench.store.write("s3://bucket/inputs/p", b"#!/bin/sh\necho ran\n")
    program = file("p", "s3://bucket/inputs/p", executable=True)
    plain = file("p", "s3://bucket/inputs/p")
    bench.run.add_array("L0", [
        lane("a", "./p", inputs=[program], stdout="o", outputs=["o"]),
        lane("b", "test ! -x p", inputs=[plain]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("o") == b"ran\n"

"""What a child says of itself, and what its records say of cost: cpu time and bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from pegbatch.errors import AccessDenied, InputError, StoreUnreachable
from pegbatch.model.child_lines import ChildLine, find_child_line
from pegbatch.worker.own_attempt import explain
from pegbatch.worker.stop import Stopped
from tests.run_layout import sh
from tests.unit.worker.conftest import RUN, Bench

AGES = """
import time
from pegbatch.worker.own_attempt import process_age
clock = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
times = [clock(), process_age(), clock()]
time.sleep(0.1)
print(*times, clock(), process_age(), clock())
"""


def own_words(bench: Bench, key: str = "L0/0/1.1.jsonl") -> ChildLine:
    found = find_child_line(bench.store.read(f"{RUN}/records/{key}"))
    assert found is not None
    return found


def test_a_child_tells_where_and_when_it_ran_and_how_it_ended(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0")])
    assert bench.child() == 0
    (record,) = bench.run.records("L0", 0)
    told = own_words(bench)
    assert (told.bag, told.try_, told.attempt, told.host) == (0, 1, 1, os.uname().nodename)
    assert told.end is not None
    assert told.start <= record.start <= record.end <= told.end + 0.001
    assert (told.exit_code, told.again, told.reason) == (0, False, "")


def test_a_process_knows_for_how_long_it_has_run() -> None:
    said = subprocess.run(
        [sys.executable, "-c", AGES], capture_output=True, text=True, check=True, timeout=60
    )
    before, first, after, later, second, last = map(float, said.stdout.split())
    assert first > 0.0
    assert later - after <= second - first <= last - before


def test_an_attempt_begins_with_its_process(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0")])
    assert bench.child(age=lambda: 100.0) == 0
    (record,) = bench.run.records("L0", 0)
    told = own_words(bench)
    assert told.end is not None
    assert told.start + 100.0 <= record.start + 0.001
    assert told.end - told.start >= 100.0


def test_a_child_that_asks_to_be_started_again_says_so(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1", tries=2)])
    assert bench.child(attempts="2") == 75
    told = own_words(bench)
    assert (told.exit_code, told.again, told.reason) == (75, True, "")
    assert bench.child(attempts="2", attempt="2") == 0
    assert own_words(bench, "L0/0/1.2.jsonl").exit_code == 0


def test_a_child_that_is_told_to_end_says_why_it_broke_off(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0")])
    bench.stop.ask()
    assert bench.child() == 75
    told = own_words(bench)
    assert (told.exit_code, told.again) == (75, True)
    assert told.reason.startswith("ended by SIGTERM")
    assert bench.run.records("L0", 0) == []


def test_whatever_goes_wrong_while_a_child_is_told_to_end_it_asks_to_be_started_again(
    faulty: Callable[[Callable[[str, str], None]], Bench],
) -> None:
    def refuse(operation: str, url: str) -> None:
        if operation == "list" and "/failures/" in url:
            bench.stop.ask()
            raise AccessDenied("no", where=url)

    bench = faulty(refuse)
    bench.run.add_array("L1", [sh("t", "exit 0", after=[("L0", 0, "other")])])
    assert bench.child("L1") == 75
    told = own_words(bench, "L1/0/1.1.jsonl")
    assert (told.exit_code, told.again) == (75, True)
    assert "no" in told.reason


def test_a_last_word_that_cannot_be_put_changes_nothing(
    faulty: Callable[[Callable[[str, str], None]], Bench],
) -> None:
    def refuse(operation: str, url: str) -> None:
        if operation == "write" and "/records/" in url:
            raise AccessDenied("no", where=url)

    bench = faulty(refuse)
    bench.run.add_array("L0", [sh("t", "exit 0")])
    bench.stop.ask()
    assert bench.child() == 75
    assert bench.run.records("L0", 0) == []


def test_a_store_that_does_not_answer_is_not_asked_for_a_last_word(
    faulty: Callable[[Callable[[str, str], None]], Bench],
) -> None:
    writes: list[str] = []

    def vanish(operation: str, url: str) -> None:
        if operation == "write":
            writes.append(url)
        if url.endswith("/data/in"):
            raise StoreUnreachable("no answer", where=url)

    bench = faulty(vanish)
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=("in",))])
    writes.clear()
    assert bench.child(attempts="2") == 75
    assert [url for url in writes if "/records/" in url] == []


def test_a_child_with_nothing_left_to_do_leaves_its_word_all_the_same(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0")])
    assert bench.child() == 0
    assert bench.child(attempt="2", attempts="2") == 0
    assert own_words(bench, "L0/0/1.2.jsonl").exit_code == 0


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Stopped(), 75, "SIGTERM"),
        (StoreUnreachable("no answer"), 75, "the store cannot be reached: no answer"),
        (InputError("not a bag"), 3, "not a bag"),
        (OSError(28, "No space left"), 75, "No space left"),
        (ZeroDivisionError("oh"), 70, "a bug in pegbatch"),
    ],
)
def test_whatever_ends_a_child_has_a_code_and_a_sentence(
    error: Exception, code: int, words: str
) -> None:
    assert explain(error)[0] == code
    assert words in explain(error)[1]


def test_cpu_time_and_the_bytes_of_inputs_are_on_record(bench: Bench) -> None:
    busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; cat a b > out"
    bench.store.write(f"{RUN}/data/a", b"12345")
    bench.store.write(f"{RUN}/data/b", b"678")
    bench.run.add_array("L0", [sh("t", busy, inputs=("a", "b"), outputs=("out",))])
    assert bench.child() == 0
    (record,) = bench.run.records("L0", 0)
    assert record.bytes_in == 8
    assert record.cpu_seconds is not None
    assert record.cpu_seconds > 0


def test_a_task_that_never_ran_has_neither(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=("never made",))])
    assert bench.child() == 0
    (record,) = bench.run.records("L0", 0)
    assert (record.state, record.bytes_in, record.cpu_seconds) == ("skipped", None, None)

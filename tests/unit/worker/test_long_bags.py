"""Bags and records that are too long for memory: the same, read from files and from parts."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import StoreError
from pegbatch.model import layout
from pegbatch.worker import bag, recorder
from pegbatch.worker.bag import SpooledTasks, read_bag
from pegbatch.worker.child import read_child
from pegbatch.worker.history import read_records
from pegbatch.worker.numbers import NumbersInFile, NumbersInMemory, open_numbers
from tests.run_layout import Line, sh, task
from tests.unit.worker.conftest import RUN, Bench

LONG = bag.HELD_MAX + 500
FIRST_CHILD = read_child([RUN, "L0"], {})


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep nothing in memory that can be kept elsewhere."""
    monkeypatch.setattr(bag, "HELD_MAX", 1)
    monkeypatch.setattr(bag, "RECENT_MAX", 2)
    monkeypatch.setattr(bag, "PIECE_BYTES", 16)
    monkeypatch.setattr("pegbatch.worker.numbers.IN_MEMORY_MAX", 0)


def noted(number: int) -> Line:
    return task(f"t{number}", "/bin/true", inputs=[f"i {number} é"], outputs=[f"o.{number}"])


def test_a_long_bag_reads_like_a_short_one(bench: Bench, tmp_path: Path) -> None:
    lines = [noted(number) for number in range(LONG)]
    bench.run.add_array("L0", lines)
    tasks = read_bag(bench.store, FIRST_CHILD, tmp_path).tasks
    assert isinstance(tasks, SpooledTasks)
    assert [one.id for one in tasks] == [line["id"] for line in lines]
    assert tasks[LONG - 1].inputs[0].lfn == f"i {LONG - 1} é"
    assert [one.id for one in tasks[2:4]] == ["t2", "t3"]
    with pytest.raises(IndexError):
        tasks[LONG]


def test_a_bag_of_few_long_lines_is_not_held_in_memory(bench: Bench, tmp_path: Path) -> None:
    long = "x" * (bag.HELD_BYTES // 2)
    bench.run.add_array("L0", [task(f"t{n}", "/bin/true", long) for n in range(4)])
    tasks = read_bag(bench.store, FIRST_CHILD, tmp_path).tasks
    assert isinstance(tasks, SpooledTasks)
    assert [one.id for one in tasks] == ["t0", "t1", "t2", "t3"]
    assert tasks[0].argv == ("/bin/true", long)
    first = tasks[0]
    assert tasks[0] is first
    assert tasks[1] is not first and tasks[0] is not first


@pytest.mark.usefixtures("short_memory")
def test_a_bag_is_found_among_others_in_its_member(bench: Bench, tmp_path: Path) -> None:
    bench.run.add_array("L0", [{**noted(n), "bag": n % 2} for n in range(20)])
    tasks = read_bag(bench.store, FIRST_CHILD, tmp_path).tasks
    assert [one.id for one in tasks] == [f"t{n}" for n in range(0, 20, 2)]


@pytest.mark.usefixtures("short_memory")
@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_long_bag_that_breaks_off_ends_the_child(bench: Bench, damage: bytes) -> None:
    bench.run.add_array("L0", [sh(f"t{n}", "exit 0") for n in range(5)])
    url = bench.run.url(layout.plan_key(layout.bags_file("L0")))
    data = bench.store.read(url)
    bench.store.write(url, data[: len(data) // 2] + damage)
    assert bench.child() == StoreError.exit_code
    assert "bag 0 cannot be read" in bench.run.log("L0", 0)


@pytest.mark.usefixtures("short_memory")
def test_a_line_that_is_no_task_ends_the_child(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", "exit 0"), {"id": "v"}])
    assert bench.child() == StoreError.exit_code
    assert "bag 0 cannot be read: KeyError" in bench.run.log("L0", 0)


@pytest.mark.usefixtures("short_memory")
@pytest.mark.parametrize(
    "more", [{}, {"cores": 1, "bag_cores": 2}], ids=["in turn", "side by side"]
)
def test_a_long_bag_runs_like_a_short_one(bench: Bench, more: Line) -> None:
    bench.run.add_array(
        "L0",
        [
            sh("a", "echo a > fa", outputs=["fa"], **more),
            sh("b", "cat fa fa > fb", inputs=["fa"], outputs=["fb"], **more),
            sh("c", "exit 1", inputs=["fb"], outputs=["fc"], **more),
            sh("d", "exit 0", inputs=["fc"], outputs=["fd"], **more),
            sh("e", "exit 0", after=[("L0", 0, "d")], **more),
            sh("f", "exit 0", after=[("L0", 0, "b")], **more),
        ],
    )
    assert bench.child() == 0
    states = {"a": "succeeded", "b": "succeeded", "c": "failed", "d": "skipped", "e": "skipped"}
    assert bench.run.states("L0", 0) == {**states, "f": "succeeded"}
    assert bench.run.get("fb") == b"a\na\n"
    assert bench.run.marks() == ["L0/0.1.1.2"]
    assert list(bench.folder.iterdir()) == []


@pytest.mark.usefixtures("short_memory")
def test_what_is_recorded_of_a_long_bag_is_not_run_again(bench: Bench) -> None:
    twice = "test -e ../../../second || { touch ../../../second; exit 1; }"
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", twice, tries=2), sh("v", "exit 0")])
    assert bench.child(attempts="2") == 75
    assert bench.child(attempt="2", attempts="2") == 0
    assert bench.run.states("L0", 0, attempt=2) == {"u": "succeeded"}


def part_names(bench: Bench) -> list[str]:
    folder = f"{RUN}/records/L0/0"
    keys = [layout.parse_record_key(info.url) for info in bench.store.list(folder)]
    assert None not in keys
    return [f"{key.number}.{key.attempt}.{key.part}" for key in sorted(filter(None, keys))]


def test_many_records_of_an_attempt_lie_in_parts_and_are_read_in_order(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr(recorder, "PART_BYTES", 700)
    names = [f"t{number}" for number in range(12)]
    bench.run.add_array("L0", [sh(name, "exit 0") for name in names])
    assert bench.child() == 0
    parts = part_names(bench)
    assert parts == [f"1.1.{number}" for number in range(1, len(parts) + 1)] and len(parts) > 3
    assert [record.id for record in read_records(bench.store, RUN, "L0", 0)] == names
    for part in range(1, len(parts) + 1):
        data = bench.store.read(f"{RUN}/{layout.record_key('L0', 0, 1, 1, part)}")
        assert len(data) < 1500 and all(json.loads(line) for line in data.splitlines())


def test_an_attempt_that_is_started_twice_goes_on_in_its_last_part(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr(recorder, "PART_BYTES", 700)
    names = [f"t{number}" for number in range(5)]
    bench.run.add_array("L0", [*(sh(name, "exit 0") for name in names), sh("u", "exit 1", tries=9)])
    for _ in range(3):
        assert bench.child(attempts="2") == 75
    found = [record.id for record in read_records(bench.store, RUN, "L0", 0)]
    # A failure is recorded at once, perhaps before a success whose outputs are on their way.
    assert sorted(found) == [*names, "u", "u", "u"]


def test_a_line_that_broke_off_takes_no_other_along(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", "exit 1", tries=2)])
    url = f"{RUN}/{layout.record_key('L0', 0, 1, 1)}"
    bench.store.write(url, b'{"id": "t", "state": "succee')
    assert bench.child(attempts="2") == 75
    assert bench.run.states("L0", 0) == {"t": "succeeded", "u": "failed"}


@pytest.mark.parametrize(
    "name", ["1.jsonl", "1.1.1.1.jsonl", "1..jsonl", "1.1..jsonl", "1.x.jsonl", "1.1.json", "jsonl"]
)
def test_names_that_are_of_no_records_file(name: str) -> None:
    assert layout.parse_record_key(f"s3://b/records/L0/0/{name}") is None


TEXTS = st.lists(st.tuples(st.text(max_size=3), st.integers(-5, 1 << 40)), max_size=60)


@given(given=TEXTS, asked=st.lists(st.text(max_size=3), max_size=20))
@settings(max_examples=60, deadline=None)
def test_numbers_in_a_file_are_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, int]], asked: list[str]
) -> None:
    file = NumbersInFile(tmp_path_factory.mktemp("numbers") / "n", len(given))
    memory = NumbersInMemory()
    for text, number in given:
        file.put(text, number)
        memory.put(text, number)
        assert file.get(text) == number
    for text in (*asked, *(text for text, _ in given)):
        assert file.get(text) == memory.get(text)


def test_few_numbers_need_no_file(tmp_path: Path) -> None:
    open_numbers(tmp_path / "n", 10).put("a", 1)
    assert not (tmp_path / "n").exists()


def test_records_are_put_at_once_where_they_have_become_many(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr(recorder, "PART_BYTES", 700)
    seen: list[int] = []
    gate = bench.folder.parent / "gate"

    def look(operation: str, url: str) -> None:
        if operation == "write" and "/records/" in url:
            seen.append(1)
            gate.touch()

    bench.store.before = look
    wait_for_it = f"while ! test -e {gate}; do sleep 0.01; done"
    tasks = [*(sh(f"t{n}", "exit 0") for n in range(9)), sh("last", wait_for_it)]
    bench.run.add_array("L0", tasks)
    assert bench.child() == 0
    assert bench.run.states("L0", 0)["last"] == "succeeded" and seen


@pytest.mark.usefixtures("short_memory")
def test_a_disk_that_has_no_room_for_a_long_bag_asks_for_another_machine(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    def full(descriptor: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.ftruncate", full)
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", "exit 0")])
    assert bench.child(attempts="2") == 75
    assert "No space left on device; another may do better" in bench.run.log("L0", 0)

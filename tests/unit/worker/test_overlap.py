"""Transfers go on while programs run: held up by gates, never by clocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import pytest

from pegbatch.errors import StoreError, StoreUnreachable
from pegbatch.model.manifest import TaskLine, task_from_json
from pegbatch.model.records import TaskRecord
from pegbatch.worker import saves
from pegbatch.worker.child import read_child
from pegbatch.worker.directories import TaskDirectories
from pegbatch.worker.look_ahead import BYTES_MAX, TASKS_AT_ONCE, TASKS_MAX, LookAhead
from pegbatch.worker.outcome import Outcome, make_record
from pegbatch.worker.saves import SAVES_MAX, Save, Saves
from pegbatch.worker.stop import Stop
from pegbatch.worker.transfers import Transfers
from tests.run_layout import sh, task
from tests.unit.worker.conftest import Bench, looked_at_until

Maker = Callable[[Callable[[str, str], None]], Bench]
PATIENCE_SECONDS = 60.0


def test_the_next_task_runs_while_outputs_are_put(faulty: Maker, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    def before(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("/data/a"):
            assert _appears(gate)

    bench = faulty(before)
    bench.run.add_array(
        "L0", [sh("first", "echo >a", outputs=["a"]), sh("second", f"echo >{gate}")]
    )
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"first": "succeeded", "second": "succeeded"}


def test_inputs_are_fetched_while_the_task_before_runs(faulty: Maker, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    def before(operation: str, url: str) -> None:
        if operation == "download" and url.endswith("/data/later"):
            gate.touch()

    bench = faulty(before)
    bench.run.put("later", b"x")
    wait = f"until test -e {gate}; do sleep 0.01; done"
    bench.run.add_array("L0", [sh("first", wait), sh("second", "cat later", inputs=["later"])])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"first": "succeeded", "second": "succeeded"}


def test_a_task_waits_until_what_it_reads_is_in_the_store(bench: Bench, tmp_path: Path) -> None:
    order: list[str] = []
    seen = tmp_path / "seen"

    def before(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("/data/a"):
            order.append("second runs" if seen.exists() else "second waits")

    bench.store.before = before
    bench.run.add_array(
        "L0",
        [
            sh("first", "echo >a", outputs=["a"]),
            sh("second", f"cat a; echo >{seen}", inputs=["a"]),
        ],
    )
    assert bench.child() == 0
    assert order == ["second waits"] and seen.exists()


def test_a_task_whose_outputs_cannot_be_put_has_failed_and_the_next_has_not(
    faulty: Maker,
) -> None:
    def before(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("/data/a"):
            raise StoreError("no", where=url)

    bench = faulty(before)
    bench.run.add_array(
        "L0",
        [
            sh("first", "echo >a", outputs=["a"]),
            sh("second", "echo >b", outputs=["b"]),
            sh("reader", "cat a", inputs=["a"]),
        ],
    )
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {
        "first": "failed",
        "second": "succeeded",
        "reader": "skipped",
    }


def test_a_shared_input_is_fetched_once_a_child(bench: Bench) -> None:
    bench.run.put("shared", b"x")
    tasks = [sh(f"t{n}", f"cat shared >o{n}", inputs=["shared"], outputs=[f"o{n}"]) for n in "1234"]
    bench.run.add_array("L0", tasks)
    assert bench.child() == 0
    fetched = [url for url in bench.store.called("download") if url.endswith("/data/shared")]
    assert len(fetched) == 1


def test_an_output_that_is_a_link_or_an_input_is_put_before_the_next_task(bench: Bench) -> None:
    bench.run.put("in", b"x")
    bench.run.add_array(
        "L0",
        [
            sh("link", "echo 1 >file; ln -s file out", outputs=["out"]),
            sh("same", "true", inputs=["in"], outputs=[{"lfn": "in", "url": "data/again"}]),
        ],
    )
    assert bench.child() == 0
    assert bench.run.get("out") == b"1\n" and bench.run.get("again") == b"x"


def _record(name: str) -> TaskRecord:
    line = task_from_json({"bag": 0, **task(name)})
    child = read_child(["s3://b/r", "L0"], {})
    return make_record(child, line, Outcome(start=0, end=0, trouble=None))


def test_records_are_given_at_once_and_states_in_order() -> None:
    recorded, taken = threading.Event(), list[str]()
    gate = threading.Event()

    def slow() -> TaskRecord:
        assert gate.wait(PATIENCE_SECONDS)
        return _record("slow")

    def note(record: TaskRecord) -> None:
        if record.id == "quick":
            recorded.set()

    with Transfers(2, patient=True) as pool:
        several = Saves(pool, Stop(), note, lambda number, record: taken.append(record.id))
        several.begin(0, Save(0, slow))
        several.begin(1, Save(0, lambda: _record("quick")))
        several.go_on()
        assert looked_at_until(recorded, pool)
        several.look()
        assert taken == []
        gate.set()
        several.wait_for({1})
    assert taken == ["slow", "quick"]


class PutAtOnce(Transfers):
    """Has put everything by the time that it was told to begin."""

    def begin(self) -> None:
        futures = self.ordered
        super().begin()
        wait(futures, PATIENCE_SECONDS)

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        future = super().submit(fn, *args, **kwargs)
        self.ordered = [*getattr(self, "ordered", []), future]
        return future


def test_what_was_put_just_before_it_is_waited_for_makes_room() -> None:
    taken = list[str]()
    with PutAtOnce(1, patient=True) as pool:
        several = Saves(pool, Stop(), lambda record: None, lambda _, one: taken.append(one.id))
        for number, name in enumerate(("large", "next")):
            several.begin(number, Save(saves.BYTES_MAX, lambda name=name: _record(name)))
        several.wait_for_all()
    assert taken == ["large", "next"]


def test_what_went_wrong_breaks_into_no_program_that_runs() -> None:
    taken = list[str]()

    def lost() -> TaskRecord:
        raise StoreUnreachable("no answer", where="s3://b/k")

    with Transfers(1) as pool:
        several = Saves(
            pool, Stop(), lambda record: None, lambda _, record: taken.append(record.id)
        )
        several.begin(0, Save(0, lambda: _record("well")))
        several.begin(1, Save(0, lost))
        several.give_time(PATIENCE_SECONDS)
        several.look()
        assert taken == ["well"]
        with pytest.raises(StoreUnreachable):
            several.check()


def test_tasks_go_on_while_the_outputs_of_one_hang(faulty: Maker, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    def before(operation: str, url: str) -> None:
        if operation == "upload" and url.endswith("/data/o0"):
            assert _appears(gate)

    bench = faulty(before)
    lines = [sh(f"t{n}", f"echo >o{n}", outputs=[f"o{n}"]) for n in range(3 * SAVES_MAX)]
    bench.run.add_array("L0", [*lines, sh("last", f"echo >{gate}")])
    assert bench.child() == 0
    assert set(bench.run.states("L0", 0).values()) == {"succeeded"}


def test_no_more_records_than_can_be_held_wait_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saves, "UNTAKEN_MAX", SAVES_MAX + 1)
    taken: list[str] = []
    with Transfers(2, patient=True) as pool:
        take = lambda number, record: taken.append(record.id)  # noqa: E731
        many = Saves(pool, Stop(), lambda record: None, take)
        for number in range(SAVES_MAX + 5):
            many.begin(number, Save(0, lambda name=f"t{number}": _record(name)))
            assert number - len(taken) < SAVES_MAX + 1
        many.wait_for_all()
    assert taken == [f"t{number}" for number in range(SAVES_MAX + 5)]


def test_large_outputs_wait_for_those_before_them() -> None:
    taken: list[str] = []
    with Transfers(2, patient=True) as pool:
        take = lambda number, record: taken.append(record.id)  # noqa: E731
        several = Saves(pool, Stop(), lambda record: None, take)
        several.begin(0, Save(1 << 40, lambda: _record("large")))
        several.begin(1, Save(1, lambda: _record("small")))
        assert taken == ["large"]
        several.wait_for_all()


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(None, ["t1"]), (0, [f"t{n}" for n in range(1, 33)]), (BYTES_MAX // 2, ["t1", "t2"])],
)
def test_small_inputs_are_fetched_further_ahead(largest: int | None, expected: list[str]) -> None:
    asked: list[TaskLine] = []
    tasks = [task_from_json({"bag": 0, **task(f"t{n}", inputs=["i"])}) for n in range(40)]
    ahead = LookAhead(tasks, lambda: largest, _all, lambda number, task: asked.append(task))
    ahead.reach(1)
    assert [one.id for one in asked] == expected


def test_a_large_file_that_is_here_already_holds_no_small_ones_up() -> None:
    asked: list[TaskLine] = []
    tasks = [task_from_json({"bag": 0, **task(f"t{n}", inputs=["shared"])}) for n in range(40)]
    expect = lambda number, task: asked.append(task)  # noqa: E731
    ahead = LookAhead(tasks, lambda: BYTES_MAX, lambda task: 0, expect)
    ahead.reach(1)
    assert [one.id for one in asked] == [f"t{n}" for n in range(1, 33)]


def test_small_inputs_are_asked_for_several_at_a_time() -> None:
    asked: list[int] = []
    tasks = [task_from_json({"bag": 0, **task(f"t{n}", inputs=["i"])}) for n in range(60)]
    ahead = LookAhead(tasks, lambda: 0, _all, lambda number, task: asked.append(number))
    counts = []
    for number in range(1, 2 * TASKS_AT_ONCE + 2):
        ahead.reach(number)
        counts.append(len(asked))
    assert counts == [
        *[TASKS_MAX] * TASKS_AT_ONCE,
        *[TASKS_MAX + TASKS_AT_ONCE] * TASKS_AT_ONCE,
        TASKS_MAX + 2 * TASKS_AT_ONCE,
    ]
    assert asked == sorted(set(asked))


def _all(task: TaskLine) -> int:
    return len(task.inputs)


def test_a_directory_is_given_again_only_as_it_was_made(tmp_path: Path) -> None:
    directories = TaskDirectories(tmp_path / "tasks")
    first = directories.take()
    (first / "left").touch()
    directories.give_back(first)
    assert directories.take() == first and list(first.iterdir()) == []
    first.chmod(0o500)
    directories.give_back(first)
    assert directories.take().stat().st_mode & 0o700 == 0o700


def test_a_link_in_the_place_of_a_directory_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "file").touch()
    directories = TaskDirectories(tmp_path / "tasks")
    taken = directories.take()
    taken.rmdir()
    taken.symlink_to(tmp_path / "others")
    directories.give_back(taken)
    assert (tmp_path / "others" / "file").exists()
    assert not directories.take().is_symlink()


def _appears(path: Path) -> bool:
    waiting = threading.Event()
    return any(path.exists() or waiting.wait(0.01) for _ in range(int(PATIENCE_SECONDS * 100)))

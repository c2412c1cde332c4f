"""Which task of a bag starts when, on tasks that only write down that they ran."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.model.manifest import TaskLine, task_from_json
from pegbatch.model.records import TaskRecord
from pegbatch.worker.child import read_child
from pegbatch.worker.lanes import Steps, run_in_lanes
from pegbatch.worker.outcome import Outcome, make_record
from tests.run_layout import task

CHILD = read_child(["s3://b/r", "L0"], {})


def line(name: str, cores: int | None = 1, of: int = 2) -> TaskLine:
    more = {} if cores is None else {"cores": cores, "bag_cores": of}
    return task_from_json({"bag": 0, **task(name), **more})


class Stage:
    """Runs tasks, and knows which of them are running."""

    def __init__(self, during: Callable[[TaskLine], None] = lambda task: None) -> None:
        self.during = during
        self.started: list[str] = []
        self.taken: list[str] = []
        self.expected: list[str] = []
        self.most_cores = 0
        self.lanes: set[int] = set()
        self._cores = 0
        self._lock = threading.Lock()

    def run(self, number: int, task: TaskLine, lane: int) -> TaskRecord:
        with self._lock:
            assert lane not in self.lanes
            self.lanes.add(lane)
            self.started.append(task.id)
            self._cores += task.cores or 0
            self.most_cores = max(self.most_cores, self._cores)
        try:
            self.during(task)
        finally:
            with self._lock:
                self.lanes.remove(lane)
                self._cores -= task.cores or 0
        return make_record(CHILD, task, Outcome(start=0, end=0, trouble=None))

    def take(self, number: int, task: TaskLine, record: TaskRecord) -> None:
        assert record.id == task.id
        self.taken.append(task.id)

    def play(self, tasks: Sequence[TaskLine], parents: Mapping[str, str] | None = None) -> None:
        places = {task.id: number for number, task in enumerate(tasks)}
        steps = Steps(
            run=self.run,
            take=self.take,
            expect=lambda number, task: self.expected.append(task.id),
            parents=lambda number, task: [places[p] for p in (parents or {}).get(task.id, "")],
        )
        run_in_lanes(tasks, range(len(tasks)), steps)


def test_as_many_tasks_run_at_once_as_the_vcpus_hold() -> None:
    both = threading.Barrier(2, timeout=20)
    stage = Stage(lambda task: both.wait() and None)
    stage.play([line(name) for name in "abcd"])
    assert sorted(stage.taken) == list("abcd")
    assert stage.most_cores == 2


def test_a_task_waits_for_its_parents_and_not_for_others() -> None:
    a_may_end = threading.Event()
    rendezvous = {"a": lambda: a_may_end.wait(20), "c": a_may_end.set}
    stage = Stage(lambda task: rendezvous.get(task.id, lambda: None)() and None)
    stage.play([line(name) for name in "abc"], {"c": "b"})
    assert stage.taken == ["b", "c", "a"] or stage.taken == ["b", "a", "c"]


def test_a_large_task_is_passed_over_until_it_fits() -> None:
    stage = Stage()
    stage.play([line("a"), line("B", 2), line("c")])
    assert sorted(stage.started[:2]) == ["a", "c"]
    assert stage.taken[-1] == "B"
    assert stage.expected[0] == "B"


def test_a_task_without_cores_or_with_too_many_has_the_bag_for_itself() -> None:
    seen = []
    stage = Stage(lambda task: seen.append(len(stage.lanes)))
    stage.play([line("a", 9), line("b", None), line("c", 9)])
    assert stage.started == ["a", "b", "c"]
    assert seen == [1, 1, 1]


def test_after_a_fault_nothing_starts_and_what_runs_is_waited_for() -> None:
    failed = threading.Event()

    def during(task: TaskLine) -> None:
        if task.id == "a":
            failed.set()
            raise OSError("the disk is gone")
        failed.wait(20)

    stage = Stage(during)
    with pytest.raises(OSError, match="the disk is gone"):
        stage.play([line(name) for name in "abcdef"])
    assert "b" in stage.taken
    assert len(stage.started) <= 3


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_task_runs_once_after_its_parents_and_within_the_vcpus(data) -> None:
    names = "abcdefghij"[: data.draw(st.integers(1, 10))]
    width = data.draw(st.integers(1, 4))
    tasks = [line(name, data.draw(st.integers(1, width)), width) for name in names]
    parents = {
        name: "".join(data.draw(st.sets(st.sampled_from(names[:number]), max_size=3)))
        for number, name in enumerate(names)
        if number
    }
    done: set[str] = set()
    early: list[str] = []

    def during(task: TaskLine) -> None:
        if not set(parents.get(task.id, "")) <= done:
            early.append(task.id)

    stage = Stage(during)
    take = stage.take
    stage.take = lambda number, task, record: (done.add(task.id), take(number, task, record))[1]  # type: ignore[method-assign]
    stage.play(tasks, parents)
    assert sorted(stage.taken) == sorted(names)
    assert not early
    assert stage.most_cores <= width

"""Whose successes are taken back: who made what is lost, and is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pegbatch.engine.deliveries import Output
from pegbatch.engine.history.past_records import newest_records
from pegbatch.engine.listing import KEYS_A_PAGE
from pegbatch.engine.undone import (
    Deliveries,
    Undone,
    find_undone,
    record_undone,
    with_undone,
)
from pegbatch.model.layout import record_key
from pegbatch.model.manifest import TaskFiles, task_files_from_json
from pegbatch.model.plan import Plan
from pegbatch.model.records import StoredOutput, record_line
from pegbatch.model.tries import Missing
from tests.fakes_store import MemoryStore
from tests.plans import RUN_URL, job, plan
from tests.task_records import task_record

NOTHING = Deliveries()


@dataclass
class Run:
    """A run of which some is done: task `p` makes `data/p`."""

    plan: Plan
    reads: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    delivered: Mapping[str, str] = field(default_factory=dict)
    """By task: a URL elsewhere that gets its output, too."""
    store: MemoryStore = field(default_factory=MemoryStore)
    read: list[str] = field(default_factory=list)

    def put(self, *names: str) -> None:
        for name in names:
            self.store.write(f"{RUN_URL}/data/{name}", b"x")

    def files(self, array: str, bags: Iterable[int]) -> Iterator[TaskFiles]:
        self.read.append(array)
        for bag in bags:
            for id in array.split("-"):
                yield task_files_from_json(self._line(id if "-" in array else f"{id}{bag}", bag))

    def _line(self, id: str, bag: int) -> dict[str, Any]:
        inputs = [{"lfn": lfn, "url": f"data/{lfn}"} for lfn in self.reads.get(id, "").split()]
        output: dict[str, Any] = {"lfn": id, "url": f"data/{id}"}
        if id in self.delivered:
            output["deliver"] = [self.delivered[id]]
        return {
            "bag": bag,
            "id": id,
            "inputs": [*inputs, {"lfn": "seed", "url": "s3://bucket/inputs/1"}],
            "outputs": [output | ({"optional": True} if id in self.optional else {})],
        }

    def undone(self, deliveries: Deliveries = NOTHING, **missing: Missing) -> dict[str, str]:
        self.store.calls.clear()
        found = find_undone(self.store, RUN_URL, self.plan, missing, self.files, deliveries)
        return {one.id: one.file for one in found}


def three_levels() -> Run:
    jobs = (job("p", size=2), job("q", "p", size=2), job("r", "q", size=2))
    return Run(plan(*jobs), {"q0": "p0", "q1": "p1", "r0": "q0", "r1": "q1 p0"})


def test_where_all_is_there_one_look_at_each_needed_file_is_all() -> None:
    run = three_levels()
    run.put("p0", "q1")
    assert run.undone(r=Missing((1,), 1)) == {}
    assert run.store.calls == [("head", f"{RUN_URL}/data/{name}") for name in ("p0", "q1")]
    assert run.read == ["r"]


def test_who_made_what_is_lost_is_undone_and_so_is_who_made_what_that_needs() -> None:
    run = three_levels()
    run.put("q0", "p0")
    assert run.undone(r=Missing((0, 1), 2)) == {"q1": "data/q1", "p1": "data/p1"}
    assert run.store.called("list") == [f"{RUN_URL}/data", f"{RUN_URL}/programs"]
    run.put("p1")
    assert run.undone(r=Missing((0, 1), 2)) == {"q1": "data/q1"}


def test_what_was_put_elsewhere_and_is_lost_there_is_made_again() -> None:
    run = three_levels()
    run.delivered = {"q0": "s3://other/q0", "r1": "s3://other/r1"}
    run.put("p0", "q0", "q1")
    lost = Deliveries(lost=frozenset({"s3://other/q0", "s3://other/r1"}))
    assert run.undone(lost) == {"q0": "s3://other/q0", "r1": "s3://other/r1"}
    assert run.undone(lost, r=Missing((1,), 1)) == {"q0": "s3://other/q0"}


def test_what_missing_tasks_make_themselves_is_not_looked_for() -> None:
    run = three_levels()
    run.put("p0")
    assert run.undone(q=Missing((1,), 1), r=Missing((1,), 1)) == {"p1": "data/p1"}
    everything = {name: Missing((0, 1), 2) for name in "pqr"}
    run.read.clear()
    assert run.undone(**everything) == {}
    assert (run.store.calls, run.read) == ([], [])


def test_in_a_bag_with_a_missing_task_the_others_may_be_undone() -> None:
    run = Run(plan(job("a-b-c", size=1, tasks=3)), {"b": "a", "c": "b"})
    done = Missing((0,), 1, frozenset("ab"))
    assert run.undone(**{"a-b-c": done}) == {"a": "data/a", "b": "data/b"}
    run.put("a", "b")
    assert run.undone(**{"a-b-c": done}) == {}


def test_very_many_needed_files_are_looked_up_in_one_listing() -> None:
    count = KEYS_A_PAGE + 1
    reads = {f"q{n}": f"p{n}" for n in range(count)}
    run = Run(plan(job("p", size=count), job("q", "p", size=count)), reads)
    run.put(*(f"p{n}" for n in range(count) if n != 7))
    assert run.undone(q=Missing(tuple(range(count)), count)) == {"p7": "data/p7"}
    assert run.store.called("head") == []
    assert len(run.store.called("list")) == 2


def test_an_optional_output_is_lost_only_where_its_task_has_made_it() -> None:
    run = replace(three_levels(), optional=frozenset({"q1"}))
    run.put("p0", "p1")
    assert run.undone(r=Missing((1,), 1)) == {}
    made = StoredOutput(lfn="q1", url=f"{RUN_URL}/data/q1", size_bytes=1, sha256="1")
    record = task_record("q1", bag=1, outputs=(made,))
    run.store.write(f"{RUN_URL}/{record_key('q', 1, 1, 1)}", record_line(record))
    assert run.undone(r=Missing((1,), 1)) == {"q1": "data/q1"}


def test_outputs_that_wait_to_be_fetched_are_looked_at_where_anything_is_lost() -> None:
    run = three_levels()
    outputs = [
        Output(lfn=name, url=f"{RUN_URL}/data/{name}", destination=f"file:///out/{name}")
        for name in ("p0", "r0")
    ]
    waiting = Deliveries(outputs=lambda: outputs, is_here=lambda output: False)
    brought = Deliveries(outputs=lambda: outputs, is_here=lambda output: True)
    assert run.undone(waiting, q=Missing((1,), 1)) == {
        "p1": "data/p1", "r0": "data/r0", "q0": "data/q0", "p0": "data/p0"
    }  # fmt: skip
    assert run.undone(brought, q=Missing((1,), 1)) == {"p1": "data/p1"}


def test_undone_tasks_join_what_is_missing_and_their_records_are_one_object_a_bag() -> None:
    undone = [
        Undone(array="a", bag=bag, id=id, file=f"data/{id}")
        for bag, id in ((3, "x"), (1, "y"), (3, "z"))
    ]
    before = {"a": Missing((1, 2), 4, frozenset({"y", "w"}))}
    assert with_undone(before, undone) == {"a": Missing((1, 2, 3), 7)}
    assert with_undone(before, undone)["a"].done == {"w"}
    store = MemoryStore()
    for _ in range(2):
        record_undone(store, RUN_URL, 2, undone, now=5.0)
    assert sorted(store.objects) == [
        f"{RUN_URL}/records/a/1/2.0.jsonl", f"{RUN_URL}/records/a/3/2.0.jsonl"
    ]  # fmt: skip
    found = newest_records(store, RUN_URL, "a", 3)
    assert {(one.id, one.state, one.reason) for one in found.values()} == {
        ("x", "undone", "data/x is lost"), ("z", "undone", "data/z is lost")
    }  # fmt: skip

"""Which bags miss a success: told by marks and records, with few calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest

from pegbatch.engine.findings import list_failures
from pegbatch.engine.missing import Known, find_missing
from pegbatch.errors import ObjectMissing
from pegbatch.model import layout
from pegbatch.model.plan import Plan
from pegbatch.model.records import TaskState, record_line
from pegbatch.model.tries import Missing
from tests import plans
from tests.fakes_store import MemoryStore
from tests.plans import RUN_URL, job
from tests.task_records import task_record

Ids = Mapping[str, Mapping[int, list[str]]]


@dataclass
class Run:
    """A plan, its store, and the ids in the bags where these are more than one each."""

    plan: Plan
    ids: Ids = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)
    bags_read: list[tuple[str, int]] = field(default_factory=list)

    def record(
        self, array: str, bag: int, number: int = 1, attempt: int = 1, **states: TaskState
    ) -> str:
        """Put the records of one attempt, task id to state; return their URL."""
        url = f"{RUN_URL}/{layout.record_key(array, bag, number, attempt)}"
        records = (task_record(id, bag=bag, state=state) for id, state in states.items())
        self.store.write(url, b"".join(record_line(one) for one in records))
        return url

    def mark(self, array: str, bag: int, number: int, failed: int, skipped: int = 0) -> None:
        self.store.write(
            f"{RUN_URL}/{layout.failure_key(array, bag, number, failed, skipped)}", b""
        )

    def complain(self, array: str, bag: int, number: int = 1) -> None:
        self.store.write(f"{RUN_URL}/{layout.complaint_key(array, bag, number, 1)}", b"")

    def missing(
        self,
        *succeeded: str,
        number: int = 1,
        hear: list[str] | None = None,
        **suspects: Collection[int],
    ) -> Mapping[str, Missing]:
        heard: list[str] = [] if hear is None else hear
        self.store.calls.clear()
        return find_missing(
            self.store,
            RUN_URL,
            self.plan,
            self._read_bags,
            failures=list_failures(self.store, RUN_URL),
            known=Known(frozenset(succeeded), number, suspects),
            hear=lambda record: heard.append(record.id),
        )

    def _read_bags(self, array: str, bags: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
        for bag in bags:
            self.bags_read.append((array, bag))
            yield bag, self.ids.get(array, {}).get(bag, [f"{array}{bag}"])


def test_three_failures_among_a_million_tasks_cost_no_read() -> None:
    names = [f"a{n}" for n in range(100)]
    run = Run(plans.plan(*(job(name, size=10_000) for name in names)))
    for bag in (7, 70, 700):
        run.mark("a5", bag, 1, 1)
        run.record("a5", bag, **{f"a5{bag}": "failed"})
    assert run.missing(*names) == {"a5": Missing((7, 70, 700), 3)}
    assert run.store.calls == [("list", f"{RUN_URL}/failures")]
    assert run.bags_read == []


def test_records_of_bags_with_a_complaint_are_read_and_heard() -> None:
    run = Run(plans.plan(job("a", size=10_000)))
    for bag in (7, 70, 700):
        run.mark("a", bag, 1, 1)
        run.record("a", bag, **{f"a{bag}": "failed"})
    run.complain("a", 70)
    heard: list[str] = []
    assert run.missing("a", hear=heard) == {"a": Missing((7, 70, 700), 3)}
    assert heard == ["a70"]
    assert run.store.called("list")[1:] == [f"{RUN_URL}/records/a/70"]
    assert len(run.store.called("read")) == 1


def test_very_many_complaints_are_read_with_one_listing_of_the_array() -> None:
    run = Run(plans.plan(job("a", size=50)))
    for bag in range(50):
        run.mark("a", bag, 1, 1)
        run.complain("a", bag)
        run.record("a", bag, **{f"a{bag}": "failed"})
    assert run.missing("a") == {"a": Missing(tuple(range(50)), 50)}
    assert run.store.called("list") == [f"{RUN_URL}/failures", f"{RUN_URL}/records/a"]
    assert len(run.store.called("read")) == 50


def test_of_a_bag_in_which_some_have_a_success_the_records_tell_which() -> None:
    ids = {"a": {bag: ["x", "y"] for bag in range(3)}}
    run = Run(plans.plan(job("a", size=3, tasks=6)), ids)
    run.mark("a", 0, 1, 1, 1)
    run.record("a", 0, x="failed", y="skipped")
    run.mark("a", 1, 1, 1)
    url = run.record("a", 1, x="succeeded", y="failed")
    found = run.missing("a")
    assert found == {"a": Missing((0, 1), 3)}
    assert found["a"].done == {"x"}
    assert run.store.called("read") == [url]


def test_an_array_that_ended_well_without_marks_is_not_looked_at() -> None:
    run = Run(plans.diamond())
    assert run.missing("first", "middle", "last", "verdict") == {}
    assert run.store.calls == [("list", f"{RUN_URL}/failures")]


def test_a_mark_says_nothing_once_a_later_try_has_run_its_bag() -> None:
    run = Run(plans.plan(job("a", size=3)))
    run.mark("a", 1, 1, 1)
    run.record("a", 1, **{"a1": "failed"})
    run.record("a", 1, number=2, **{"a1": "succeeded"})
    run.mark("a", 2, 1, 1)
    run.mark("a", 2, 2, 0)
    run.mark("a", 99, 2, 1)  # of another plan
    assert run.missing("a", number=2) == {}
    assert run.store.called("read") == []


def test_in_a_later_try_only_its_bags_are_looked_at_and_of_single_tasks_only_its_records() -> None:
    run = Run(plans.plan(job("a", size=4), job("b", size=2), job("c", size=3)))
    for bag in range(4):
        run.record("a", bag, **{f"a{bag}": "succeeded" if bag == 0 else "failed"})
    new = [
        run.record("a", 2, number=2, a2="succeeded"),
        run.record("a", 3, number=2, attempt=4, a3="failed"),
    ]
    found = run.missing(number=2, a=(1, 2, 3), b=())
    assert found == {"a": Missing((1, 3), 2), "c": Missing((0, 1, 2), 3)}
    assert sorted(run.store.called("read")) == new
    assert f"{RUN_URL}/records/b" not in run.store.called("list")


def test_of_longer_bags_of_a_later_try_all_records_are_read() -> None:
    run = Run(plans.plan(job("a", size=3, tasks=6)), {"a": {n: ["x", "y"] for n in range(3)}})
    for bag in (0, 1):
        run.record("a", bag, x="succeeded", y="failed")
    run.record("a", 1, number=2, y="succeeded")
    found = run.missing(number=2, a=(0, 1))
    assert found == {"a": Missing((0,), 1)}
    assert found["a"].done == {"x"}
    assert len(run.store.called("read")) == 3


def test_a_failed_array_with_marks_of_its_own_is_asked_for_its_other_suspects_alone() -> None:
    run = Run(plans.plan(job("a", size=5)))
    for bag in range(5):
        run.record("a", bag, **{f"a{bag}": "succeeded"})
    run.record("a", 3, a3="failed")
    run.mark("a", 3, 1, 1)
    found = run.missing(a=(1, 4))
    assert found == {"a": Missing((3,), 1)}
    assert {url.rsplit("/", 2)[1] for url in run.store.called("read")} == {"1", "4"}


def test_of_any_other_array_bags_without_records_are_missing_and_others_are_compared() -> None:
    ids = {"a": {0: ["x", "y"], 1: ["u", "v"], 2: ["w"], 3: ["z"]}}
    run = Run(plans.plan(job("a", size=4, tasks=6)), ids)
    run.record("a", 0, x="succeeded", y="succeeded")
    run.record("a", 1, u="succeeded", v="failed")
    run.record("a", 2, number=1, w="succeeded")
    run.record("a", 2, number=2, attempt=3, w="failed")
    assert run.missing() == {"a": Missing((1, 3), 2)}


def test_an_array_that_never_ran_is_missing_as_a_whole_and_its_bags_are_not_read() -> None:
    run = Run(plans.plan(job("a", size=4, tasks=6), job("b", size=2)))
    assert run.missing() == {"a": Missing((0, 1, 2, 3), 6), "b": Missing((0, 1), 2)}
    assert run.bags_read == []
    assert run.store.called("read") == []


def test_a_success_of_any_try_counts_whatever_came_after_it() -> None:
    run = Run(plans.plan(job("a", size=2)))
    run.record("a", 0, number=1, attempt=10, a0="failed")
    run.record("a", 0, number=1, attempt=9, a0="succeeded")
    assert run.missing() == {"a": Missing((1,), 1)}


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"{}", b'{"id": 1}', b"[" * 9_999])
def test_a_record_that_cannot_be_read_is_no_success(damage: bytes) -> None:
    run = Run(plans.plan(job("a", size=1)), {"a": {0: ["torn", "whole"]}})
    url = run.record("a", 0, torn="succeeded", whole="succeeded")
    torn, whole = run.store.read(url).splitlines()
    run.store.write(url, damage + b"\n" + whole + b"\n" + torn[:-5])
    run.store.write(f"{RUN_URL}/records/a/0/notes.txt", b"hello")
    run.store.write(f"{RUN_URL}/records/a/other/1.1.jsonl", torn)
    assert run.missing() == {"a": Missing((0,), 1)}


def test_transfers_are_found_missing_as_tasks_are() -> None:
    stage_in = replace(job("stage-in-0", kind="stage-in"), size=3)
    ids = {"stage-in-0": {bag: [f"in-{bag}-{n}" for n in range(2)] for bag in range(3)}}
    run = Run(plans.plan(stage_in, job("barrier-1", kind="barrier")), ids)
    assert run.missing() == {"stage-in-0": Missing((0, 1, 2), 6)}
    run.record("stage-in-0", 1, **{"in-1-0": "succeeded", "in-1-1": "failed"})
    run.record("stage-in-0", 2, **{"in-2-0": "succeeded", "in-2-1": "succeeded"})
    assert run.missing() == {"stage-in-0": Missing((0, 1), 3)}


def test_a_store_that_knows_no_empty_folder_has_no_records() -> None:
    def refuse(operation: str, url: str) -> None:
        if operation == "list":
            raise ObjectMissing("there is nothing", where=url)

    run = Run(plans.plan(job("a", size=2)), store=MemoryStore(refuse))
    assert run.missing() == {"a": Missing((0, 1), 2)}


def test_a_records_file_that_vanishes_after_the_listing_is_no_success() -> None:
    run = Run(plans.plan(job("a", size=1)))
    url = run.record("a", 0, a0="succeeded")
    run.store.before = lambda operation, seen: (
        run.store.objects.pop(url, None) and None if operation == "read" else None
    )
    assert run.missing() == {"a": Missing((0,), 1)}

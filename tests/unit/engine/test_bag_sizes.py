"""Bags of unequal size: a lost child is worth the tasks of its own bag."""

from __future__ import annotations

import gzip
import json

from pegbatch.engine.bag_sizes import read_bag_sizes
from pegbatch.engine.counting import LostChildren
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.loop import look, submit
from pegbatch.engine.lost import find_lost
from pegbatch.model.layout import bags_file, index_file, plan_key
from pegbatch.model.manifest import IndexLine, format_index_line
from pegbatch.model.run_status import TaskCounts
from pegbatch.ports import JobState
from tests.fakes_store import MemoryStore
from tests.plans import RUN_URL, Bench, job, plan


def put_bags(store: MemoryStore, array: str, members: list[list[int]]) -> None:
    """Write bags of the given sizes, some in one gzip member."""
    data, index, bag = b"", b"", 0
    for sizes in members:
        text = ""
        for size in sizes:
            text += f"{json.dumps({'bag': bag})}\n" * size
            bag += 1
        member = gzip.compress(text.encode())
        lines = range(bag - len(sizes), bag)
        index += b"".join(format_index_line(IndexLine(n, len(data), len(member))) for n in lines)
        data += member
    store.write(f"{RUN_URL}/{plan_key(bags_file(array))}", data)
    store.write(f"{RUN_URL}/{plan_key(index_file(array))}", index)


def test_the_sizes_of_bags_are_read_once_a_member() -> None:
    store = MemoryStore()
    put_bags(store, "L0", [[3, 1], [4], [2, 5]])
    store.calls.clear()
    assert read_bag_sizes(store, RUN_URL, "L0", {0, 1, 4}) == {0: 3, 1: 1, 4: 5}
    assert len(store.calls) == 3


def test_without_the_plan_in_the_store_no_size_is_known() -> None:
    assert read_bag_sizes(MemoryStore(), RUN_URL, "L0", {0}) == {}


def test_lost_children_are_worth_the_tasks_of_their_own_bags() -> None:
    bench = Bench(plan(job("only", size=4, tasks=13)))
    bench.start()
    submit(bench.context())
    put_bags(bench.store, "only", [[4, 4], [4, 1]])
    bench.jobs.set_state("job-0", "FAILED", children={"SUCCEEDED": 2, "FAILED": 2})
    bench.jobs.lost["job-0"] = [
        JobState(job_id="job-0:0", name="n", status="FAILED", reason="Dependent Job failed"),
        JobState(job_id="job-0:3", name="n", status="FAILED", reason="Host EC2 (i) terminated"),
    ]
    state = look(bench.context())
    counts, _ = find_lost(bench.jobs, bench.store, bench.plan, state, {})
    lost = LostChildren(failed=1, skipped=1, tasks_in_failed=1, tasks_in_skipped=4)
    assert counts == {"only": lost}
    status = build_status(bench.plan, state, Findings(lost=counts), now=0.0)
    assert status.tasks == TaskCounts(total=13, succeeded=8, failed=1, skipped=4)

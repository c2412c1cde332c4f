"""Looking at a run again and again: what is asked for when, and what is left as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from pegbatch.engine import loop
from pegbatch.engine.context import Context
from pegbatch.engine.looking.looker import Looker, LookSettings
from pegbatch.errors import JobServiceError, StoreError
from pegbatch.model.estimate import MachinePrice, PriceTable
from pegbatch.model.layout import failure_key, join_url, retry_key
from pegbatch.model.queue_facts import EnvironmentFacts, QueueFacts
from pegbatch.model.run_look import RunLook
from pegbatch.ports import JobState
from tests.fakes import FakeJobs
from tests.plans import QUEUE, RUN_URL, Bench, job, plan

MACHINE = MachinePrice(name="m", vcpu_hour=3.6, gib_per_vcpu=4)
SETTINGS = LookSettings(
    prices=PriceTable(currency="EUR", region="here", date="2026-01-01", sources=(), machines={}),
    machine=MACHINE,
    list_seconds=10.0,
    why_seconds=100.0,
    quiet_seconds=60.0,
    submit_dir="d",
)
FACTS = QueueFacts(
    name=QUEUE,
    state="ENABLED",
    status="VALID",
    environments=(EnvironmentFacts(name="ce", state="DISABLED", status="VALID"),),
)


class ListedJobs(FakeJobs):
    """Jobs whose children are invented as their counts say; listing them is noted."""

    reason = ""
    """Of children that wait."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[tuple[str, str]] = []

    def children(self, job_id: str, status: str) -> Iterator[JobState]:
        self.listed.append((job_id, status))
        return (child for child in self._invented(job_id) if child.status == status)

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        shown = dict(super().describe(job_ids))
        for array in {one.rpartition(":")[0] for one in job_ids} & self.jobs.keys():
            shown |= {one.job_id: one for one in self._invented(array) if one.job_id in job_ids}
        return shown

    def _invented(self, job_id: str) -> Iterator[JobState]:
        counts = self.jobs[job_id].children
        for index, status in enumerate(Counter(counts).elements()):
            child = JobState(job_id=f"{job_id}:{index}", name="n", status=status)
            if status == "RUNNABLE":
                yield replace(child, reason=self.reason)
            else:
                yield replace(child, started=900.0, stopped=1_000.0)


def bench_of() -> tuple[Bench, ListedJobs]:
    """Return a run of one array of 10, all submitted."""
    jobs = ListedJobs()
    bench = Bench(plan(job("a", size=10), job("verdict", "a", kind="verdict")), jobs=jobs)
    bench.start()
    loop.submit(bench.context())
    jobs.set_state("job-0", "PENDING", children={"RUNNABLE": 10})
    jobs.queues[QUEUE] = FACTS
    return bench, jobs


def looked(looker: Looker, context: Context, **known: float) -> RunLook:
    loop.look(context)
    return looker.look(context, **known)


def put(bench: Bench, key: str) -> None:
    bench.store.write(join_url(RUN_URL, key), b"")


def test_failures_and_retries_come_from_one_list_that_is_not_repeated_too_soon() -> None:
    bench, jobs = bench_of()
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNING": 6})
    put(bench, failure_key("a", 1, 1, 1, 0))
    put(bench, retry_key("a", 2, 1, 2, lost=True))
    put(bench, retry_key("a", 3, 1, 2, lost=False))
    looker, context = Looker(SETTINGS, bears=False), bench.context(may_submit=False)
    bench.store.calls.clear()
    look = looked(looker, context)
    assert (look.retries, look.lost_children) == (2, 1)
    assert (look.status.tasks.failed, look.status.tasks.succeeded) == (1, 3)
    assert bench.store.calls == [("list", f"{RUN_URL}/failures")]
    looked(looker, context)
    assert len(bench.store.calls) == 1
    bench.clock.time += 10
    looked(looker, context)
    assert len(bench.store.calls) == 2


def test_cost_comes_from_children_in_the_same_calls_and_stays_until_there_is_another() -> None:
    bench, jobs = bench_of()
    looker, context = Looker(SETTINGS, bears=False), bench.context(may_submit=False)
    assert looked(looker, context).cost is None
    bench.clock.time += 100
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNING": 6})
    jobs.described.clear()
    cost = looked(looker, context).cost
    assert cost is not None and cost.amount == pytest.approx(10 * 100 / 3600 * 3.6)
    assert (cost.currency, cost.is_paid) == ("EUR", False)
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 10})
    assert looker.look(context).cost == cost
    assert jobs.listed == [] and len(jobs.described) == 1


def test_where_no_child_could_be_asked_the_figure_of_the_last_look_is_told() -> None:
    bench, jobs = bench_of()
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNABLE": 6})
    bench.clock.time += 100
    cost = looked(Looker(SETTINGS, bears=False), bench.context(may_submit=False)).cost
    found = Looker(SETTINGS, bears=False).look(bench.context(may_submit=False))
    assert cost is not None and found.cost == cost
    assert [event.body["spent"] for event in bench.runs.log if event.kind == "seen"] == [
        ((1, 1024, 400.0, 4),)
    ]


def test_a_container_is_billed_for_the_least_time_at_least() -> None:
    bench, jobs = bench_of()
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNABLE": 6})
    dear = replace(SETTINGS, machine=replace(MACHINE, least_seconds=3_600.0))
    cost = looked(Looker(dear, bears=False), bench.context(may_submit=False)).cost
    assert cost is not None and cost.vcpu_hours == 4.0


def test_why_nothing_starts_is_asked_after_a_while_and_not_while_something_runs() -> None:
    bench, jobs = bench_of()
    looker, context = Looker(SETTINGS, bears=False), bench.context(may_submit=False)
    assert looked(looker, context).waiting_for == () and jobs.queues_asked == []
    bench.clock.time += 60
    (waiting,) = looked(looker, context).waiting_for
    assert waiting.array == "a" and "compute environment ce of queue" in waiting.why
    looked(looker, context)
    assert jobs.queues_asked == [QUEUE]
    jobs.set_state("job-0", "PENDING", children={"RUNNABLE": 9, "RUNNING": 1})
    bench.clock.time += 60
    assert looked(looker, context).waiting_for == ()


def test_reasons_of_many_arrays_take_one_list_of_children_and_one_look_at_the_queue() -> None:
    jobs = ListedJobs()
    names = [f"a{number}" for number in range(9)]
    bench = Bench(plan(*(job(name, size=3) for name in names)), jobs=jobs)
    bench.start()
    loop.submit(bench.context())
    for job_id in tuple(jobs.jobs):
        jobs.set_state(job_id, "PENDING", children={"RUNNABLE": 3})
    jobs.queues[QUEUE] = FACTS
    bench.clock.time += 60
    before = bench.context().state.changed
    context = bench.context(may_submit=False)
    waiting = looked(Looker(SETTINGS, bears=False), context, quiet_since=before).waiting_for
    assert [one.array for one in waiting] == names[:5]
    assert jobs.listed == [("job-0", "RUNNABLE")] and jobs.queues_asked == [QUEUE]


def test_a_reason_that_a_sampled_child_gives_is_not_asked_for_again() -> None:
    bench, jobs = bench_of()
    jobs.reason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none of m5"
    before = bench.context(may_submit=False).state.changed
    bench.clock.time += 60
    context = bench.context(may_submit=False)
    (waiting,) = looked(Looker(SETTINGS, bears=False), context, quiet_since=before).waiting_for
    assert "none of m5" in waiting.why and jobs.listed == []


def test_one_who_looks_once_counts_from_what_was_seen_before() -> None:
    bench, _ = bench_of()
    before = bench.context(may_submit=False).state.changed
    bench.clock.time += 60
    context = bench.context(may_submit=False)
    assert looked(Looker(SETTINGS, bears=False), context, quiet_since=before).waiting_for


def test_where_somebody_else_submits_nothing_is_said_of_what_is_not_submitted() -> None:
    bench, jobs = bench_of()
    half = Bench(bench.plan, jobs=jobs)
    half.start()
    half.event("uploaded", files=0, bytes=0)
    half.event("intent", array="a", job_name="n", job_queue=QUEUE)
    half.clock.time += 60
    jobs.queues[QUEUE] = replace(FACTS, state="DISABLED")
    for context in (half.context(writes=False, may_submit=False), half.context(may_submit=True)):
        assert Looker(SETTINGS, bears=False).look(context).waiting_for == ()
    found = Looker(SETTINGS, bears=False).look(half.context(may_submit=False)).waiting_for
    assert [one.array for one in found] == ["a"] and "DISABLED" in found[0].why
    assert "pegbatch run d" in found[0].next


def test_who_looks_less_closely_asks_for_nothing_dear() -> None:
    bench, jobs = bench_of()
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNABLE": 6})
    bench.clock.time += 600
    look = looked(Looker(SETTINGS, bears=False, closely=False), bench.context(may_submit=False))
    assert look.cost is None and look.waiting_for == ()
    assert jobs.listed == [] and jobs.queues_asked == []


def test_what_cannot_be_asked_for_is_left_as_it_was_by_who_bears() -> None:
    bench, jobs = bench_of()

    class Broken(ListedJobs):
        def children(self, job_id: str, status: str) -> Iterator[JobState]:
            raise JobServiceError("no")

        def queue(self, name: str) -> QueueFacts | None:
            raise JobServiceError("no")

    def refuse(operation: str, url: str) -> None:
        raise StoreError("no")

    broken = Broken()
    broken.jobs, broken.bodies = jobs.jobs, jobs.bodies
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNABLE": 6})
    bench.jobs = broken
    bench.store.before = refuse
    bench.clock.time += 600
    look = looked(Looker(SETTINGS, bears=True), bench.context(may_submit=False))
    assert look.status.tasks.succeeded == 4 and look.retries == 0 and look.waiting_for == ()
    with pytest.raises(StoreError):
        Looker(SETTINGS, bears=False).look(bench.context(may_submit=False))


def test_how_far_the_run_was_goes_into_the_log_now_and_then() -> None:
    bench, jobs = bench_of()
    jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": 4, "RUNNABLE": 6})
    looker, context = Looker(SETTINGS, bears=False), bench.context(may_submit=False)
    for _ in range(7):
        looked(looker, context)
        bench.clock.time += 15
    assert [event.body["done"] for event in bench.runs.log if event.kind == "seen"] == [4] * 3


def test_the_end_of_the_run_keeps_what_it_has_taken() -> None:
    bench, jobs = bench_of()
    for job_id in ("job-0", "job-1"):
        jobs.set_state(job_id, "SUCCEEDED")
    jobs.jobs["job-0"] = replace(jobs.jobs["job-0"], children={"SUCCEEDED": 10})
    context = bench.context(may_submit=False)
    loop.look(context)
    assert context.state.outcome == "succeeded"
    jobs.jobs.clear()
    cost = Looker(SETTINGS, bears=False).look(context).cost
    assert cost is not None and cost.vcpu_hours == pytest.approx(10 * 100 / 3600)

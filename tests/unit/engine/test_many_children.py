"""What is asked, and written down, where arrays have many children."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.engine.cancelling import cancel
from pegbatch.engine.counting import LostChildren
from pegbatch.engine.loop import look, submit, wait
from pegbatch.engine.lost import find_lost
from pegbatch.model.layout import record_key
from pegbatch.model.run_status import FAILURES_SHOWN
from pegbatch.ports import JobState
from tests.fakes import FakeJobs
from tests.plans import RUN_URL, Bench, job, plan


class AskedJobs(FakeJobs):
    """Notes whose children are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def children(self, job_id: str, status: str) -> Iterator[JobState]:
        self.asked.append(job_id)
        return super().children(job_id, status)


def bench_of_two() -> tuple[Bench, AskedJobs]:
    jobs = AskedJobs()
    bench = Bench(plan(job("first", size=1_000), job("next", "first", size=1_000)), jobs=jobs)
    bench.start()
    submit(bench.context())
    return bench, jobs


def ended_by_host(number: int) -> JobState:
    reason = "Host EC2 (i) terminated"
    return JobState(job_id=f"job-0:{number}", name="n", status="FAILED", reason=reason)


def test_children_behind_an_array_that_failed_are_not_asked_for_one_by_one() -> None:
    bench, jobs = bench_of_two()
    jobs.set_state("job-0", "FAILED", children={"SUCCEEDED": 999, "FAILED": 1})
    jobs.set_state("job-1", "FAILED", reason="whatever", children={"FAILED": 1_000})
    jobs.lost["job-0"] = [ended_by_host(3)]
    state = look(bench.context())
    jobs.asked.clear()
    counts, children = find_lost(jobs, bench.store, bench.plan, state, {})
    assert jobs.asked == ["job-0"]
    assert counts == {"first": LostChildren(failed=1), "next": LostChildren(skipped=1_000)}
    assert [(child.array, child.bag) for child in children] == [("first", 3)]


def test_of_children_that_failed_only_those_that_are_shown_are_kept() -> None:
    bench, jobs = bench_of_two()
    jobs.set_state("job-0", "FAILED", children={"FAILED": 1_000})
    jobs.set_state("job-1", "FAILED", children={"FAILED": 1_000})
    jobs.lost["job-0"] = [ended_by_host(number) for number in range(1_000)]
    counts, children = find_lost(jobs, bench.store, bench.plan, look(bench.context()), {})
    assert counts["first"] == LostChildren(failed=1_000)
    assert [child.bag for child in children] == list(range(FAILURES_SHOWN))


def test_children_that_had_not_begun_when_the_cancel_came_are_not_asked_for() -> None:
    bench, jobs = bench_of_two()
    jobs.set_state("job-0", "PENDING", children={"RUNNABLE": 1_000})
    cancel(bench.context())
    state = wait(bench.context())
    assert state.unstarted == {"first", "next"}
    assert (state.outcome, jobs.asked) == ("cancelled", [])


def test_children_that_left_a_record_after_the_cancel_are_asked_for() -> None:
    bench, jobs = bench_of_two()
    jobs.set_state("job-0", "PENDING", children={"RUNNABLE": 1_000})
    cancel(bench.context())
    bench.store.write(f"{RUN_URL}/{record_key('first', 7, 1, 1)}", b"")
    wait(bench.context())
    assert jobs.asked == ["job-0"]


def test_children_that_ran_when_the_cancel_came_are_asked_for() -> None:
    bench, jobs = bench_of_two()
    jobs.set_state("job-0", "PENDING", children={"RUNNABLE": 999, "RUNNING": 1})
    cancel(bench.context())
    state = wait(bench.context())
    assert state.unstarted == {"next"}
    assert jobs.asked == ["job-0"] * 2  # why they failed, and how long they ran


def test_counts_that_change_alone_are_known_and_not_written_down() -> None:
    bench, jobs = bench_of_two()
    context = bench.context()
    for done in range(5):
        jobs.set_state("job-0", "PENDING", children={"SUCCEEDED": done, "RUNNABLE": 1_000 - done})
        look(context)
    assert context.state.arrays["first"].children == {"SUCCEEDED": 4, "RUNNABLE": 996}
    assert bench.runs.kinds().count("state") == 2

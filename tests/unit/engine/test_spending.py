"""What containers have taken, from a few calls whatever the size of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pegbatch.engine.looking.spending import CALLS, find_spent
from pegbatch.engine.loop import look
from pegbatch.engine.state import RunState
from pegbatch.model.marks import Restarts
from pegbatch.model.plan import JobKind, Resources
from pegbatch.model.run_look import Spell
from pegbatch.ports import JobAttempt, JobState
from tests.fakes import FakeJobs
from tests.plans import Bench, job, plan


class TimedJobs(FakeJobs):
    """Jobs whose children ran for so many seconds, by state."""

    def __init__(self, seconds: Mapping[str, float | None]) -> None:
        super().__init__()
        self.seconds = seconds
        self.listed: list[tuple[str, str]] = []
        self.handed_out = 0

    def children(self, job_id: str, status: str) -> Iterator[JobState]:
        self.listed.append((job_id, status))
        seconds = self.seconds[status]
        for child in range(self.jobs[job_id].children[status]):
            self.handed_out += 1
            started = None if seconds is None else 1_000.0 - seconds
            stopped = None if status == "RUNNING" or seconds is None else 1_000.0
            yield JobState(
                job_id=f"{job_id}:{child}",
                name="n",
                status=status,
                started=started,
                stopped=stopped,
            )


def state_of(
    jobs: TimedJobs,
    arrays: Mapping[str, Mapping[str, int]],
    kind: JobKind = "compute",
    **vcpus: int,
) -> RunState:
    """Return a run with arrays whose children stand so; of one child: a plain job."""
    planned = []
    for name, children in arrays.items():
        one = job(name, size=sum(children.values()), kind=kind)
        planned.append(replace(one, resources=Resources(vcpus.get(name, 1), 1024)))
    bench = Bench(plan(*planned), jobs=jobs)
    bench.start()
    bench.event("uploaded", files=0, bytes=0)
    for name, children in arrays.items():
        (status,) = children if sum(children.values()) == 1 else ("PENDING",)
        jobs.jobs[name] = JobState(job_id=name, name=name, status=status, children=children)
        bench.event("submitted", array=name, job_name=name, job_id=name)
    return look(bench.context(may_submit=False))


def test_the_mean_of_those_that_are_listed_stands_for_all() -> None:
    jobs = TimedJobs({"SUCCEEDED": 60.0, "RUNNING": 30.0})
    state = state_of(jobs, {"a": {"SUCCEEDED": 9_000, "RUNNING": 100, "RUNNABLE": 900}}, a=4)
    spent = find_spent(jobs, state, Restarts(), 1_000.0)
    assert spent == (Spell(4, 1024, 9_000 * 60.0 + 100 * 30.0, 9_100),)
    assert jobs.listed == [("a", "SUCCEEDED"), ("a", "RUNNING")]
    assert jobs.handed_out == 1_100  # a page of each, no more


def test_of_many_arrays_a_few_are_asked_the_largest_first() -> None:
    jobs = TimedJobs({"SUCCEEDED": 10.0})
    arrays = {f"a{number}": {"SUCCEEDED": 2 + number} for number in range(100)}
    spent = find_spent(jobs, state_of(jobs, arrays), Restarts(), 1_000.0)
    children = sum(2 + number for number in range(100))
    assert spent == (Spell(1, 1024, 10.0 * children, children),)
    assert len(jobs.listed) == CALLS
    assert {name for name, _ in jobs.listed} == {f"a{number}" for number in range(80, 100)}


def test_where_nothing_has_begun_or_no_times_are_shown_nothing_is_told() -> None:
    jobs = TimedJobs({"SUCCEEDED": None})
    state = state_of(jobs, {"a": {"RUNNABLE": 5}, "b": {"PENDING": 1}})
    assert find_spent(jobs, state, Restarts(), 0.0) == ()
    assert jobs.listed == [] and len(jobs.described) == 1
    assert find_spent(jobs, state_of(jobs, {"c": {"SUCCEEDED": 5}}), Restarts(), 0.0) == ()


def test_children_that_failed_without_ever_starting_took_nothing() -> None:
    jobs = TimedJobs({"SUCCEEDED": 10.0, "FAILED": None})
    state = state_of(jobs, {"a": {"SUCCEEDED": 4, "FAILED": 6}})
    assert find_spent(jobs, state, Restarts(), 1_000.0)[0].seconds == 40.0


def test_starts_that_a_retry_followed_count_as_long_as_the_mean_of_their_array() -> None:
    jobs = TimedJobs({"SUCCEEDED": 10.0})
    state = state_of(jobs, {"a": {"SUCCEEDED": 4}, "b": {"SUCCEEDED": 6}}, b=2)
    restarts = Restarts(again=2, lost=1, by_array={("a", 1): 2, ("b", 2): 1})
    spent = find_spent(jobs, state, restarts, 1_000.0)
    assert spent == (Spell(1, 1024, 60.0, 6), Spell(2, 1024, 60.0, 6))


def test_helpers_are_left_out() -> None:
    jobs = TimedJobs({})
    state = state_of(jobs, {"a": {"SUCCEEDED": 1}}, kind="verdict")
    jobs.jobs["a"] = replace(jobs.jobs["a"], started=200.0, stopped=260.0)
    assert find_spent(jobs, state, Restarts(), 1_000.0) == ()


def test_a_plain_job_tells_of_all_its_starts() -> None:
    jobs = TimedJobs({})
    state = state_of(jobs, {"a": {"SUCCEEDED": 1}})
    attempts = (JobAttempt(start=100.0, end=130.0), JobAttempt(start=200.0, end=260.0))
    jobs.jobs["a"] = replace(jobs.jobs["a"], started=200.0, stopped=260.0, attempts=attempts)
    assert find_spent(jobs, state, Restarts(), 1_000.0) == (Spell(1, 1024, 90.0, 2),)
    running = replace(jobs.jobs["a"], status="RUNNING", started=940.0, stopped=None)
    jobs.jobs["a"] = replace(running, attempts=attempts[:1])
    assert find_spent(jobs, state, Restarts(), 1_000.0) == (Spell(1, 1024, 90.0, 2),)


def test_plain_jobs_are_described_a_hundred_at_a_time_within_the_bound() -> None:
    jobs = TimedJobs({"SUCCEEDED": 1.0})
    state = state_of(jobs, {f"p{number}": {"SUCCEEDED": 1} for number in range(1_200)})
    jobs.described.clear()
    timed = {name: replace(one, started=1.0, stopped=8.0) for name, one in jobs.jobs.items()}
    jobs.jobs.update(timed)
    assert find_spent(jobs, state, Restarts(), 1_000.0) == (Spell(1, 1024, 1_200 * 7.0, 1_200),)
    assert [len(asked) for asked in jobs.described] == [CALLS * 100 // 2]

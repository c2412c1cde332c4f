"""Which logs there are, and when Batch is asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pegbatch.engine.folding import fold
from pegbatch.engine.history.past_tries import past_tries
from pegbatch.engine.logs.book import LogBook
from pegbatch.engine.logs.places import SubmittedArray, batch_logs, stored_logs, submissions
from pegbatch.engine.state import new_state
from pegbatch.errors import JobServiceUnreachable
from pegbatch.model.events import RunEvent
from pegbatch.model.layout import log_key
from pegbatch.model.logs import AttemptLog
from pegbatch.model.plan import Job, Plan, Resources
from pegbatch.ports import JobAttempt, JobService, JobState
from tests.fakes import FakeJobs
from tests.fakes_store import MemoryStore

RUN = "s3://bucket/run"
JOB = Job(
    name="L0",
    kind="compute",
    level=0,
    size=4,
    tasks=4,
    transformations=("t",),
    resources=Resources(1, 512),
    attempts=3,
    timeout_seconds=None,
    depends_on=(),
)
NOTHING = {"reason": "", "children": {}}
STARTED = {"try": 1, "run_url": RUN, "service": "local", "job_prefix": "n"}
FIRST = SubmittedArray(number=1, job=JOB, job_id="j", status="SUCCEEDED")


class CountedJobs(FakeJobs):
    """Children that stand still; every call is counted by `connected`."""

    connected = 0


def shelf(*names: tuple[int, int, int]) -> MemoryStore:
    store = MemoryStore()
    for bag, number, attempt in names:
        store.put_bare(f"{RUN}/{log_key('L0', bag, number, attempt)}", b"said\n")
    return store


def book(
    store: MemoryStore, jobs: CountedJobs, *of_tries: SubmittedArray, notes: list[str] | None = None
) -> LogBook:
    def connect() -> JobService:
        jobs.connected += 1
        return jobs

    heard = [] if notes is None else notes
    return LogBook(
        store=store, jobs=connect, run_url=RUN, submissions={"L0": of_tries}, on_note=heard.append
    )


def child(index: int, status: str, *streams: str, running: str | None = None) -> JobState:
    return JobState(
        job_id=f"j:{index}",
        name="n",
        status=status,
        log_stream=running or (streams[-1] if streams else None),
        started=1.0 if streams or running else None,
        attempts=tuple(JobAttempt(start=1.0, end=2.0, log_stream=one) for one in streams),
    )


def known(jobs: CountedJobs, *children: JobState) -> CountedJobs:
    jobs.jobs = {one.job_id: one for one in children}
    jobs.lost = {"j": list(children)}
    return jobs


def keys(logs: Sequence[AttemptLog]) -> list[tuple[int, int, int, str]]:
    return [(log.bag, log.number, log.attempt, log.stream) for log in logs]


def test_of_an_array_that_went_well_nobody_is_asked() -> None:
    jobs = CountedJobs()
    found = book(shelf((2, 1, 1), (0, 1, 1), (0, 1, 2)), jobs, FIRST)
    assert keys(found.of_array("L0")) == [(0, 1, 1, ""), (0, 1, 2, ""), (2, 1, 1, "")]
    assert keys(found.of_child("L0", 0)) == [(0, 1, 1, ""), (0, 1, 2, "")]
    assert jobs.connected == 0


def test_an_attempt_that_is_missing_between_others_is_asked_for() -> None:
    jobs = known(CountedJobs(), child(1, "SUCCEEDED", "s1", "s2"))
    found = book(shelf((0, 1, 1), (1, 1, 2)), jobs, FIRST)
    expected = [(1, 1, 1, "s1"), (1, 1, 2, "")]
    assert keys(found.of_child("L0", 1)) == expected
    assert keys(found.of_array("L0")) == [(0, 1, 1, ""), *expected]
    assert set(jobs.described) == {("j:1",)}


def test_children_that_run_or_failed_are_asked_for_and_those_that_never_began_are_not() -> None:
    jobs = known(
        CountedJobs(),
        child(0, "SUCCEEDED", "s0"),
        child(1, "RUNNING", "s1", running="s1b"),
        child(2, "FAILED", "s2"),
        child(3, "FAILED"),
    )
    found = book(shelf((0, 1, 1)), jobs, replace(FIRST, status="PENDING")).of_array("L0")
    assert keys(found) == [(0, 1, 1, ""), (1, 1, 1, "s1"), (1, 1, 2, "s1b"), (2, 1, 1, "s2")]
    assert [log.running for log in found] == [False, False, True, False]
    assert jobs.described == [("j:1", "j:2")]


def test_what_lies_in_the_store_is_not_read_from_cloudwatch() -> None:
    jobs = known(CountedJobs(), child(1, "FAILED", "s1", "s2"))
    found = book(shelf((1, 1, 1)), jobs, replace(FIRST, status="FAILED"))
    assert keys(found.of_child("L0", 1)) == [(1, 1, 1, ""), (1, 1, 2, "s2")]


def test_where_batch_cannot_be_asked_the_store_is_shown() -> None:
    class Silent(CountedJobs):
        def describe(self, job_ids: Sequence[str]) -> dict[str, JobState]:
            raise JobServiceUnreachable("nobody listens")

    notes: list[str] = []
    failed = replace(FIRST, status="FAILED")
    found = book(shelf((1, 1, 1)), Silent(), failed, notes=notes)
    assert keys(found.of_child("L0", 1)) == [(1, 1, 1, "")]
    assert notes == ["only what is in the store is shown: nobody listens"]


def test_a_bag_keeps_its_number_in_every_try() -> None:
    second = SubmittedArray(number=2, job=replace(JOB, size=2), job_id="k", bags=(1, 3))
    assert [second.child_id(bag) for bag in range(4)] == [None, "k:0", None, "k:1"]
    assert second.bag_of("k:1") == 3
    alone = SubmittedArray(number=3, job=replace(JOB, size=1), job_id="m", bags=(3,))
    assert (alone.child_id(3), alone.bag_of("m")) == ("m", 3)
    (log,) = batch_logs(second, 3, child(1, "FAILED", "s"))
    assert (log.bag, log.number) == (3, 2)


def test_what_each_try_submitted_is_read_from_the_log_of_the_run() -> None:
    plan = Plan(
        workflow="w",
        tasks=4,
        files=0,
        levels=1,
        jobs=(JOB,),
        staging_url=RUN,
        uploads=0,
        outputs=0,
    )
    events = [
        RunEvent(0.5, "run-started", STARTED),
        RunEvent(1.0, "submitted", {"try": 1, "array": "L0", "job_name": "n", "job_id": "j"}),
        RunEvent(3.0, "state", {"try": 1, "array": "L0", "status": "RUNNING", **NOTHING}),
        RunEvent(4.0, "state", {"try": 1, "array": "L0", "status": "SUCCEEDED", **NOTHING}),
    ]
    state = fold(new_state(plan), events)
    found = submissions(past_tries(plan, state, {}, events), events)
    assert found == {"L0": [FIRST]}


def test_other_objects_among_the_logs_are_passed_over() -> None:
    store = shelf((0, 1, 1))
    for name in ("x", "1.2.log", "a.1.1.log", "1.1.1.log/x", "1.1.1.txt"):
        store.put_bare(f"{RUN}/logs/L0/{name}", b"")
    assert keys(stored_logs(store, RUN, "L0")) == [(0, 1, 1, "")]
    assert stored_logs(store, RUN, "L5") == []

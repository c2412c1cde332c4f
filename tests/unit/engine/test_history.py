"""The history of a run, from records, log and what Batch still knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from pegbatch.engine.folding import fold
from pegbatch.engine.history.building import build_history, read_past
from pegbatch.engine.history.past_tries import past_tries
from pegbatch.engine.history.unexplained import ask
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.state import new_state
from pegbatch.model.child_lines import ChildLine, child_line
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.layout import record_key
from pegbatch.model.plan import Job, JobLink, LinkType, Plan
from pegbatch.model.records import TaskRecord, TaskState, record_line, undone_record
from pegbatch.model.tries import Try
from pegbatch.ports import JobAttempt, JobState
from tests.fakes import FakeJobs
from tests.fakes_store import MemoryStore
from tests.plans import RUN_URL, job, plan
from tests.task_records import task_record

SENT = 100.0
"""When all jobs of the first try were submitted."""


def record(id: str, state: TaskState, start: float, end: float) -> TaskRecord:
    reason = "" if state == "succeeded" else f"{id} is {state}"
    said = {"stdout_tail": "out", "stderr_tail": "err"}
    return task_record(id, state=state, reason=reason, start=start, end=end, **said)


@dataclass
class Run:
    """A run in memory, as its log and its store tell of it."""

    plan: Plan
    tries: Mapping[int, Try] = field(default_factory=dict)
    store: MemoryStore = field(default_factory=MemoryStore)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    log: list[RunEvent] = field(default_factory=list)

    def begin(self, number: int = 1, time: float = SENT) -> None:
        """Submit every job of a try; a job's id is its name and the try."""
        started = {"run_url": RUN_URL, "service": "local", "job_prefix": "x-1"}
        self.note("run-started", number, time, **started)
        self.note("uploaded", number, time)
        for one in self.plan.jobs if number == 1 else self.tries[number].jobs:
            self.note("intent", number, time, array=one.name, job_name="n", job_queue="q")
            sent = {"array": one.name, "job_name": "n", "job_id": f"{one.name}-{number}"}
            self.note("submitted", number, time, **sent)

    def end(self, number: int = 1, time: float = 900.0) -> None:
        self.note("finished", number, time, state="failed")

    def note(self, kind: EventKind, number: int, time: float, **body: object) -> None:
        self.log.append(RunEvent(time, kind, {"try": number, **body}))

    def leave(
        self,
        array: str,
        bag: int,
        *records: TaskRecord,
        attempt: int = 1,
        number: int = 1,
        times: tuple[float, float | None] | None = None,
        exit_code: int | None = 0,
        reason: str = "",
    ) -> None:
        """Put what one attempt leaves; with times, also what it says of itself."""
        texts = [record_line(one) for one in records]
        if times is not None:
            own = ChildLine(bag=bag, try_=number, attempt=attempt, host="h", start=times[0])
            texts.insert(0, child_line(own))
            if times[1] is not None:
                again = exit_code == 75
                ended = replace(own, end=times[1], exit_code=exit_code, again=again, reason=reason)
                texts.append(child_line(ended))
        url = f"{RUN_URL}/{record_key(array, bag, number, attempt)}"
        self.store.write(url, b"".join(texts))

    def tells(self, job_id: str, status: str, *attempts: JobAttempt, **more: object) -> None:
        """Let Batch know a job, or a child."""
        state = JobState(job_id=job_id, name="n", status=status, attempts=attempts)
        self.jobs.jobs[job_id] = replace(state, **more)  # type: ignore[arg-type]

    def history(self) -> History:
        state = fold(new_state(self.plan, self.tries), self.log)
        tries = past_tries(self.plan, state, self.tries, self.log)
        past = read_past(self.store, self.plan, RUN_URL, tries)
        told = ask(self.jobs, past.questions) if past.questions else {}
        status = build_status(self.plan, state, Findings(), now=1_000.0)
        return build_history(self.plan, state, status, {}, past, told)


def linked(name: str, *links: tuple[str, LinkType], size: int) -> Job:
    return replace(job(name, size=size), depends_on=tuple(JobLink(*link) for link in links))


def shape(attempts: Sequence[ChildAttempt]) -> list[tuple[object, ...]]:
    return [(one.array, one.bag, one.try_, one.attempt, one.state) for one in attempts]


def waits(attempts: Sequence[ChildAttempt]) -> list[float | None]:
    return [one.waited_seconds for one in attempts]


def test_records_tell_executions_and_attempts_and_batch_is_not_asked() -> None:
    run = Run(plan(job("a", size=2)))
    run.begin()
    run.leave("a", 0, record("t0", "succeeded", 110, 115), times=(109, 116))
    run.leave("a", 1, record("t1", "failed", 111, 112), times=(110, 113))
    run.end()
    history = run.history()
    assert shape(history.attempts) == [("a", 0, 1, 1, "succeeded"), ("a", 1, 1, 1, "failed")]
    assert [(one.start, one.end, one.host) for one in history.attempts] == [
        (109, 116, "h"),
        (110, 113, "h"),
    ]
    assert [one.reason for one in history.attempts] == ["", "t1 is failed"]
    assert waits(history.attempts) == [9, 10]
    assert [(one.id, one.bag, one.state) for one in history.executions] == [
        ("t0", 0, "succeeded"),
        ("t1", 1, "failed"),
    ]
    assert [one.stderr_tail for one in history.executions] == ["", "err"]
    assert (history.started, history.ended) == (SENT, 900.0)
    assert run.jobs.described == []


def test_a_plan_that_never_ran_has_no_past() -> None:
    run = Run(plan(job("a")))
    history = run.history()
    assert (history.executions, history.attempts, dict(history.newest)) == ([], (), {})
    assert run.store.called("list") == []


def test_a_retry_waits_for_the_attempt_before_it() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "failed", 101, 102), times=(101, 103), exit_code=75)
    run.leave("a", 0, record("t", "succeeded", 110, 112), times=(108, 113), attempt=2)
    run.end()
    history = run.history()
    assert [(one.state, one.exit_code) for one in history.attempts] == [
        ("failed", 75),
        ("succeeded", 0),
    ]
    assert waits(history.attempts) == [1, 5]
    assert history.newest["t"].attempt == 2


def test_a_task_mended_within_its_attempt_fails_it_no_more() -> None:
    run = Run(plan(job("a")))
    run.begin()
    tried = record("t", "failed", 101, 102), record("t", "succeeded", 103, 104)
    run.leave("a", 0, *tried, times=(101, 105))
    run.end()
    assert shape(run.history().attempts) == [("a", 0, 1, 1, "succeeded")]


def test_a_link_is_waited_for_child_by_child_or_as_a_whole() -> None:
    one = linked("one", ("first", LinkType.N_TO_N), size=2)
    all_ = linked("all", ("first", LinkType.ALL), size=2)
    run = Run(plan(job("first", size=2), one, all_))
    run.begin()
    for array, begins in (("first", (101, 102)), ("one", (115, 121)), ("all", (130, 140))):
        for bag, begin in enumerate(begins):
            run.leave(array, bag, times=(begin, 110 + 10 * bag if array == "first" else begin + 1))
    run.end()
    found = {(one.array, one.bag): one.waited_seconds for one in run.history().attempts}
    assert found == {
        ("first", 0): 1,
        ("first", 1): 2,
        ("one", 0): 5,
        ("one", 1): 1,
        ("all", 0): 10,
        ("all", 1): 20,
    }


def test_behind_a_barrier_what_stands_before_it_is_waited_for() -> None:
    jobs = (
        job("a"),
        job("b"),
        job("wall", "a", "b", kind="barrier"),
        job("c", "wall"),
        job("d", "c"),
    )
    run = Run(plan(*jobs))
    run.begin()
    run.leave("a", 0, times=(101, 110))
    run.leave("b", 0, times=(101, 150))
    run.leave("c", 0, times=(155, 160))
    run.leave("d", 0, times=(150, 160))
    run.end()
    assert waits(run.history().attempts) == [1, 1, 5, 0]


def test_where_the_end_of_something_is_not_known_nor_is_the_wait_for_it() -> None:
    run = Run(plan(job("a"), job("b", "a")))
    run.begin()
    run.leave("a", 0, times=(101, None))
    run.leave("b", 0, times=(120, 130))
    run.end()
    history = run.history()
    assert shape(history.attempts) == [("a", 0, 1, 1, "lost"), ("b", 0, 1, 1, "succeeded")]
    assert waits(history.attempts) == [1, None]


def test_records_of_workers_that_said_nothing_of_themselves_tell_when_they_ran() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 102), record("u", "failed", 103, 107))
    run.end()
    (attempt,) = run.history().attempts
    assert (attempt.state, attempt.start, attempt.end) == ("failed", 101, 107)
    assert (attempt.exit_code, attempt.host) == (None, "")


def test_an_attempt_between_others_that_left_nothing_is_lost() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, times=(120, 130), attempt=3)
    run.end()
    history = run.history()
    assert [one.state for one in history.attempts] == ["lost", "lost", "succeeded"]
    assert history.attempts[0].start is None
    assert history.attempts[0].seconds == 0.0


def test_batch_tells_what_became_of_lost_attempts() -> None:
    run = Run(plan(job("a", size=3)))
    run.begin()
    run.leave("a", 0, times=(101, 102))
    run.leave("a", 1, times=(120, 130), attempt=2)
    run.end()
    gone = JobAttempt(start=105.0, end=110.0, reason="Host EC2 terminated", log_stream="s/1")
    well = JobAttempt(start=119.0, end=131.0, exit_code=0)
    run.tells("a-1", "FAILED", children={"FAILED": 1, "SUCCEEDED": 2})
    run.tells("a-1:1", "SUCCEEDED", gone, well)
    never = JobAttempt(start=None, end=111.0, reason="CannotPullContainerError")
    run.tells("a-1:2", "FAILED", never, reason="Task failed to start")
    run.jobs.lost["a-1"] = [run.jobs.jobs["a-1:2"]]
    history = run.history()
    assert shape(history.attempts) == [
        ("a", 0, 1, 1, "succeeded"),
        ("a", 1, 1, 1, "lost"),
        ("a", 1, 1, 2, "succeeded"),
        ("a", 2, 1, 1, "lost"),
    ]
    lost = history.attempts[1]
    assert (lost.start, lost.end, lost.reason) == (105.0, 110.0, "Host EC2 terminated")
    assert (lost.log_stream, lost.seconds) == ("s/1", 5.0)
    assert waits(history.attempts) == [1, 5, 10, None]
    assert history.attempts[3].reason == "CannotPullContainerError"


def test_an_attempt_that_broke_off_says_so_itself_and_batch_need_not() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, times=(101, 102), exit_code=5, reason="access denied")
    run.end()
    (attempt,) = run.history().attempts
    assert (attempt.state, attempt.exit_code, attempt.reason) == ("failed", 5, "access denied")
    assert run.jobs.described == []


def test_an_attempt_that_was_told_to_end_says_so_and_batch_says_why() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, times=(101, 102), exit_code=75, reason="ended by SIGTERM")
    run.leave("a", 0, times=(104, 105), attempt=2)
    run.end()
    gone = JobAttempt(start=100.0, end=103.0, reason="Host EC2 terminated")
    run.tells("a-1", "SUCCEEDED", gone, JobAttempt(start=104.0, end=105.0, exit_code=0))
    first, second = run.history().attempts
    assert (first.state, first.end, second.state) == ("failed", 102, "succeeded")
    assert first.reason == "ended by SIGTERM; AWS Batch: Host EC2 terminated"
    assert second.reason == ""


def test_a_killed_attempt_whose_start_is_known_gets_its_end_from_batch() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 104), times=(101, None))
    run.end()
    run.tells("a-1", "FAILED", JobAttempt(start=100.5, end=109.0, exit_code=137))
    (attempt,) = run.history().attempts
    assert (attempt.state, attempt.start, attempt.end) == ("lost", 101, 109)
    assert attempt.exit_code == 137


def test_without_batch_a_killed_attempt_ends_with_its_last_record() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 104), times=(101, None))
    run.end()
    (attempt,) = run.history().attempts
    assert (attempt.state, attempt.end, attempt.exit_code) == ("lost", 104, None)


def test_a_worker_whose_last_word_was_lost_but_not_its_work_has_succeeded() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.end()
    run.tells("a-1", "SUCCEEDED", JobAttempt(start=101.0, end=102.0, exit_code=0))
    assert shape(run.history().attempts) == [("a", 0, 1, 1, "succeeded")]


def test_what_runs_is_told_by_the_child_or_by_batch() -> None:
    run = Run(plan(job("a", size=4)))
    run.begin()
    run.leave("a", 0, times=(101, None))
    run.tells("a-1", "PENDING", children={"RUNNING": 2, "RUNNABLE": 2})
    run.tells("a-1:0", "RUNNING", started=100.0, log_stream="s/0")
    run.tells("a-1:1", "RUNNING", JobAttempt(start=100.0, end=102.0, exit_code=75), started=105.0)
    run.jobs.lost["a-1"] = [run.jobs.jobs["a-1:1"]]
    history = run.history()
    assert shape(history.attempts) == [
        ("a", 0, 1, 1, "running"),
        ("a", 1, 1, 1, "lost"),
        ("a", 1, 1, 2, "running"),
    ]
    assert [one.end for one in history.attempts] == [None, 102.0, None]
    assert [one.start for one in history.attempts] == [101, 100.0, 105.0]
    assert waits(history.attempts) == [1, 0, 3]


def test_of_a_child_that_waits_for_another_attempt_the_last_is_lost() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, times=(101, None))
    run.tells("a-1", "RUNNABLE")
    assert shape(run.history().attempts) == [("a", 0, 1, 1, "lost")]


def test_whether_a_child_that_asked_to_be_started_again_runs_by_now_is_asked_of_batch() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "failed", 101, 102), times=(101, 103), exit_code=75)
    first = JobAttempt(start=100.0, end=104.0, exit_code=75)
    run.tells("a-1", "RUNNING", first, started=110.0)
    history = run.history()
    assert [(one.state, one.start) for one in history.attempts] == [
        ("failed", 101),
        ("running", 110.0),
    ]


def test_children_that_never_began_leave_no_trace_and_are_not_asked_for() -> None:
    run = Run(plan(job("a"), job("b", "a", size=300)))
    run.begin()
    run.leave("a", 0, times=(101, 102))
    run.end()
    run.tells("b-1", "FAILED", reason="Dependent Job failed", children={"FAILED": 300})
    assert len(run.history().attempts) == 1
    assert run.jobs.described == [("b-1",)]


def test_many_lost_children_cost_a_call_a_hundred() -> None:
    run = Run(plan(job("a", size=250)))
    run.begin()
    run.end()
    run.tells("a-1", "FAILED", children={"FAILED": 250})
    for child in range(250):
        ended = JobAttempt(start=101.0, end=102.0, exit_code=137)
        run.tells(f"a-1:{child}", "FAILED", ended, reason="Host EC2 terminated")
    run.tells("a-1:249", "FAILED", reason="Dependent Job failed")
    run.jobs.lost["a-1"] = [run.jobs.jobs[f"a-1:{child}"] for child in range(250)]
    history = run.history()
    assert [one.state for one in history.attempts] == ["lost"] * 249
    assert sorted(map(len, run.jobs.described)) == [1, 49, 100, 100]


def test_jobs_that_batch_has_forgotten_stay_untold() -> None:
    run = Run(plan(job("a", size=2), job("b")))
    run.begin()
    run.end()
    assert run.history().attempts == ()
    assert run.jobs.described == [("a-1", "b-1")]


def test_a_later_try_is_told_beside_the_first_with_its_own_children() -> None:
    jobs = (job("a", size=3), job("v", "a", kind="verdict"))
    again = replace(jobs[0], size=2), jobs[1]
    run = Run(plan(*jobs), tries={2: Try(number=2, jobs=again, bags={"a": (0, 2)})})
    run.begin()
    run.leave("a", 0, record("t0", "failed", 101, 102), times=(101, 103))
    run.leave("a", 1, record("t1", "succeeded", 101, 102), times=(101, 103))
    run.end()
    run.begin(2, time=500.0)
    run.leave("a", 0, record("t0", "succeeded", 510, 511), times=(509, 512), number=2)
    run.end(2, time=600.0)
    run.tells("a-1", "FAILED", children={"FAILED": 1, "SUCCEEDED": 2})
    run.tells("a-1:2", "FAILED", JobAttempt(start=101.0, end=105.0, exit_code=137))
    run.tells("a-2", "FAILED", children={"FAILED": 1, "SUCCEEDED": 1})
    run.tells("a-2:1", "FAILED", JobAttempt(start=520.0, end=530.0, exit_code=137))
    run.jobs.lost["a-1"] = [run.jobs.jobs["a-1:2"]]
    run.jobs.lost["a-2"] = [run.jobs.jobs["a-2:1"]]
    history = run.history()
    assert shape(history.attempts) == [
        ("a", 0, 1, 1, "failed"),
        ("a", 0, 2, 1, "succeeded"),
        ("a", 1, 1, 1, "succeeded"),
        ("a", 2, 1, 1, "lost"),
        ("a", 2, 2, 1, "lost"),
    ]
    assert waits(history.attempts) == [1, 9, 1, 1, 20]
    assert history.newest["t0"].try_ == 2


def test_a_try_whose_file_is_gone_is_told_by_its_records_alone() -> None:
    run = Run(plan(job("a")), tries={2: Try(number=2, jobs=(job("a"),), bags={"a": (0,)})})
    run.begin()
    run.leave("a", 0, record("t", "failed", 101, 102), times=(101, 103))
    run.begin(2, time=500.0)
    run.leave("a", 0, record("t", "succeeded", 510, 511), times=(509, None), number=2)
    run.end(2)
    state = fold(new_state(run.plan, run.tries), run.log)
    tries = past_tries(run.plan, state, {}, run.log)
    past = read_past(run.store, run.plan, RUN_URL, tries)
    status = build_status(run.plan, state, Findings(), now=1_000.0)
    history = build_history(run.plan, state, status, {}, past, {})
    assert shape(history.attempts) == [("a", 0, 1, 1, "failed"), ("a", 0, 2, 1, "lost")]
    assert waits(history.attempts) == [1, None]


def test_what_the_client_has_undone_counts_and_is_no_attempt() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 102), times=(101, 103))
    run.leave("a", 0, undone_record("t", 0, 2, "t.txt is gone", now=400.0), attempt=0, number=2)
    run.end()
    history = run.history()
    assert len(history.attempts) == 1
    assert (history.newest["t"].state, history.newest["t"].attempt) == ("undone", 0)


def test_a_success_stays_whatever_is_recorded_after_it() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 102), times=(101, 103), exit_code=75)
    run.leave("a", 0, record("t", "failed", 111, 112), times=(111, 113), attempt=2)
    run.end()
    assert run.history().newest["t"].attempt == 1


def test_the_parts_of_a_long_attempt_are_one() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 102), times=(101, None))
    more = record_line(record("u", "succeeded", 103, 104))
    own = ChildLine(bag=0, try_=1, attempt=1, host="h", start=101, end=105, exit_code=0)
    key = record_key("a", 0, 1, 1, 2)
    run.store.write(f"{RUN_URL}/{key}", more + child_line(own))
    run.end()
    history = run.history()
    assert shape(history.attempts) == [("a", 0, 1, 1, "succeeded")]
    assert [one.id for one in history.executions] == ["t", "u"]
    assert history.attempts[0].end == 105


@pytest.mark.parametrize(
    "part",
    [
        '"start": "soon"',
        '"end": null',
        '"end": NaN',
        '"start": -Infinity',
        f'"start": 1{"0" * 400}',
        '"reason": 7',
        '"bytes_in": []',
        '"signal": "KILL"',
    ],
)
def test_a_record_that_nothing_can_be_counted_by_is_passed_over(part: str) -> None:
    run = Run(plan(job("a")))
    run.begin()
    key, _ = part.split(":")
    line = record_line(record("t", "succeeded", 101, 102)).decode()
    spoilt = line.replace(f"{key}:", f'{part}, "was":')
    run.store.write(f"{RUN_URL}/{record_key('a', 0, 1, 1)}", spoilt.encode())
    run.end()
    assert run.history().executions == []


def test_what_is_filed_under_an_attempt_that_cannot_be_is_no_attempt() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, times=(101, 103))
    run.leave("a", 0, record("t", "succeeded", 101, 102), times=(1, 2), attempt=999_999_999)
    run.end()
    assert shape(run.history().attempts) == [("a", 0, 1, 1, "succeeded")]


def test_where_a_record_lies_says_whose_it_is() -> None:
    run = Run(plan(job("a", size=2)))
    run.begin()
    run.leave("a", 1, replace(record("t", "succeeded", 101, 102), bag=99, try_=7), times=(1, 2))
    run.end()
    (execution,) = run.history().executions
    assert (execution.bag, execution.try_, execution.attempt) == (1, 1, 1)


def test_a_file_that_vanishes_after_the_listing_left_nothing() -> None:
    run = Run(plan(job("a")))
    run.begin()
    run.leave("a", 0, record("t", "succeeded", 101, 102), times=(101, 103))
    run.end()
    run.store.before = lambda operation, url: (
        run.store.objects.clear() if operation == "read" else None
    )
    history = run.history()
    assert (history.executions, [one.state for one in history.attempts]) == ([], ["lost"])

"""Arrays that wait for none of each other are submitted side by side, and written down as one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from pegbatch.engine.cancelling import cancel
from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.deciding import WAVE_MAX
from pegbatch.engine.loop import look, submit
from pegbatch.errors import AccessDenied, JobServiceError, SubmitUnclear
from pegbatch.model.events import RunEvent
from tests.plans import QUEUE, Bench, job, plan

PATIENCE_SECONDS = 30
WIDE = 6
NAMES = [f"wide{n}" for n in range(WIDE)]


def fan(width: int = WIDE) -> Bench:
    """Return a run of one array, so many behind it, and one that waits for them all."""
    names = [f"wide{n}" for n in range(width)]
    jobs = [job("first"), *(job(name, "first") for name in names), job("last", *names)]
    bench = Bench(plan(*jobs))
    bench.start()
    return bench


class Appends:
    """What is on the disk, by the transaction that brought it."""

    def __init__(self, bench: Bench) -> None:
        self.written: list[list[str]] = []
        self._append = bench.runs.append
        bench.runs.append = self.append  # type: ignore[method-assign]

    def append(self, *events: RunEvent) -> None:
        self._append(*events)
        self.written.append([f"{event.kind} {event.body.get('array', '')}" for event in events])


def test_the_log_waits_for_the_disk_twice_a_wave() -> None:
    bench = fan()
    appends = Appends(bench)
    assert submit(bench.context()).submitted
    assert appends.written == [
        ["uploaded "],
        ["intent first"],
        ["submitted first"],
        [f"intent {name}" for name in NAMES],
        [f"submitted {name}" for name in NAMES],
        ["intent last"],
        ["submitted last"],
    ]
    last = bench.jobs.bodies[bench.jobs.id_of("sketch-last")]
    ids = {bench.jobs.id_of(f"sketch-{name}") for name in NAMES}
    assert {link["jobId"] for link in last["dependsOn"]} == ids


def test_the_intents_of_a_wave_are_on_the_disk_before_its_first_call() -> None:
    bench = fan()
    missing: list[str] = []

    def look(body: Mapping[str, Any]) -> None:
        intended = {event.body["job_name"] for event in bench.runs.log if event.kind == "intent"}
        if body["jobName"] not in intended:
            missing.append(body["jobName"])

    bench.jobs.before_submit = look
    submit(bench.context())
    assert not missing


def test_calls_of_a_wave_are_made_side_by_side() -> None:
    bench = fan(3)
    together = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def meet(body: Mapping[str, Any]) -> None:
        if "wide" in body["jobName"]:
            together.wait()

    bench.jobs.before_submit = meet
    assert submit(bench.context()).submitted


def test_a_wave_has_its_bounds() -> None:
    bench = fan(2 * WAVE_MAX + 3)
    appends = Appends(bench)
    submit(bench.context())
    assert max(map(len, appends.written)) == WAVE_MAX


def test_the_ids_of_a_wave_are_kept_where_one_of_its_calls_is_refused() -> None:
    bench = fan()
    asked = threading.Event()

    def refuse(body: Mapping[str, Any]) -> None:
        if body["jobName"] == "sketch-wide0":
            asked.set()
        if body["jobName"] == "sketch-wide3":
            assert asked.wait(PATIENCE_SECONDS)
            raise AccessDenied("no")

    bench.jobs.before_submit = refuse
    with pytest.raises(AccessDenied):
        submit(bench.context())
    known = {event.body["array"] for event in bench.runs.log if event.kind == "submitted"}
    made = {job.name.removeprefix("sketch-") for job in bench.jobs.jobs.values()}
    assert known == made and {"first", "wide0"} <= known and "wide3" not in known

    bench.jobs.before_submit = lambda body: None
    assert submit(bench.context()).submitted
    assert len(bench.jobs.jobs) == WIDE + 2
    assert bench.clock.slept == [], "there is no job to be looked for"


def test_what_was_refused_for_certain_is_submitted_again_at_once() -> None:
    bench = fan()

    def refuse(body: Mapping[str, Any]) -> None:
        raise JobServiceError("submit_job: the queue is DISABLED")

    bench.jobs.before_submit = refuse
    with pytest.raises(JobServiceError, match="DISABLED"):
        submit(bench.context())
    assert [event.kind for event in bench.runs.log][-2:] == ["intent", "withdrawn"]

    bench.jobs.before_submit = lambda body: None
    assert submit(bench.context()).submitted
    assert bench.clock.slept == []


def test_calls_of_a_wave_that_broke_off_are_found_or_repeated() -> None:
    bench = fan()
    left = ["sketch-wide1"]

    def break_off(body: Mapping[str, Any]) -> None:
        if body["jobName"] == "sketch-wide4":
            bench.jobs.lose_answers = 1
        if body["jobName"] in left:
            left.remove(body["jobName"])
            raise SubmitUnclear("the connection was closed")

    bench.jobs.before_submit = break_off
    assert submit(bench.context()).submitted
    names = [job.name for job in bench.jobs.jobs.values()]
    assert sorted(names) == sorted(f"sketch-{name}" for name in ["first", "last", *NAMES])
    assert sum(bench.clock.slept) == 60.0


def test_a_client_killed_in_a_wave_submits_nothing_twice() -> None:
    bench = fan()
    submit(bench.context())
    # The log as it is where the process was killed before it wrote down what came of the wave.
    kept = [e for e in bench.runs.log if e.body.get("array") in (None, "first")]
    intents = [e for e in bench.runs.log if e.kind == "intent" and "wide" in e.body["array"]]
    bench.runs.log = [*kept, *intents]
    bench.jobs.jobs.pop(bench.jobs.id_of("sketch-wide2"))
    assert submit(bench.context()).submitted
    names = [job.name for job in bench.jobs.jobs.values()]
    assert len(names) == len(set(names)) + 1  # only the last, whose intent was lost with the log
    assert names.count("sketch-last") == 2 and names.count("sketch-wide2") == 1


class Killed(BaseException):
    """What a process does that is not there any more."""


class Life:
    """So many steps, and none after."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self._lock = threading.Lock()

    def step(self, what: object) -> None:
        with self._lock:
            self.left -= 1
            if self.left < 0:
                raise Killed


@pytest.mark.parametrize("steps", range(26))
def test_a_client_killed_at_any_step_of_a_wave_leaves_none_out_and_submits_none_twice(
    steps: int,
) -> None:
    bench = fan()
    life = Life(steps)
    bench.jobs.before_submit = bench.runs.before_append = life.step
    with suppress(Killed):
        submit(bench.context())
    assert (life.left < 0) == (steps < 25)

    bench.jobs.before_submit = bench.runs.before_append = lambda what: None
    assert submit(bench.context()).submitted
    names = [job.name for job in bench.jobs.jobs.values()]
    assert sorted(names) == sorted(f"sketch-{name}" for name in ["first", "last", *NAMES])


def test_a_cancel_during_a_wave_ends_all_of_it() -> None:
    bench = fan()

    def cancel_elsewhere(body: Mapping[str, Any]) -> None:
        if body["jobName"] == "sketch-wide0":
            bench.event("cancel-requested")

    bench.jobs.before_submit = cancel_elsewhere
    submit(bench.context())
    ended = {job_id for job_id, _ in bench.jobs.terminated}
    assert ended == {bench.jobs.id_of(f"sketch-{name}") for name in NAMES}
    assert "sketch-last" not in {job.name for job in bench.jobs.jobs.values()}


def test_a_cancel_ends_the_arrays_of_a_level_side_by_side_and_a_later_level_first() -> None:
    wide = [replace(job(f"wide{n}", "first"), level=1) for n in range(3)]
    bench = Bench(plan(job("first"), *wide, replace(job("last", "wide0"), level=2)))
    bench.start()
    submit(bench.context())
    together = threading.Barrier(3, timeout=PATIENCE_SECONDS)
    ids = {bench.jobs.id_of(f"sketch-{one.name}") for one in wide}
    bench.jobs.before_terminate = lambda job_id: together.wait() and None if job_id in ids else None
    cancel(bench.context())
    names = [bench.jobs.jobs[job_id].name for job_id, reason in bench.jobs.terminated]
    assert (names[0], names[-1]) == ("sketch-last", "sketch-first") and len(names) == 5
    assert {reason for _, reason in bench.jobs.terminated} == {CANCEL_REASON}


def test_a_cancel_finds_the_jobs_of_a_wave_that_was_killed() -> None:
    bench = fan(3)
    submit(bench.context())
    bench.runs.log = [
        e for e in bench.runs.log if e.kind != "submitted" or "wide" not in e.body["array"]
    ]
    cancel(bench.context())
    assert {job_id for job_id, _ in bench.jobs.terminated} == set(bench.jobs.jobs)
    assert {body["jobQueue"] for body in bench.jobs.bodies.values()} == {QUEUE}


def test_what_is_seen_of_many_arrays_is_written_down_as_one() -> None:
    bench = fan()
    submit(bench.context())
    for job_id in bench.jobs.jobs:
        bench.jobs.set_state(job_id, "RUNNING")
    appends = Appends(bench)
    state = look(bench.context())
    assert len(appends.written) == 1 and len(appends.written[0]) == WIDE + 2
    assert {array.status for array in state.arrays.values()} == {"RUNNING"}

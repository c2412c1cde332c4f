"""How often AWS Batch is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pegbatch.engine.loop import submit, wait
from pegbatch.errors import JobServiceUnreachable
from pegbatch.ports import JobState
from tests.fakes import FakeClock, FakeJobs
from tests.plans import Bench, diamond


class SlowJobs(FakeJobs):
    """Answers take a while."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        self.clock.time += self.seconds
        return super().describe(job_ids)


def pauses(seconds: float) -> list[float]:
    """Return the first pauses where an answer takes so long."""
    clock = FakeClock()
    bench = Bench(diamond(), clock=clock, jobs=SlowJobs(clock, seconds))
    bench.start()
    submit(bench.context())

    def end() -> None:
        if len(clock.slept) == 3:
            bench.end_all()

    clock.on_sleep = end
    wait(bench.context())
    return clock.slept


def test_asking_takes_a_quarter_of_the_time_at_most() -> None:
    assert pauses(1.0) == [3.0, 3.0, 4.0]


def test_a_slow_answer_does_not_stretch_a_pause_beyond_the_longest() -> None:
    assert pauses(5.0) == [8.0, 8.0, 8.0]


class SilentJobs(FakeJobs):
    """Does not answer at first."""

    silent = 0

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        if self.silent:
            self.silent -= 1
            raise JobServiceUnreachable("nobody there")
        return super().describe(job_ids)


def watched(silent: int) -> tuple[Bench, list[str]]:
    """Return a run that is watched while so many questions get no answer, and what is told."""
    jobs, told = SilentJobs(), list[str]()
    bench = Bench(diamond(), clock=FakeClock(), jobs=jobs)
    bench.start()
    submit(bench.context())
    jobs.silent = silent

    def end() -> None:
        if not jobs.silent:
            bench.end_all()

    bench.clock.on_sleep = end
    wait(replace(bench.context(), on_note=told.append))
    return bench, told


def test_a_watcher_waits_out_a_night_without_an_answer_and_says_so_once() -> None:
    bench, told = watched(1_000)
    assert bench.context().state.outcome == "succeeded"
    assert ["does not answer (nobody there)" in told[0], *told[1:]] == [
        True,
        "AWS Batch answers again",
    ]


def test_a_service_that_does_not_answer_for_a_day_ends_the_watching() -> None:
    with pytest.raises(JobServiceUnreachable):
        watched(1_000_000)

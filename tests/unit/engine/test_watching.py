"""How often AWS Batch is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pegbatch.engine.loop import submit, wait
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

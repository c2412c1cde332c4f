"""Children that stand for the others: which are asked for, and how near they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

import pytest

from pegbatch.engine import loop
from pegbatch.engine.context import Context
from pegbatch.engine.looking.spending import spent_so_far
from pegbatch.model.marks import Restarts
from pegbatch.ports import DESCRIBED_AT_ONCE, JobState
from tests.fakes import FakeJobs
from tests.plans import Bench, job, plan

NOW = 1_000_000.0


class InventedJobs(FakeJobs):
    """Arrays whose children stand as counts say, in order of a shuffled index, and ran so long."""

    def __init__(self, ran: Callable[[str, int], float], step: int = 1) -> None:
        super().__init__()
        self.ran = ran
        self.step = step
        """With another step than 1, children do not begin in order."""

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        shown = dict(super().describe(job_ids))
        for job_id in job_ids:
            array, colon, index = job_id.rpartition(":")
            if colon:
                shown[job_id] = self.child(array, int(index))
        return shown

    def child(self, array: str, index: int) -> JobState:
        counts = self.jobs[array].children
        size = sum(counts.values())
        assert 0 <= index < size
        place = index * self.step % size
        ends = accumulate(counts.values())
        state = next(one for one, end in zip(counts, ends, strict=True) if place < end)
        name = f"{array}:{index}"
        if state == "RUNNABLE":
            return JobState(job_id=name, name="n", status=state)
        start = NOW - self.ran(array, index)
        stopped = None if state == "RUNNING" else NOW
        return JobState(job_id=name, name="n", status=state, started=start, stopped=stopped)

    def truth(self) -> float:
        children = (
            self.child(array, index)
            for array, one in self.jobs.items()
            for index in range(sum(one.children.values()))
        )
        return sum(NOW - one.started for one in children if one.started is not None)


def watched(jobs: InventedJobs, arrays: Sequence[Mapping[str, int]], *, looks: int = 1) -> Context:
    """Return a run whose arrays stand so, looked at so many times."""
    sizes = [sum(counts.values()) for counts in arrays]
    bench = Bench(plan(*(job(f"a{n}", size=size) for n, size in enumerate(sizes))), jobs=jobs)
    bench.clock.time = NOW
    bench.start()
    bench.event("uploaded", files=0, bytes=0)
    for number, counts in enumerate(arrays):
        name = f"a{number}"
        jobs.jobs[name] = JobState(job_id=name, name=name, status="PENDING", children=counts)
        bench.event("submitted", array=name, job_name=name, job_id=name)
    context = bench.context(may_submit=False)
    for _ in range(looks):
        loop.look(context)
    return context


def mixed(array: str, index: int) -> float:
    """Return 200-800 s, by array and index, and longer for later ones."""
    return 200 + int(array[1:]) * 37 % 200 + index * 7919 % 300 + index / 100


def stood(**counts: int) -> dict[str, int]:
    return counts


@pytest.mark.parametrize("step", [1, 7_919])
@pytest.mark.parametrize(
    ("arrays", "within"),
    [
        ([stood(SUCCEEDED=500, RUNNING=64, RUNNABLE=436)] * 102, 0.05),
        ([stood(SUCCEEDED=9_900, RUNNING=100)] * 3, 0.05),
        ([stood(SUCCEEDED=8_000, RUNNABLE=2_000), stood(RUNNING=500, RUNNABLE=9_500)], 0.08),
        ([stood(SUCCEEDED=100)] * 50, 0.05),
        ([stood(SUCCEEDED=3, FAILED=2, RUNNING=1)] * 4, 1e-9),
        ([stood(SUCCEEDED=1_000)] * 12 + [stood(RUNNABLE=1_000)] * 100, 0.05),
    ],
)
def test_a_sample_tells_what_all_children_took_within_a_few_per_cent(arrays, within, step) -> None:
    jobs = InventedJobs(mixed, step)
    (spell,) = spent_so_far(watched(jobs, arrays), Restarts())
    assert spell.seconds == pytest.approx(jobs.truth(), rel=within)
    begun = sum(n for counts in arrays for state, n in counts.items() if state != "RUNNABLE")
    assert spell.containers == begun


def test_early_in_an_array_those_at_its_front_are_found() -> None:
    jobs = InventedJobs(lambda array, index: 60.0)
    (spell,) = spent_so_far(watched(jobs, [stood(RUNNING=16, RUNNABLE=9_984)]), Restarts())
    assert (spell.seconds, spell.containers) == (16 * 60.0, 16)


@pytest.mark.parametrize("arrays", [1, 5, 50, 99, 100, 101, 150, 200])
def test_sampling_takes_no_call_more_and_no_id_twice(arrays: int) -> None:
    jobs = InventedJobs(mixed)
    watched(jobs, [stood(RUNNING=500, RUNNABLE=500)] * arrays)
    asked = [one for ids in jobs.described for one in ids]
    assert sum(-(-len(ids) // DESCRIBED_AT_ONCE) for ids in jobs.described) == -(-arrays // 100)
    assert len(set(asked)) == len(asked)
    assert len(asked) - arrays <= -arrays % 100
    assert len(asked) - arrays >= 0.7 * (-arrays % 100)


def test_where_there_is_no_room_nothing_is_told() -> None:
    context = watched(InventedJobs(mixed), [stood(RUNNING=5)] * 100)
    assert spent_so_far(context, Restarts()) == ()


def test_arrays_of_which_nothing_has_begun_are_left_out_where_that_is_known() -> None:
    jobs = InventedJobs(mixed)
    waiting, running = stood(RUNNABLE=1_000), stood(RUNNING=1_000)
    watched(jobs, [*[waiting] * 90, *[running] * 10, waiting, waiting])
    asked = Counter(one.partition(":")[0] for one in jobs.described[-1] if ":" in one)
    begun = [asked[f"a{number}"] for number in range(90, 100)]
    assert max(begun) - min(begun) <= 2 and sum(begun) >= 70
    assert set(asked) <= {f"a{number}" for number in range(90, 102)}  # the last two: who knows?


def test_the_same_children_are_asked_for_each_time_and_not_before_a_while() -> None:
    first, again = InventedJobs(mixed), InventedJobs(mixed)
    arrays = [stood(RUNNING=500, RUNNABLE=500)] * 7
    watched(first, arrays)
    watched(again, arrays, looks=2)
    assert again.described == [*first.described, tuple(f"a{number}" for number in range(7))]

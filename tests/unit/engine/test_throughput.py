"""How fast a run goes lately, and when it would end."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.looking.throughput import expected_end, measure, sample_due
from pegbatch.engine.state import RunState, new_state
from pegbatch.model.plan import Expected, Plan
from pegbatch.model.run_look import Throughput
from tests.plans import Bench, job, plan

PLAN = plan(job("a", size=100), replace(job("b", "a", size=100), level=1))


def bench_of(of: Plan = PLAN) -> Bench:
    bench = Bench(of)
    bench.start()
    for name in ("a", "b"):
        bench.event("submitted", array=name, job_name=name, job_id=name)
    return bench


def state_of(bench: Bench, **done: int) -> RunState:
    for name, count in done.items():
        children = {"SUCCEEDED": count, "RUNNING": 100 - count}
        bench.event("state", array=name, status="PENDING", reason="", children=children)
    return bench.context().state


def measured(bench: Bench, **done: int) -> Throughput | None:
    state, now = state_of(bench, **done), bench.clock.now()
    return measure(state, build_status(bench.plan, state, Findings(), now=now), now)


def end(bench: Bench, **done: int) -> float | None:
    state, now = state_of(bench, **done), bench.clock.now()
    status = build_status(bench.plan, state, Findings(), now=now)
    return expected_end(bench.plan, state, status, measure(state, status, now), now)


def seen(bench: Bench, seconds_ago: float, done: int) -> None:
    now = bench.clock.time
    bench.clock.time = now - seconds_ago
    bench.event("seen", done=done)
    bench.clock.time = now


def test_where_nobody_has_looked_before_the_mean_of_the_try_is_told() -> None:
    bench = bench_of()
    bench.clock.time += 120
    assert measured(bench, a=40) == Throughput(tasks_per_minute=20.0, over_seconds=120.0)


def test_with_samples_only_the_last_minutes_count() -> None:
    bench = bench_of()
    bench.clock.time += 7_200
    for ago, done in ((3_000, 5), (400, 10), (240, 20), (60, 50), (5, 79)):
        seen(bench, ago, done)
    assert measured(bench, a=80) == Throughput(tasks_per_minute=15.0, over_seconds=240.0)


def test_where_all_samples_are_old_the_newest_of_them_counts() -> None:
    bench = bench_of()
    bench.clock.time += 7_200
    seen(bench, 3_000, 5)
    seen(bench, 600, 20)
    assert measured(bench, a=80) == Throughput(tasks_per_minute=6.0, over_seconds=600.0)


def test_a_run_that_has_stalled_says_so() -> None:
    bench = bench_of()
    bench.clock.time += 600
    seen(bench, 200, 80)
    assert measured(bench, a=80) == Throughput(tasks_per_minute=0.0, over_seconds=200.0)
    assert end(bench, a=80) is None


def test_before_anything_has_ended_and_after_the_end_there_is_no_speed() -> None:
    bench = bench_of()
    bench.clock.time += 60
    assert measured(bench, a=0) is None and end(bench, a=0) is None
    bench.event("finished", state="failed")
    assert measured(bench, a=50) is None and end(bench, a=50) is None
    planned = new_state(PLAN)
    assert measure(planned, build_status(PLAN, planned, Findings(), now=0.0), 0.0) is None


def test_the_end_is_where_the_number_of_tasks_left_leads() -> None:
    bench = bench_of()
    bench.clock.time += 100
    assert end(bench, a=50) == bench.clock.now() + 300  # 50 in 100 s, and 150 are left


def with_runtimes(seconds: float, longest: float) -> Plan:
    a, b = PLAN.jobs
    first = replace(a, expected=Expected(100.0, 1.0))
    return replace(PLAN, jobs=(first, replace(b, expected=Expected(seconds, longest))))


def test_where_the_plan_knows_runtimes_the_work_left_counts() -> None:
    bench = bench_of(with_runtimes(900.0, 9.0))
    bench.clock.time += 100
    # 100 s of work took 100 s; 900 s of work are left, of which no task takes longer than 9 s.
    assert end(bench, a=100) == bench.clock.now() + 900


def test_no_level_ends_before_its_longest_bag() -> None:
    bench = bench_of(with_runtimes(900.0, 850.0))
    bench.clock.time += 10
    assert end(bench, a=100) == bench.clock.now() + 850
    assert end(bench_of(with_runtimes(900.0, 9.0))) == 1_000.0 + 10  # nothing has ended yet


def test_in_a_later_try_what_had_succeeded_before_is_no_speed_of_this_one() -> None:
    state = state_of(bench_of(), a=100, b=80)
    tried = replace(state.current, jobs=(replace(PLAN.jobs[1], size=40, tasks=40),))
    now = 1_060.0
    status = build_status(PLAN, state, Findings(), now=now)
    later = replace(state, current=tried, begun=1_000.0)
    assert measure(later, status, now) == Throughput(tasks_per_minute=20.0, over_seconds=60.0)


def test_samples_are_left_twice_a_minute_at_most_and_few_are_kept() -> None:
    bench = bench_of()
    assert not sample_due(bench.context().state, bench.clock.now() + 29)
    assert sample_due(bench.context().state, bench.clock.now() + 30)
    for done in range(100):
        bench.event("seen", done=done)
    state = bench.context().state
    assert [sample.done for sample in state.samples] == list(range(84, 100))
    assert not sample_due(replace(state, outcome="failed"), bench.clock.now() + 99)

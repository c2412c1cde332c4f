"""Statistics folded from invented histories."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.statistics.actual_cost import actual_cost
from pegbatch.engine.statistics.breakdown import breakdown
from pegbatch.engine.statistics.job_rows import job_rows
from pegbatch.engine.statistics.overall import array_rows, summarize
from pegbatch.engine.statistics.resource_use import resource_rows
from pegbatch.engine.statistics.tables import integrity, statistics
from pegbatch.engine.statistics.time_rows import DAY_SECONDS, HOUR_SECONDS, time_rows
from pegbatch.model.estimate import MachinePrice, PriceTable
from pegbatch.model.history import History
from pegbatch.model.plan import Resources
from pegbatch.model.statistics import Level
from tests.sketched_histories import STARTED, attempt, history, job, ran, task

M5 = MachinePrice(name="m5", vcpu_hour=0.05, gib_per_vcpu=4)
FARGATE = MachinePrice(name="fargate", vcpu_hour=0.04, gib_hour=0.005, least_seconds=60)
PRICES = PriceTable(currency="USD", region="here", date="2026-01-01", sources=(), machines={})


def one_task(*executions: Any, attempts: Any = (), **resources: Any) -> History:
    asked = Resources(resources.get("vcpus", 1), resources.get("memory_mib", 2048))
    return history([job("L0", resources=asked)], [task("a")], executions, attempts)


def test_a_task_that_failed_first_and_then_succeeded_was_retried_once() -> None:
    seen = one_task(
        ran("a", state="failed", seconds=4),
        ran("a", attempt=2, after=20, seconds=6),
        attempts=[
            attempt(state="failed", exit_code=75, seconds=5),
            attempt(attempt=2, after=19, seconds=8),
        ],
    )
    made = summarize(seen)
    assert (made.tasks.succeeded, made.tasks.failed, made.tasks.incomplete) == (1, 0, 0)
    assert (made.tasks.retries, made.tasks.all_runs) == (1, 2)
    assert (made.jobs.succeeded, made.jobs.retries) == (1, 1)
    assert (made.task_seconds, made.task_badput_seconds) == (10.0, 4.0)
    assert (made.job_seconds, made.job_badput_seconds) == (13.0, 5.0)


def test_skipped_and_waiting_tasks_are_incomplete_and_were_never_run() -> None:
    tasks = [task("a"), task("b", bag=1), task("c", bag=2)]
    seen = history(
        [job("L0", 3)],
        tasks,
        [ran("a", state="failed"), ran("b", bag=1, state="skipped", seconds=0)],
        [attempt(), attempt(bag=1)],
    )
    made = summarize(seen)
    assert (made.tasks.failed, made.tasks.incomplete, made.skipped) == (1, 2, 1)
    assert made.tasks.all_runs == 1
    assert (made.jobs.succeeded, made.jobs.failed, made.jobs.incomplete) == (0, 1, 2)


def test_what_a_lost_attempt_had_recorded_is_no_badput() -> None:
    seen = history(
        [job("L0", tasks=2)],
        [task("a"), task("b")],
        [ran("a", seconds=30), ran("b", attempt=2, after=100, seconds=5)],
        [
            attempt(state="lost", seconds=50, exit_code=None),
            attempt(attempt=2, after=99, seconds=7),
        ],
    )
    made = summarize(seen)
    assert made.job_badput_seconds == 20.0
    assert made.task_badput_seconds == 0.0


def test_a_success_that_was_undone_is_badput() -> None:
    seen = one_task(
        ran("a", seconds=30),
        ran("a", try_=2, attempt=0, state="undone", seconds=0, after=200),
        ran("a", try_=2, after=210, seconds=40),
        attempts=[attempt(seconds=31), attempt(try_=2, after=209, seconds=41)],
    )
    made = summarize(seen)
    assert (made.task_badput_seconds, made.job_badput_seconds) == (30.0, 30.0)
    assert made.tasks.retries == 1


def test_tasks_that_ran_side_by_side_waste_no_more_than_their_attempt_took() -> None:
    seen = history(
        [job("L0", tasks=2)],
        [task("a"), task("b")],
        [ran("a", state="failed"), ran("b", state="failed")],
        [attempt(seconds=12)],
    )
    assert summarize(seen).job_badput_seconds == 12.0


def test_the_time_between_two_tries_is_told_apart() -> None:
    seen = one_task(
        ran("a", state="failed", seconds=10),
        ran("a", try_=2, after=100_000, seconds=10),
        attempts=[attempt(seconds=11), attempt(try_=2, after=99_999, seconds=11)],
    )
    made = summarize(seen)
    assert made.wall_seconds == 100_010.0
    assert made.busy_seconds == 11.0 + 11.0


def test_a_run_that_was_never_watched_has_statistics_all_the_same() -> None:
    made = summarize(history([job("L0")], [task("a")]))
    assert (made.tasks.total, made.tasks.incomplete, made.jobs.incomplete) == (1, 1, 1)
    assert (made.task_seconds, made.job_seconds, made.busy_seconds) == (0, 0, 0)


def test_a_plan_that_was_never_run_has_taken_no_time() -> None:
    seen = replace(history([job("L0")], [task("a")], state="planned"), started=None, ended=None)
    assert (summarize(seen).wall_seconds, summarize(seen).busy_seconds) == (0, 0)


def test_what_nobody_knows_the_start_of_and_what_is_not_planned_count_for_nothing() -> None:
    seen = history(
        [job("L0")],
        [task("a")],
        [ran("a"), ran("a", try_=2, attempt=0, state="undone"), ran("stranger")],
        [attempt(), attempt(try_=2, state="lost", start=None, end=None), attempt("verdict")],
    )
    made = summarize(seen)
    assert (made.tasks.incomplete, made.tasks.retries, made.jobs.failed) == (1, 0, 1)
    assert time_rows(seen, span_seconds=DAY_SECONDS)[0][0].jobs == 2


def test_stage_in_children_are_jobs_and_have_no_tasks() -> None:
    stage_in = job("stage-in", kind="stage-in", level=None, tasks=0)
    seen = history(
        [stage_in, job("L0"), job("verdict", kind="verdict", level=None, tasks=0)],
        [task("a")],
        [ran("transfer-1", array="stage-in"), ran("a")],
        [attempt("stage-in"), attempt()],
    )
    made = summarize(seen)
    assert (made.tasks.total, made.jobs.total, made.jobs.succeeded) == (1, 2, 2)
    assert [row.array for row in array_rows(seen)] == ["L0"]
    assert [row.transformation for row in breakdown(seen)] == ["t"]


def test_a_transformation_has_a_row_for_each_way_to_end() -> None:
    tasks = [task(name, bag=bag) for bag, name in enumerate("abc")]
    seen = history(
        [job("L0", 3)],
        tasks,
        [
            ran("a", seconds=2, cpu_seconds=1, max_rss_mib=10, bytes_in=5, bytes_out=7),
            ran("b", bag=1, seconds=6, cpu_seconds=3, max_rss_mib=30, bytes_in=15, bytes_out=1),
            ran("c", bag=2, seconds=1, state="failed"),
        ],
        [attempt(bag=bag, waited_seconds=float(bag)) for bag in range(3)],
    )
    good, bad = breakdown(seen)
    assert (good.ending, good.count, bad.ending, bad.count) == ("successful", 2, "failed", 1)
    runtime = good.runtime_seconds
    assert (runtime.least, runtime.mean, runtime.most, runtime.total) == (2, 4, 6, 8)
    assert good.memory_mib is not None and good.memory_mib.mean == 20
    assert good.bytes_in is not None and good.bytes_in.total == 20
    assert good.bytes_out.total == 8
    assert good.wait_seconds is not None and good.wait_seconds.total == 1.0
    assert bad.cpu_seconds is None
    assert bad.wait_seconds is not None and bad.wait_seconds.total == 2.0


def test_the_wait_of_a_packed_bag_counts_once() -> None:
    seen = history(
        [job("L0", tasks=3)],
        [task(name) for name in "abc"],
        [ran(name) for name in "abc"],
        [attempt(waited_seconds=9.0)],
    )
    (row,) = breakdown(seen)
    assert row.wait_seconds is not None
    assert (row.wait_seconds.count, row.wait_seconds.total) == (1, 9.0)


def test_a_job_row_tells_an_attempt_and_what_ran_in_it() -> None:
    seen = history(
        [job("L0", tasks=2)],
        [task("a"), task("b")],
        [
            ran("a", seconds=3, cpu_seconds=2),
            ran("b", seconds=4, cpu_seconds=1, state="failed", exit_code=3),
            ran("b", attempt=2, after=20, seconds=5),
        ],
        [
            attempt(host="h1", waited_seconds=1.5, exit_code=75, state="failed"),
            attempt(attempt=2, after=19, host="h2"),
        ],
    )
    first, second = job_rows(seen)
    assert (first.host, first.tasks, first.failed_tasks, first.task_seconds) == ("h1", 2, 1, 7)
    assert (first.cpu_seconds, first.wait_seconds, first.exit_code) == (3, 1.5, 75)
    assert (second.attempt, second.tasks, second.cpu_seconds) == (2, 1, None)


def test_time_rows_begin_at_full_hours_and_sum_up_over_hosts() -> None:
    seen = history(
        [job("L0", 3)],
        [task(name, bag=bag) for bag, name in enumerate("abc")],
        [ran("a"), ran("b", bag=1, after=10), ran("c", bag=2, after=3_700)],
        [attempt(host="h1"), attempt(bag=1, host="h2"), attempt(bag=2, host="h1", after=3_700)],
    )
    hours, hosts = time_rows(seen, span_seconds=HOUR_SECONDS)
    assert [(row.start, row.jobs, row.tasks) for row in hours] == [
        (STARTED, 2, 2),
        (STARTED + 3600, 1, 1),
    ]
    assert [(row.host, row.tasks) for row in hosts] == [("h1", 1), ("h2", 1), ("h1", 1)]
    days, _ = time_rows(seen, span_seconds=DAY_SECONDS)
    assert [(row.start % DAY_SECONDS, row.tasks) for row in days] == [(0, 3)]


@pytest.mark.parametrize(
    ("asked", "used", "advised"),
    [
        (2048, 310, 512),
        (2048, 1300, None),
        (512, 310, None),
        (512, 500, 768),
        (256, 10, None),
        (2048, None, None),
    ],
)
def test_memory_advice_leaves_room_and_is_given_where_it_is_worth_it(
    asked: int, used: float | None, advised: int | None
) -> None:
    (row,) = resource_rows(one_task(ran("a", max_rss_mib=used), memory_mib=asked))
    assert (row.memory_asked_mib, row.memory_used_mib) == (asked, used)
    assert row.memory_advised_mib == advised


def test_a_task_that_was_killed_with_all_memory_in_use_asked_for_too_little() -> None:
    (row,) = resource_rows(
        one_task(ran("a", state="failed", signal=9, max_rss_mib=500), memory_mib=512)
    )
    assert (row.out_of_memory, row.may_be_out_of_memory) == (1, 0)
    assert row.memory_advised_mib == 1024


def test_a_task_that_was_killed_with_little_memory_in_use_may_have_had_another_reason() -> None:
    (row,) = resource_rows(one_task(ran("a", state="failed", exit_code=137, max_rss_mib=20)))
    assert (row.out_of_memory, row.may_be_out_of_memory) == (0, 1)


def test_a_child_that_batch_killed_for_its_memory_counts_for_the_tasks_of_its_bag() -> None:
    tasks = [task("a", transformation="large"), task("b", bag=1, transformation="small")]
    lost = attempt(state="lost", exit_code=137, reason="OutOfMemoryError: Container killed")
    large, small = resource_rows(history([job("L0", 2)], tasks, [], [lost, attempt(bag=1)]))
    assert (large.out_of_memory, large.memory_advised_mib) == (1, 4096)
    assert (small.out_of_memory, small.memory_advised_mib) == (0, None)


@pytest.mark.parametrize(
    ("asked", "cpu", "advised"), [(4, 9.0, 1), (4, 35.0, None), (1, 9.9, None), (1, 38.0, 4)]
)
def test_cores_are_advised_by_cpu_time(asked: int, cpu: float, advised: int | None) -> None:
    (row,) = resource_rows(one_task(ran("a", seconds=10, cpu_seconds=cpu), vcpus=asked))
    assert row.cores_advised == advised


def test_short_tasks_say_nothing_of_cores() -> None:
    (row,) = resource_rows(one_task(ran("a", seconds=0.5, cpu_seconds=0.1), vcpus=8))
    assert (row.cores_used, row.cores_advised) == (None, None)


def test_memory_of_tasks_side_by_side_adds_up() -> None:
    seen = history(
        [job("L0", tasks=2, resources=Resources(8, 4096))],
        [task("a", cores=2), task("b", cores=2)],
        [ran("a", max_rss_mib=100), ran("b", max_rss_mib=50)],
    )
    (row,) = resource_rows(seen)
    assert (row.memory_used_mib, row.cores_asked) == (400, 2)


def test_cost_is_that_of_every_attempt_with_memory_beyond_its_vcpus() -> None:
    attempts = [attempt(seconds=3600, state="lost"), attempt(attempt=2, seconds=1800)]
    small = one_task(attempts=attempts, vcpus=2, memory_mib=4096)
    made = actual_cost(small, M5, PRICES)
    assert (made.vcpu_hours, made.gib_hours, made.attempts) == (3.0, 6.0, 2)
    assert made.cost.amount == pytest.approx(1.5 * 2 * 0.05)
    large = one_task(attempts=attempts, vcpus=1, memory_mib=16 * 1024)
    assert actual_cost(large, M5, PRICES).cost.amount == pytest.approx(1.5 * 4 * 0.05)


def test_a_container_is_billed_for_its_least_time_and_discounts_count() -> None:
    seen = one_task(attempts=[attempt(seconds=1)], vcpus=1, memory_mib=1024)
    made = actual_cost(seen, FARGATE, PRICES, discount_percent=50)
    assert made.cost.amount == pytest.approx(60 / 3600 * (0.04 + 0.005) / 2)


def test_an_attempt_that_runs_or_never_began_costs_nothing_yet() -> None:
    seen = one_task(
        attempts=[attempt(state="running", end=None), attempt(attempt=2, start=None, end=None)]
    )
    assert actual_cost(seen, M5, PRICES).attempts == 0


def test_integrity_counts_checksums_and_their_mismatches() -> None:
    seen = history(
        [job("L0", 3)],
        [task(name, bag=bag) for bag, name in enumerate("abc")],
        [
            ran("a", files_out=2, bytes_out=10),
            ran("b", bag=1, state="failed", reason="s3://b/k: the checksum is wrong"),
            ran("c", bag=2, state="failed", exit_code=1, reason="exit code 1 checksum"),
        ],
    )
    made = integrity(seen)
    assert (made.files, made.bytes_out, made.mismatches) == (2, 10, 1)


def test_what_was_not_asked_for_is_not_folded() -> None:
    made = statistics(one_task(ran("a")), ("summary",))
    assert made.summary is not None
    assert (made.arrays, made.jobs, made.transformations, made.time) == (None,) * 4


_STATES = st.sampled_from(["succeeded", "failed", "skipped"])


@st.composite
def histories(draw: st.DrawFn) -> History:
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    jobs = [job(f"L{number}", size, level=number) for number, size in enumerate(sizes)]
    tasks, executions, attempts = [], [], []
    for one in jobs:
        for bag in range(one.size):
            name = f"{one.name}-{bag}"
            tasks.append(task(name, one.name, bag, transformation=draw(st.sampled_from("xyz"))))
            for number in range(1, draw(st.integers(0, 3)) + 1):
                seconds = draw(st.floats(0, 1e4))
                place = {"array": one.name, "bag": bag, "attempt": number}
                after = draw(st.floats(0, 1e5))
                state = draw(_STATES)
                executions.append(
                    ran(name, **place, after=after, seconds=seconds, state=state, bytes_out=bag)
                )
                fate = draw(st.sampled_from(["succeeded", "failed", "lost"]))
                host = draw(st.sampled_from(["h1", "h2", ""]))
                taken = draw(st.floats(0, 1e4))
                attempts.append(attempt(**place, after=after, seconds=taken, state=fate, host=host))
    return history(jobs, tasks, executions, attempts)


@given(histories())
def test_totals_are_the_sums_of_their_parts(seen: History) -> None:
    made = statistics(seen, get_args(Level))
    summary, arrays, transformations = made.summary, made.arrays, made.transformations
    assert summary is not None and arrays is not None and transformations is not None
    assert made.jobs is not None and made.time is not None and made.hosts is not None
    assert sum(row.tasks.succeeded for row in arrays) == summary.tasks.succeeded
    assert sum(row.tasks.failed for row in arrays) == summary.tasks.failed
    assert sum(row.jobs.total for row in arrays) == summary.jobs.total
    for counts in (summary.tasks, summary.jobs):
        assert counts.incomplete >= 0 and counts.retries >= 0
    rows = list(made.jobs())
    assert math.isclose(sum(row.runtime_seconds for row in rows), summary.job_seconds)
    assert len(rows) == len(seen.attempts)
    invocations = sum(row.count for row in transformations)
    for parts in (
        [row.runtime_seconds.total for row in transformations],
        [row.task_seconds for row in arrays],
        [row.task_seconds for row in rows],
        [row.task_seconds for row in made.time],
        [row.task_seconds for row in made.hosts],
    ):
        assert math.isclose(sum(parts), summary.task_seconds, abs_tol=1e-6)
    for counted in (made.time, made.hosts):
        assert sum(row.tasks for row in counted) == invocations
        assert sum(row.jobs for row in counted) == len(rows)


@given(histories())
def test_badput_is_never_more_than_there_was(seen: History) -> None:
    made = summarize(seen)
    assert 0 <= made.task_badput_seconds <= made.task_seconds + 1e-6
    assert 0 <= made.job_badput_seconds <= made.job_seconds + 1e-6
    assert 0 <= made.busy_seconds <= made.wall_seconds + 1e-6

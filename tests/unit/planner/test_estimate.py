"""Plans played by expected runtimes, beside their bounds."""

from __future__ import annotations

import math
import re

import pytest

from pegbatch.model.estimate import Conditions, MachinePrice, PriceTable, estimate_to_json
from pegbatch.planner.estimate import estimate, playable
from pegbatch.planner.pipeline import refine
from pegbatch.report.estimate_text import duration, estimate_text
from tests.workflows import T, make_given, make_workflow

FREE = MachinePrice(name="m", vcpu_hour=1.0, gib_per_vcpu=4)
PRICES = PriceTable(
    currency="USD", region="here", date="2026-01-01", sources=(), machines={"m": FREE}
)


def played(tasks, edges=(), properties=None, *, machine=FREE, discount=0.0, **conditions):
    known = {"vcpus": math.inf, "start_seconds": 0.0, "losses_per_hour": 0.0, **conditions}
    linked = refine(make_given(make_workflow(tasks, edges), properties))
    return estimate(
        playable(linked), Conditions(**known), machine, PRICES, discount_percent=discount
    )


def timed(name: str, seconds: float, **profiles: str) -> T:
    known = {"runtime": str(seconds), **profiles}
    named = {f"pegasus.{key}": value for key, value in known.items()}
    return T(id=name, name=name[0], profiles=named)


DIAMOND = [timed("a", 10), timed("b1", 20), timed("b2", 30), timed("c", 5)]
EDGES = [("a", "b1"), ("a", "b2"), ("b1", "c"), ("b2", "c")]


def test_unlimited_vcpus_take_the_critical_path() -> None:
    made = played(DIAMOND, EDGES)
    assert (made.makespan_seconds, made.critical_path_seconds) == (45.0, 45.0)
    assert made.work_seconds == 65.0
    assert made.work_per_vcpu_seconds == 0.0


def test_on_one_vcpu_the_work_is_the_bound() -> None:
    made = played(DIAMOND, EDGES, vcpus=1.0)
    assert (made.makespan_seconds, made.bound_seconds) == (65.0, 65.0)


def test_starts_are_waited_for_and_billed_the_verdicts_too() -> None:
    made = played(DIAMOND, EDGES, start_seconds=7.0)
    assert made.makespan_seconds == 45.0 + 4 * 7
    assert made.billed_seconds == 65.0 + 5 * 7
    assert (made.containers, made.helpers) == (4, 1)


def test_packed_tasks_share_a_start() -> None:
    tasks = [timed(f"t{n}", 10) for n in range(10)]
    properties = {"pegbatch.pack.runtime": "50"}
    made = played(tasks, properties=properties, vcpus=2.0, start_seconds=5.0)
    assert made.containers == 2
    assert made.makespan_seconds == 5 + 50 + 5


def test_tasks_side_by_side_take_as_long_as_their_vcpus_ask_for() -> None:
    tasks = [timed(f"t{n}", 10, label="x") for n in range(6)]
    properties = {"pegasus.clusterer.job.aggregator": "mpiexec", "pegbatch.pmc.vcpus": "2"}
    linked = refine(make_given(make_workflow(tasks), properties, cluster=["label"]))
    made = estimate(
        playable(linked),
        Conditions(vcpus=math.inf, start_seconds=0, losses_per_hour=0),
        FREE,
        PRICES,
    )
    assert (made.makespan_seconds, made.billed_seconds, made.work_seconds) == (30.0, 60.0, 60.0)


def test_memory_beyond_that_of_its_vcpus_costs_the_vcpus_that_carry_it() -> None:
    lean = played([timed("t", 3600, memory="4096")])
    fat = played([timed("t", 3600, memory="16384")])
    assert (lean.cost.amount, fat.cost.amount) == (1.0, 4.0)
    assert played([timed("t", 3600, memory="4096")], discount=75.0).cost.amount == 0.25


def test_fargate_bills_memory_and_a_minute_at_least() -> None:
    fargate = MachinePrice(name="f", vcpu_hour=1.0, gib_hour=0.5, least_seconds=60)
    made = played([timed("t", 1, memory="2048")], machine=fargate)
    verdict = 60 * (1.0 + 0.5 * 0.5)
    assert made.cost.amount == pytest.approx((60 * (1.0 + 2 * 0.5) + verdict) / 3600)


def test_tasks_without_a_runtime_are_counted_and_may_be_given_one() -> None:
    linked = refine(make_given(make_workflow([T(id="x"), timed("y", 3)])))
    plan = playable(linked, default_seconds=9.0)
    assert (plan.without_runtime, sorted(plan.seconds)) == (1, [3.0, 9.0])


def test_an_estimate_is_told_in_words_and_as_json() -> None:
    made = played(DIAMOND, EDGES, vcpus=2.0, start_seconds=5.0)
    text = estimate_text(made)
    assert "4 tasks in 4 jobs of AWS Batch\n2 vCPUs, 5 s to start a container\n" in text
    assert "1.44 times the larger bound" in text
    told = estimate_to_json(made)
    assert told["makespan_seconds"] == made.makespan_seconds
    assert told["vcpus"] == 2
    assert estimate_to_json(played(DIAMOND, EDGES))["vcpus"] is None


def test_what_costs_less_than_a_cent_is_told_in_digits_that_say_something() -> None:
    text = estimate_text(played([timed("t", 9)]))
    assert re.search(r"billed +0\.00\d+ vCPU h", text)
    assert re.search(r"cost +0\.00\d+ USD", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90000, "1 d 1 h")],
)
def test_times_are_told_in_two_units(seconds, text) -> None:
    assert duration(seconds) == text

"""Playing arrays of children on vCPUs."""

from __future__ import annotations

import heapq
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.planner.play import ATTEMPTS_MAX, Stage, Step, play


def test_children_run_as_far_as_vcpus_are_free() -> None:
    played = play([Step(seconds=[10.0] * 5)], Stage(vcpus=2))
    assert (played.makespan_seconds, played.vcpu_seconds, played.containers) == (30.0, 50.0, 5)


def test_an_array_waits_for_the_whole_of_another() -> None:
    steps = [Step(seconds=[1.0, 5.0]), Step(seconds=[1.0, 1.0], waits_for=(0,))]
    assert play(steps, Stage()).makespan_seconds == 6.0


def test_children_in_step_wait_for_their_partners_alone() -> None:
    steps = [Step(seconds=[1.0, 5.0]), Step(seconds=[8.0, 1.0], pairs_with=(0,))]
    assert play(steps, Stage()).makespan_seconds == 9.0


def test_a_child_waits_for_arrays_and_partners_alike() -> None:
    steps = [
        Step(seconds=[2.0, 1.0]),
        Step(seconds=[4.0]),
        Step(seconds=[1.0, 1.0], pairs_with=(0,), waits_for=(1,)),
    ]
    assert play(steps, Stage()).makespan_seconds == 5.0
    assert play(steps, Stage(vcpus=1)).makespan_seconds == 9.0


def test_each_container_takes_its_start_and_is_billed_for_it() -> None:
    played = play([Step(seconds=[10.0, 20.0], vcpus=2)], Stage(start_seconds=5.0))
    assert played.makespan_seconds == 25.0
    assert played.vcpu_seconds == 2 * (15 + 25)
    assert played.seconds_by_step == [15 + 25]


def test_a_child_that_does_not_fit_holds_up_smaller_ones_as_on_the_embedded_aws() -> None:
    steps = [
        Step(seconds=[10.0]),
        Step(seconds=[10.0], vcpus=2),
        Step(seconds=[10.0]),
    ]
    assert play(steps, Stage(vcpus=2)).makespan_seconds == 30.0
    assert play(steps, Stage(vcpus=2, in_order=False)).makespan_seconds == 20.0


def test_a_child_larger_than_the_stage_runs_on_all_of_it() -> None:
    assert play([Step(seconds=[3.0, 3.0], vcpus=8)], Stage(vcpus=2)).makespan_seconds == 6.0


def test_lost_machines_cost_starts_and_unfinished_tasks_and_are_the_same_each_time() -> None:
    step = Step(seconds=[3600.0] * 200, tasks=[60] * 200)
    calm = play([step], Stage(vcpus=50, start_seconds=30))
    rough = [play([step], Stage(vcpus=50, start_seconds=30, losses_per_hour=0.5)) for _ in "ab"]
    assert rough[0] == rough[1]
    assert 50 < rough[0].losses < 200
    assert rough[0].containers == 200 + rough[0].losses
    assert rough[0].makespan_seconds > calm.makespan_seconds
    # A start and at most a minute's task each.
    assert rough[0].vcpu_seconds - calm.vcpu_seconds <= rough[0].losses * (30 + 60)


def test_a_child_that_can_never_end_is_given_up_after_its_attempts() -> None:
    played = play([Step(seconds=[3600.0 * 1000])], Stage(losses_per_hour=10.0))
    assert (played.given_up, played.losses) == (1, ATTEMPTS_MAX - 1)
    assert math.isfinite(played.makespan_seconds)


@st.composite
def step_lists(draw):
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 4))
        before = [n for n in range(number) if draw(st.booleans())]
        pairs = tuple(n for n in before if len(steps[n].seconds) == size and draw(st.booleans()))
        steps.append(
            Step(
                seconds=[float(draw(st.integers(0, 9))) for _ in range(size)],
                vcpus=draw(st.integers(1, 3)),
                waits_for=tuple(n for n in before if n not in pairs),
                pairs_with=pairs,
            )
        )
    return steps


@given(step_lists(), st.integers(1, 5), st.booleans())
@settings(max_examples=200, deadline=None)
def test_play_agrees_with_a_simulation_second_by_second(steps, vcpus, in_order) -> None:
    assert play(steps, Stage()).makespan_seconds == longest_path(steps)
    played = play(steps, Stage(vcpus=vcpus, in_order=in_order))
    assert played.makespan_seconds == by_polling(steps, vcpus, in_order)


def longest_path(steps):
    ends: list[list[float]] = []
    for step in steps:
        after = max((max(ends[n]) for n in step.waits_for), default=0.0)
        ends.append(
            [
                max([after, *(ends[n][child] for n in step.pairs_with)]) + seconds
                for child, seconds in enumerate(step.seconds)
            ]
        )
    return max(max(of) for of in ends)


def by_polling(steps, vcpus, in_order):
    """Scan all children in order at every end: slow, and plain."""
    waiting = [(n, child) for n, step in enumerate(steps) for child in range(len(step.seconds))]
    over: set[tuple[int, int]] = set()
    running: list[tuple[float, int, int]] = []
    now = 0.0

    def is_ready(number, child):
        step = steps[number]
        whole = ((n, c) for n in step.waits_for for c in range(len(steps[n].seconds)))
        return over.issuperset(whole) and over.issuperset((n, child) for n in step.pairs_with)

    while waiting or running:
        for number, child in [item for item in waiting if is_ready(*item)]:
            used = sum(min(steps[n].vcpus, vcpus) for _, n, _ in running)
            if used + min(steps[number].vcpus, vcpus) <= vcpus:
                waiting.remove((number, child))
                heapq.heappush(running, (now + steps[number].seconds[child], number, child))
            elif in_order:
                break
        now, number, child = heapq.heappop(running)
        over.add((number, child))
    return now


@pytest.mark.parametrize("vcpus", [1, 3, math.inf])
def test_nothing_to_play_takes_no_time(vcpus) -> None:
    assert play([], Stage(vcpus=vcpus)).makespan_seconds == 0.0

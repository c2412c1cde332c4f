"""Bins for runtimes: first fit decreasing, and longest first into the least loaded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.planner.cut_by_runtime import first_fit, least_loaded

RUNTIMES = st.lists(st.floats(0, 1000, allow_nan=False), max_size=40)


def test_the_longest_goes_first_into_the_first_bin_that_holds_it() -> None:
    assert first_fit([30, 50, 70, 20, 40], 100) == [[0, 2], [1, 4], [3]]


def test_a_job_longer_than_the_maximum_is_in_no_bin() -> None:
    assert first_fit([101, 5, 100], 100) == [[2], [1]]
    assert first_fit([7], 1) == []


def test_rounding_does_not_open_a_bin() -> None:
    assert first_fit([0.1] * 10, 1.0) == [list(range(10))]


@given(RUNTIMES, st.floats(1, 500))
@settings(deadline=None)
def test_first_fit_is_what_a_plain_search_finds(runtimes, maximum) -> None:
    bins, loads = [], []
    for job in sorted(range(len(runtimes)), key=lambda job: (-runtimes[job], job)):
        if runtimes[job] > maximum:
            continue
        slack = maximum * 1e-9
        place = next((n for n, load in enumerate(loads) if load >= runtimes[job] - slack), None)
        if place is None:
            bins.append([])
            loads.append(maximum)
            place = len(bins) - 1
        bins[place].append(job)
        loads[place] -= runtimes[job]
    assert first_fit(runtimes, maximum) == [sorted(jobs) for jobs in bins]


@pytest.mark.parametrize(
    ("runtimes", "parts", "expected"),
    [
        ([7, 6, 5, 4, 3], 2, [[0, 3, 4], [1, 2]]),
        ([1, 1, 10], 2, [[2], [0, 1]]),
        ([0, 0, 0], 3, [[0], [1], [2]]),
        ([5], 1, [[0]]),
    ],
)
def test_the_longest_goes_first_into_the_least_loaded_bin(runtimes, parts, expected) -> None:
    assert least_loaded(runtimes, parts) == expected


@given(RUNTIMES.filter(bool), st.integers(1, 10))
@settings(deadline=None)
def test_loads_differ_by_less_than_one_job(runtimes, parts) -> None:
    parts = min(parts, len(runtimes))
    bins = least_loaded(runtimes, parts)
    assert sorted(job for jobs in bins for job in jobs) == list(range(len(runtimes)))
    assert all(bins)
    loads = [sum(runtimes[job] for job in jobs) for jobs in bins]
    assert max(loads) - min(loads) <= max(runtimes) + 1e-6

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.statistics.distributions import distribution, quantile, shapes_of
from tests.invented_histories import invented_history

VALUES = st.lists(st.floats(0, 1e9), min_size=1, max_size=60)


def test_the_five_numbers_of_a_few_values() -> None:
    found = distribution([4.0, 1.0, 2.0, 3.0, 5.0])
    five = (found.least, found.lower, found.median, found.upper, found.most)
    assert five == (1, 2, 3, 4, 5)
    assert (found.count, found.total, found.mean) == (5, 15, 3)


def test_a_quantile_lies_between_two_values() -> None:
    assert quantile([1.0, 2.0], 0.5) == 1.5
    assert quantile([7.0], 0.9) == 7.0


@given(VALUES)
def test_every_value_is_in_one_bin_and_the_numbers_are_in_order(values: list[float]) -> None:
    found = distribution(values)
    assert sum(found.counts) == found.count == len(values)
    assert len(found.edges) == len(found.counts) + 1
    assert list(found.edges) == sorted(found.edges)
    assert found.least <= found.lower <= found.median <= found.upper <= found.most


def test_bins_grow_where_one_value_is_far_from_the_others() -> None:
    edges = distribution([1.0] * 50 + [10_000.0]).edges
    assert edges[1] - edges[0] < (edges[-1] - edges[-2]) / 100


def test_only_what_counts_and_has_succeeded_is_measured() -> None:
    history = invented_history(levels=2, children=200, failing=0.1)
    shapes = shapes_of(history)
    assert sum(shape.succeeded for shape in shapes) == history.status.tasks.succeeded
    assert sum(shape.tasks for shape in shapes) == history.status.tasks.total


def test_the_transformation_that_took_most_time_comes_first() -> None:
    names = [shape.transformation for shape in shapes_of(invented_history(levels=5, children=80))]
    assert names[0] == "sim::step4:1.0"


def test_cpu_is_a_share_of_the_vcpus_that_the_task_had() -> None:
    shape = shapes_of(invented_history(levels=1, children=9))[0]
    assert shape.metrics["cpu"].median == pytest.approx(80)


def test_a_metric_that_is_on_no_record_is_not_there() -> None:
    history = invented_history(levels=1, children=4)
    bare = {
        key: replace(one, cpu_seconds=None, bytes_in=None, max_rss_mib=None)
        for key, one in history.newest.items()
    }
    assert set(shapes_of(replace(history, newest=bare))[0].metrics) == {"runtime", "written"}

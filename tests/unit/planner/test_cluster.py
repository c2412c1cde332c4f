"""Horizontal clustering by num and size."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import UsageError
from pegbatch.planner.check import check
from pegbatch.planner.cluster import cluster
from pegbatch.planner.cluster_horizontally import even_parts
from pegbatch.planner.level import level
from pegbatch.planner.locate_inputs import locate_inputs
from pegbatch.planner.map_to_site import map_to_site
from tests.workflows import T, make_given, make_workflow


def clustered(count, profiles, *, technique=("horizontal",), properties=None):
    tasks = [T(id=str(number), name="find.range", profiles=profiles) for number in range(count)]
    given = make_given(make_workflow(tasks), properties, cluster=technique)
    return cluster(level(locate_inputs(map_to_site(check(given)))))


def sizes(stage):
    return [count for _, count in sorted(Counter(stage.clusters).items())]


@pytest.mark.parametrize(
    ("count", "profiles", "expected"),
    [
        (4, {"pegasus.clusters.num": "3"}, [2, 1, 1]),
        (7, {"pegasus.clusters.num": "3"}, [3, 2, 2]),
        (3, {"pegasus.clusters.num": "5"}, [1, 1, 1]),
        (4, {"pegasus.clusters.size": "3"}, [3, 1]),
        (4, {"pegasus.clusters.num": "2", "pegasus.clusters.size": "3"}, [2, 2]),
        (1, {"pegasus.clusters.num": "1"}, [1]),
    ],
)
def test_clusters_are_cut_as_documented(count, profiles, expected) -> None:
    assert sizes(clustered(count, profiles)) == expected


def test_clusters_have_pegasus_names() -> None:
    names = clustered(4, {"pegasus.clusters.size": "2"}).cluster_names
    assert names == ["merge_find_range_PID1_ID1", "merge_find_range_PID1_ID2"]


def test_without_the_option_nothing_is_clustered() -> None:
    assert set(clustered(4, {"pegasus.clusters.size": "2"}, technique=()).clusters) == {-1}


def test_without_a_profile_nothing_is_clustered() -> None:
    stage = clustered(4, {})
    assert set(stage.clusters) == {-1}
    assert stage.cluster_names == []


def test_properties_may_cut_all_jobs() -> None:
    assert sizes(clustered(4, {}, properties={"pegasus.clusters.size": "2"})) == [2, 2]


def test_an_unknown_technique_is_refused() -> None:
    with pytest.raises(UsageError, match="--cluster spiral"):
        clustered(2, {}, technique=("spiral",))


def test_resources_do_not_part_a_cluster() -> None:
    tasks = [
        T(id=str(number), profiles={"pegasus.clusters.size": "2", "pegasus.memory": memory})
        for number, memory in enumerate(["10", "20", "10", "20"])
    ]
    given = make_given(make_workflow(tasks), cluster=("horizontal",))
    stage = cluster(level(locate_inputs(map_to_site(check(given)))))
    assert list(stage.clusters) == [0, 0, 1, 1]
    assert stage.cluster_resources == {}


def test_names_go_on_counting_where_sizes_differ() -> None:
    tasks = [
        T(id=str(number), profiles={"pegasus.clusters.size": size})
        for number, size in enumerate(["1", "2", "1", "2"])
    ]
    given = make_given(make_workflow(tasks), cluster=("horizontal",))
    stage = cluster(level(locate_inputs(map_to_site(check(given)))))
    assert stage.cluster_names == [f"merge_t_PID1_ID{n}" for n in (1, 2, 3)]
    assert list(stage.clusters) == [0, 2, 1, 2]


@given(st.integers(1, 50), st.integers(1, 50))
@settings(deadline=None)
def test_even_parts_lose_nothing(count: int, parts: int) -> None:
    tasks = list(range(count))
    cut = list(even_parts(tasks, min(parts, count)))
    assert [task for part in cut for task in part] == tasks
    assert max(map(len, cut)) - min(map(len, cut)) <= 1

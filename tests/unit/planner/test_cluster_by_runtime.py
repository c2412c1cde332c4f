"""Horizontal clusters cut by runtime, and the properties that steer horizontal clustering."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError, UsageError
from tests.unit.planner.test_pipeline import bags, planned
from tests.workflows import T

BY_RUNTIME = {"pegasus.clusterer.preference": "Runtime"}
SEQEXEC = {"pegasus.clusterer.job.aggregator": "seqexec"}


def timed(*runtimes, key="pegasus.runtime", **profiles):
    more = {f"pegasus.{name}": value for name, value in profiles.items()}
    return [
        T(id=str(n), profiles=(more if seconds is None else {key: str(seconds), **more}))
        for n, seconds in enumerate(runtimes)
    ]


def members(result):
    found = {}
    for task, number in enumerate(result.clusters):
        name = "" if number == -1 else result.cluster_names[number]
        found.setdefault(name.rpartition("_")[2], []).append(result.workflow.tasks.ids[task])
    return found


def clustered(tasks, properties=None, **options):
    return members(planned(tasks, (), {**BY_RUNTIME, **(properties or {})}, **options))


def test_clusters_do_not_run_longer_than_maxruntime() -> None:
    tasks = timed(30, 50, 70, 20, 40, **{"clusters.maxruntime": "100"})
    found = clustered(tasks, cluster=["horizontal"])
    assert found == {"ID1": ["0", "2"], "ID2": ["1", "4"], "ID3": ["3"]}


def test_a_job_longer_than_maxruntime_stays_alone() -> None:
    tasks = timed(300, 50, 50, **{"clusters.maxruntime": "100"})
    result = planned(tasks, (), {**BY_RUNTIME, **SEQEXEC}, cluster=["horizontal"])
    assert members(result) == {"": ["0"], "ID1": ["1", "2"]}
    assert sorted(bags(result)["L0-t"]) == [["0"], ["1", "2"]]


def test_clusters_num_fills_the_least_loaded() -> None:
    tasks = timed(7, 6, 5, 4, 3, **{"clusters.num": "2"})
    assert clustered(tasks, cluster=["horizontal"]) == {"ID1": ["0", "3", "4"], "ID2": ["1", "2"]}


def test_maxruntime_goes_before_num() -> None:
    tasks = timed(5, 5, 5, **{"clusters.num": "1", "clusters.maxruntime": "5"})
    assert len(clustered(tasks, cluster=["horizontal"])) == 3


def test_without_either_all_jobs_are_one_cluster_and_a_warning_says_so() -> None:
    result = planned(timed(5, 5), (), BY_RUNTIME, cluster=["horizontal"])
    assert members(result) == {"ID1": ["0", "1"]}
    (warning,) = result.warnings
    assert "neither clusters.maxruntime nor clusters.num is set for t" in str(warning)


def test_missing_runtimes_are_named_with_their_line() -> None:
    tasks = timed(5, *[None] * 7, **{"clusters.maxruntime": "9"})
    with pytest.raises(InputError) as caught:
        clustered(tasks, cluster=["horizontal"])
    (problem,) = caught.value.problems
    assert problem.where == "workflow.xml:2"
    assert problem.message.startswith("jobs 1, 2, 3, 4, 5 and 2 more (t): no profile")


def test_a_job_alone_in_its_level_needs_no_runtime() -> None:
    tasks = timed(None, **{"clusters.maxruntime": "9"})
    assert clustered(tasks, cluster=["horizontal"]) == {"ID1": ["0"]}


def test_the_old_spellings_are_read() -> None:
    tasks = timed(5, 5, key="pegasus.job.runtime", **{"clusters.num": "1", "collapser": "seqexec"})
    result = planned(tasks, (), BY_RUNTIME, cluster=["horizontal"])
    assert bags(result)["L0-t"] == [["0", "1"]]


def test_sizes_may_be_given_by_site_and_profiles_go_before_them() -> None:
    nodes = {"pegasus.clusterer.nodes": "elsewhere=5,condorpool=2"}
    plain = [T(id=str(n)) for n in range(4)]
    own = [T(id=str(n), profiles={"pegasus.clusters.size": "3"}) for n in range(4)]
    assert len(site_plan(plain, nodes)) == 2
    assert [len(of) for of in site_plan(own, nodes).values()] == [3, 1]
    assert site_plan(plain, {"pegasus.clusterer.nodes": "elsewhere=5"}) == {"": list("0123")}


def site_plan(tasks, properties):
    result = planned(tasks, (), properties, cluster=["horizontal"])
    return members(result)


def test_single_jobs_can_be_kept_out_of_clusters() -> None:
    tasks = [T(id="a", profiles={"pegasus.clusters.num": "1"})]
    off = {"pegasus.clusterer.allow.single": "false"}
    assert planned(tasks, cluster=["horizontal"]).cluster_names == ["merge_t_PID1_ID1"]
    assert planned(tasks, (), off, cluster=["horizontal"]).cluster_names == []
    four = [T(id=str(n), profiles={"pegasus.clusters.num": "4"}) for n in range(4)]
    assert planned(four, (), off, cluster=["horizontal"]).cluster_names == []
    trailing = [T(id=str(n), profiles={"pegasus.clusters.size": "3"}) for n in range(4)]
    assert len(planned(trailing, (), off, cluster=["horizontal"]).cluster_names) == 2


def test_techniques_are_read_in_any_case_and_all_unknown_ones_named() -> None:
    tasks = timed(5, **{"clusters.num": "1"})
    assert planned(tasks, cluster=["Horizontal"]).cluster_names == ["merge_t_PID1_ID1"]
    with pytest.raises(UsageError) as caught:
        planned(tasks, cluster=["spiral", "horizontal", "ring"])
    assert [problem.message for problem in caught.value.problems] == [
        "--cluster spiral is not supported", "--cluster ring is not supported",
    ]  # fmt: skip

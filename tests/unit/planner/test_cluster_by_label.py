"""Clusters of a label, of the whole workflow, and techniques one after another."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError, PlanError
from tests.unit.planner.test_pipeline import bags, links, planned
from tests.workflows import T

SEQEXEC = {"pegasus.clusterer.job.aggregator": "seqexec"}


def labelled(**labels):
    return [T(id=id, profiles={"pegasus.label": of} if of else None) for id, of in labels.items()]


def all_bags(result):
    return [bag for of in bags(result).values() for bag in of]


def test_a_label_is_one_bag_in_order_of_execution_and_levels_are_counted_anew() -> None:
    tasks = labelled(d="", c="one", b="one", a="one")
    result = planned(tasks, [("a", "b"), ("b", "c"), ("c", "d")], cluster=["label"])
    assert all_bags(result) == [["a", "b", "c"], ["d"]]
    assert result.cluster_names == ["merge_one"]
    assert result.plan.levels == 2
    assert links(result)["L1-t"] == {"L0-t": "ALL"}


def test_labels_of_one_level_are_bags_of_one_array() -> None:
    tasks = labelled(a0="x", b0="x", a1="y", b1="y", end="")
    edges = [("a0", "b0"), ("a1", "b1"), ("b0", "end"), ("b1", "end")]
    result = planned(tasks, edges, cluster=["vertical"])
    assert bags(result) == {"L0-t": [["a0", "b0"], ["a1", "b1"]], "L1-t": [["end"]]}


def test_the_key_of_labels_may_be_another() -> None:
    tasks = [T(id=id, profiles={"pegasus.myLabel": "one"}) for id in "ab"]
    key = {"pegasus.clusterer.label.key": "mylabel"}
    assert planned(tasks, (), key, cluster=["label"]).cluster_names == ["merge_one"]
    assert planned(tasks, cluster=["label"]).cluster_names == []


def test_a_label_that_is_left_and_entered_again_is_refused_with_the_way() -> None:
    tasks = labelled(a="one", b="", c="one")
    with pytest.raises(InputError) as caught:
        planned(tasks, [("a", "b"), ("b", "c")], cluster=["label"])
    (problem,) = caught.value.problems
    assert problem.message == (
        "Invalid labelled graph: clusters would wait for each other: "
        "c (merge_one) waits for b; b waits for a (merge_one)"
    )
    assert problem.where == "workflow.xml:1"


def test_two_labels_that_wait_for_each_other_are_refused() -> None:
    tasks = labelled(a="one", b="two", c="two", d="one")
    with pytest.raises(InputError, match="Invalid labelled graph"):
        planned(tasks, [("a", "b"), ("c", "d")], cluster=["label"])


def test_a_label_alone_is_a_cluster_where_single_jobs_may_be() -> None:
    tasks = labelled(a="one", b="")
    off = {"pegasus.clusterer.allow.single": "false"}
    assert planned(tasks, cluster=["label"]).cluster_names == ["merge_one"]
    assert planned(tasks, (), off, cluster=["label"]).cluster_names == []


def test_whole_is_one_bag_of_everything() -> None:
    tasks = [T(id=id) for id in "dcba"]
    result = planned(tasks, [("a", "b"), ("b", "c"), ("a", "d")], cluster=["whole"])
    assert all_bags(result) == [["a", "d", "b", "c"]]
    assert result.cluster_names == ["merge_whole-wf"]
    assert [job.name for job in result.plan.jobs] == ["L0-t", "verdict"]
    assert [job.name for job in planned([], cluster=["whole"]).plan.jobs] == ["verdict"]


def test_a_bag_asks_for_the_most_that_one_of_its_tasks_needs() -> None:
    profiles = [
        {"pegasus.cores": "4", "pegasus.memory": "100"},
        {"pegasus.memory": "3000", "pegasus.gpus": "1"},
    ]
    tasks = [T(id=str(n), profiles=of) for n, of in enumerate(profiles)]
    resources = planned(tasks, cluster=["whole"]).plan.jobs[0].resources
    assert (resources.vcpus, resources.memory_mib, resources.gpus) == (4, 3000, 1)


def test_limits_of_a_bag_add_up() -> None:
    tasks = [T(id=id, profiles={"pegasus.maxwalltime": "2"}) for id in "ab"]
    assert planned(tasks, cluster=["whole"]).plan.jobs[0].timeout_seconds == 2 * 120 + 300


def both(label, size):
    profiles = {"pegasus.label": label, "pegasus.clusters.size": size}
    return {key: value for key, value in profiles.items() if value}


def test_label_then_horizontal_serves_both_kinds_of_jobs() -> None:
    tasks = [T(id=id, profiles=both("one", "")) for id in "ab"]
    tasks += [T(id=id, profiles=both("", "2")) for id in "xyz"]
    result = planned(tasks, [("a", "b")], cluster=["label", "horizontal"])
    assert result.cluster_names == ["merge_one", "merge_t_PID1_ID1", "merge_t_PID1_ID2"]


def test_a_cluster_in_a_cluster_is_refused_with_aws_batch() -> None:
    tasks = [T(id=id, profiles=both("one", "2")) for id in "abcd"]
    tasks += [T(id=id, profiles=both("two", "2")) for id in "xy"]
    for order in (["label", "horizontal"], ["horizontal", "label"], ["horizontal", "whole"]):
        with pytest.raises(PlanError, match="clustering of clustered jobs is not supported"):
            planned(tasks, cluster=order)


def test_seqexec_puts_clusters_in_clusters() -> None:
    tasks = [T(id=f"{of}{n}", profiles=both(of, "2")) for of in "xyz" for n in range(2)]
    edges = [(f"{of}0", f"{of}1") for of in "xyz"]
    result = planned(tasks, edges, SEQEXEC, cluster=["label", "horizontal"])
    assert result.cluster_names == ["merge_z", "merge_pegasus-seqexec_PID1_ID1"]
    assert sorted(all_bags(result)) == [["x0", "x1", "y0", "y1"], ["z0", "z1"]]


def test_a_horizontal_cluster_has_the_label_of_its_last_job() -> None:
    tasks = [T(id=f"a{n}", name="a", profiles=both("one", "2")) for n in range(2)]
    tasks.append(T(id="b", name="b", profiles=both("one", "")))
    result = planned(tasks, [("a0", "b")], SEQEXEC, cluster=["horizontal", "label"])
    assert result.cluster_names == ["merge_one"]
    assert all_bags(result) == [["a0", "a1", "b"]]


def test_techniques_may_come_twice() -> None:
    tasks = labelled(a="one", b="one")
    result = planned(tasks, (), SEQEXEC, cluster=["label", "label"])
    assert result.cluster_names == ["merge_one"]


def test_chains_leave_labelled_jobs_alone_and_stay_as_they_are() -> None:
    tasks = labelled(a="one", b="one", c="", d="")
    edges = [("a", "b"), ("b", "c"), ("c", "d")]
    label_first = planned(tasks, edges, cluster=["label", "chain"])
    assert label_first.cluster_names == ["merge_one", "chain_c"]
    chain_first = planned(tasks, edges, cluster=["chain", "label"])
    assert chain_first.cluster_names == ["chain_a"]
    assert all_bags(chain_first) == [["a", "b", "c", "d"]]

"""The whole planner on small workflows: arrays, bags, links, verdict."""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.model.plan import LinkType
from pegbatch.planner.pipeline import plan_workflow
from tests.unit.planner.test_level import dags
from tests.workflows import T, make_given, make_workflow


def planned(tasks, edges=(), properties=None, **options):
    return plan_workflow(make_given(make_workflow(tasks, edges), properties, **options))


def links(result):
    return {
        job.name: {link.array: link.type.value for link in job.depends_on}
        for job in result.plan.jobs
    }


def bags(result):
    ids = result.workflow.tasks.ids
    return {
        tasks.name: [
            [ids[task] for task in tasks.order[first:last]]
            for first, last in pairwise(tasks.bag_offsets)
        ]
        for tasks in result.arrays
    }


def test_a_diamond_is_three_arrays_and_a_verdict() -> None:
    tasks = [T(id="a", name="pre"), T(id="b", name="find"), T(id="c", name="find"), T(id="d")]
    result = planned(tasks, [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    assert links(result) == {
        "L0-pre": {},
        "L1-find": {"L0-pre": "ALL"},
        "L2-t": {"L1-find": "ALL"},
        "verdict": {"L2-t": "ALL"},
    }
    sizes = [(job.kind, job.level, job.size, job.tasks) for job in result.plan.jobs]
    assert sizes == [
        ("compute", 0, 1, 1), ("compute", 1, 2, 2), ("compute", 2, 1, 1), ("verdict", None, 1, 0),
    ]  # fmt: skip


def chains(count, order=None):
    """Return tasks and edges of `count` chains a-b, the b written in another order."""
    order = order or list(range(count))
    tasks = [T(id=f"a{number}", name="a") for number in range(count)]
    tasks += [T(id=f"b{number}", name="b") for number in order]
    return tasks, [(f"a{number}", f"b{number}") for number in range(count)]


def test_each_bag_follows_its_single_parent() -> None:
    result = planned(*chains(4, [2, 0, 3, 1]))
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}
    pairs = zip(bags(result)["L0-a"], bags(result)["L1-b"], strict=True)
    assert all(a[0][1:] == b[0][1:] for a, b in pairs)


def test_a_link_of_two_plain_jobs_is_never_n_to_n() -> None:
    assert links(planned(*chains(1)))["L1-b"] == {"L0-a": "ALL"}


def test_packing_keeps_n_to_n_where_both_sides_pack_alike() -> None:
    result = planned(*chains(7, [6, 5, 4, 3, 2, 1, 0]), {"pegbatch.pack.size": "3"})
    assert [len(bag) for bag in bags(result)["L0-a"]] == [3, 3, 1]
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}


def test_a_level_over_the_limit_is_packed_evenly() -> None:
    result = planned(*chains(10), {"pegbatch.pack.max_children": "4"})
    assert [len(bag) for bag in bags(result)["L0-a"]] == [2, 3, 2, 3]
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}


def test_pairs_that_are_merged_can_still_be_n_to_n() -> None:
    tasks = [T(id=f"a{number}", name="a") for number in range(8)]
    tasks += [T(id=f"b{number}", name="b") for number in reversed(range(4))]
    edges = [(f"a{number}", f"b{number // 2}") for number in range(8)]
    result = planned(tasks, edges, {"pegbatch.pack.max_children": "4"})
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}


def test_a_raised_limit_makes_several_arrays_of_a_level() -> None:
    tasks = [T(id=str(number)) for number in range(10_001)]
    result = planned(tasks, properties={"pegbatch.pack.max_children": "20000"})
    assert [(job.name, job.size) for job in result.plan.jobs] == [
        ("L0-t", 10_000), ("L0-t-2", 1), ("verdict", 1),
    ]  # fmt: skip
    assert set(links(result)["verdict"]) == {"L0-t", "L0-t-2"}


def test_by_default_a_level_stays_one_array() -> None:
    result = planned([T(id=str(number)) for number in range(10_001)])
    assert [job.size for job in result.plan.jobs] == [10_000, 1]
    assert result.plan.jobs[0].tasks == 10_001


def test_two_parents_that_agree_are_both_n_to_n() -> None:
    tasks = [T(id=f"{name}{number}", name=name) for name in "abc" for number in range(3)]
    edges = [(f"a{n}", f"b{(n + 1) % 3}") for n in range(3)]
    edges += [(f"b{n}", f"c{(n + 2) % 3}") for n in range(3)]
    edges += [(f"a{n}", f"c{n}") for n in range(3)]
    result = planned(tasks, edges)
    assert links(result)["L2-c"] == {"L1-b": "N_TO_N"}


def test_two_parents_that_disagree_leave_one_barrier() -> None:
    tasks = [T(id=f"{name}{number}", name=name) for name in "abc" for number in range(3)]
    edges = [(f"a{n}", f"b{n}") for n in range(3)]
    edges += [(f"b{n}", f"c{n}") for n in range(3)]
    edges += [(f"a{n}", f"c{(n + 1) % 3}") for n in range(3)]
    result = planned(tasks, edges)
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}
    assert links(result)["L2-c"] == {"L0-a": "ALL", "L1-b": "N_TO_N"}


def test_resources_split_a_level_and_attempts_do_not() -> None:
    tasks = [
        T(id="a", profiles={"pegasus.memory": "100", "dagman.retry": "0"}),
        T(id="b", profiles={"pegasus.memory": "100", "dagman.retry": "5"}),
        T(id="c", profiles={"pegasus.memory": "900"}),
    ]
    jobs = planned(tasks).plan.jobs
    assert [(job.size, job.resources.memory_mib, job.attempts) for job in jobs[:2]] == [
        (2, 100, 8), (1, 900, 4),
    ]  # fmt: skip


def test_by_cluster_each_transformation_has_its_array() -> None:
    tasks = [T(id="a", name="x"), T(id="b", name="y")]
    names = [job.name for job in planned(tasks).plan.jobs]
    assert names == ["L0-mixed", "verdict"]
    split = planned(tasks, properties={"pegbatch.array.by": "cluster"})
    assert [job.name for job in split.plan.jobs] == ["L0-x", "L0-y", "verdict"]


def test_the_net_of_a_child_is_the_largest_bag_and_five_minutes() -> None:
    limits = ["1", "2", "10"]
    tasks = [
        T(id=str(n), profiles={"pegasus.maxwalltime": limit}) for n, limit in enumerate(limits)
    ]
    result = planned(tasks, properties={"pegbatch.pack.size": "2"})
    assert result.plan.jobs[0].timeout_seconds == 900
    unlimited = planned([*tasks, T(id="x")], properties={"pegbatch.pack.size": "2"})
    assert unlimited.plan.jobs[0].timeout_seconds is None


def test_packing_by_runtime_fills_bags_up_to_the_limit() -> None:
    runtimes = ["40", "40", "40", "-5", "100", None]
    tasks = [
        T(id=str(n), profiles={"pegasus.runtime": r} if r else None) for n, r in enumerate(runtimes)
    ]
    result = planned(tasks, properties={"pegbatch.pack.runtime": "90"})
    assert bags(result)["L0-t"] == [["4"], ["0", "1"], ["2", "3"], ["5"]]


def test_a_serial_cluster_is_one_bag() -> None:
    tasks = [T(id=str(n), profiles={"pegasus.clusters.size": "2"}) for n in range(5)]
    properties = {"pegasus.clusterer.job.aggregator": "seqexec"}
    result = planned(tasks, properties=properties, cluster=["horizontal"])
    assert bags(result)["L0-t"] == [["0", "1"], ["2", "3"], ["4"]]
    side_by_side = planned(tasks, cluster=["horizontal"])
    assert len(bags(side_by_side)["L0-t"]) == 5


def test_serial_clusters_are_aligned_as_a_whole() -> None:
    tasks = [
        T(id=f"{name}{n}", name=name, profiles={"pegasus.clusters.size": "2"})
        for name in "ab"
        for n in range(6)
    ]
    edges = [(f"a{n}", f"b{(n + 2) % 6}") for n in range(6)]
    properties = {"pegasus.clusterer.job.aggregator": "seqexec"}
    result = planned(tasks, edges, properties, cluster=["horizontal"])
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}
    assert sorted(bags(result)["L1-b"]) == [["b0", "b1"], ["b2", "b3"], ["b4", "b5"]]


def test_more_than_twenty_links_go_through_barriers() -> None:
    tasks = [T(id=f"a{n}", name=f"n{n}") for n in range(450)] + [T(id="end", name="end")]
    edges = [(f"a{n}", "end") for n in range(450)]
    result = planned(tasks, edges, {"pegbatch.array.by": "cluster"})
    waits = links(result)
    assert max(len(of) for of in waits.values()) <= 20
    reached, front = set(), {"L1-end"}
    while front:
        front = {name for job in front for name in waits[job]} - reached
        reached |= front
    assert {f"L0-n{n}" for n in range(450)} <= reached
    kinds = [job.kind for job in result.plan.jobs]
    assert kinds.count("barrier") == 23
    assert all(job.level is None for job in result.plan.jobs if job.kind == "barrier")


def test_many_sinks_reach_the_verdict_through_barriers_of_their_own_names() -> None:
    tasks = [T(id=f"a{n}", name=f"n{n}") for n in range(25)]
    result = planned(tasks, properties={"pegbatch.array.by": "cluster"})
    assert result.plan.jobs[-1].kind == "verdict"
    names = [job.name for job in result.plan.jobs]
    assert len(names) == len(set(names))


def test_names_of_arrays_are_legal_and_unique() -> None:
    tasks = [
        T(id="a", name="x y/z"), T(id="b", name="x"),
        T(id="c", name="x-2", profiles={"pegasus.cores": "2"}),
        T(id="d", name="x", profiles={"pegasus.cores": "3"}),
        T(id="e", name="n" * 300, profiles={"pegasus.cores": "9"}),
    ]  # fmt: skip
    result = planned(tasks, properties={"pegbatch.array.by": "cluster"})
    names = [job.name for job in result.plan.jobs]
    assert len(names) == len(set(names))
    assert {"L0-x", "L0-x-2", "L0-x-2-2", "L0-x_y_z"} <= set(names)
    assert max(map(len, names)) <= 60


def test_ten_thousand_arrays_of_one_name_are_numbered_within_seconds() -> None:
    tasks = [T(id=f"t{n}", profiles={"pegasus.memory": str(n + 1)}) for n in range(10_000)]
    started = perf_counter()
    names = [job.name for job in planned(tasks).plan.jobs]
    assert perf_counter() - started < 15
    assert names[:3] == ["L0-t", "L0-t-2", "L0-t-3"]
    assert "L0-t-10000" in names


@given(dags(), st.sampled_from(["level", "cluster", "auto"]), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_every_edge_is_covered_by_links(drawn, by, pack_size, max_children) -> None:
    count, edges = drawn
    tasks = [T(id=str(number), name="xyz"[number % 3]) for number in range(count)]
    properties = {
        "pegbatch.array.by": by,
        "pegbatch.pack.size": str(pack_size),
        "pegbatch.pack.max_children": str(max_children),
    }
    result = planned(tasks, [(str(p), str(c)) for p, c in edges], properties)
    before = finished_before(result.plan.jobs)
    for parent, child in edges:
        parent_place = place(result, parent)
        assert parent_place in before[place(result, child)]


def place(result, task):
    return result.arrays[result.array_of[task]].name, result.bag_of[task]


def finished_before(jobs):
    """Return, by (job, child), all children that are done before it starts."""
    before, sizes = {}, {}
    for job in jobs:
        sizes[job.name] = job.size
        for child in range(job.size):
            done = set()
            for link in job.depends_on:
                others = range(sizes[link.array]) if link.type is LinkType.ALL else [child]
                for other in others:
                    done |= {(link.array, other)} | before[link.array, other]
            before[job.name, child] = done
    return before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pegbatch.pack.size", "0"),
        ("pegbatch.pack.size", "two"),
        ("pegbatch.pack.runtime", "-1"),
        ("pegbatch.pack.runtime", "x"),
        ("pegbatch.array.by", "colour"),
        ("pegasus.parser.dax.data.dependencies", "maybe"),
        ("pegbatch.infrastructure_retries", "-1"),
        ("pegasus.clusterer.job.aggregator", "decaf"),
        ("pegasus.clusterer.preference", "taste"),
        ("pegasus.clusterer.nodes", "aws=many"),
        ("pegasus.clusterer.nodes", "aws=0"),
        ("pegasus.clusterer.allow.single", "perhaps"),
        ("pegbatch.pmc.vcpus", "0"),
    ],
)
def test_properties_that_do_not_fit_are_named(key: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{key} = {value}: must be"):
        planned([T(id="a")], properties={key: value})


def test_an_empty_workflow_is_only_a_verdict() -> None:
    assert [job.name for job in planned([]).plan.jobs] == ["verdict"]


def branches(count: int = 2):
    """Return two branches of one level that different tasks wait for."""
    tasks = [T(id=f"{name}{n}", name=name) for name in "xy" for n in range(count)]
    tasks += [T(id="after-x", name="u"), T(id="after-both", name="v")]
    edges = [(f"x{n}", "after-x") for n in range(count)]
    edges += [(f"{name}{n}", "after-both") for name in "xy" for n in range(count)]
    return tasks, edges


def test_auto_splits_a_level_where_something_can_start_earlier() -> None:
    result = planned(*branches(), {"pegbatch.array.by": "auto"})
    assert links(result)["L1-u"] == {"L0-x": "ALL"}
    assert links(result)["L1-v"] == {"L0-x": "ALL", "L0-y": "ALL"}


def test_auto_keeps_a_level_whole_where_splitting_helps_nobody() -> None:
    tasks = [T(id=f"{name}{n}", name=name) for name in "xy" for n in range(2)] + [T(id="end")]
    edges = [(task.id, "end") for task in tasks[:4]]
    result = planned(tasks, edges, {"pegbatch.array.by": "auto"})
    assert [job.name for job in result.plan.jobs] == ["L0-mixed", "L1-t", "verdict"]


def test_auto_keeps_pairs_of_arrays_that_run_unit_by_unit() -> None:
    tasks = [T(id=f"{name}{n}", name=name) for name in "xyz" for n in range(3)]
    edges = [(f"{name}{n}", f"z{n}") for name in "xy" for n in range(3)]
    result = planned(tasks, edges, {"pegbatch.array.by": "auto"})
    assert links(result)["L1-z"] == {"L0-x": "N_TO_N", "L0-y": "N_TO_N"}


def test_a_chain_is_one_bag_and_the_bags_are_levelled_again() -> None:
    tasks = [T(id=f"{name}{n}", name=name) for n in range(3) for name in "abc"]
    tasks += [T(id="join"), T(id="tail")]
    edges = [(f"{a}{n}", f"{b}{n}") for n in range(3) for a, b in ("ab", "bc")]
    edges += [(f"c{n}", "join") for n in range(3)] + [("join", "tail")]
    result = planned(tasks, edges, cluster=["chain"])
    assert bags(result) == {
        "L0-mixed": [[f"a{n}", f"b{n}", f"c{n}"] for n in range(3)],
        "L1-t": [["join", "tail"]],
    }
    assert links(result)["L1-t"] == {"L0-mixed": "ALL"}
    assert result.plan.levels == 2
    assert "chain_a0" in result.cluster_names


def test_a_chain_breaks_where_resources_change() -> None:
    tasks = [T(id="a"), T(id="b"), T(id="c", profiles={"pegasus.cores": "4"}), T(id="d")]
    edges = [("a", "b"), ("b", "c"), ("c", "d")]
    result = planned(tasks, edges, cluster=["chain"])
    assert list(bags(result).values()) == [[["a", "b"]], [["c"]], [["d"]]]


def test_chains_go_first_and_horizontal_takes_the_rest() -> None:
    tasks = [T(id="a"), T(id="b"), T(id="x"), T(id="y")]
    given = [T(**{**vars(t), "profiles": {"pegasus.clusters.num": "1"}}) for t in tasks]
    result = planned(given, [("a", "b")], cluster=["chain", "horizontal"])
    assert sorted(result.cluster_names) == ["chain_a", "merge_t_PID1_ID1"]


@given(dags())
@settings(max_examples=100, deadline=None)
def test_chains_keep_every_edge_in_order(drawn) -> None:
    count, edges = drawn
    tasks = [T(id=str(number)) for number in range(count)]
    named = [(str(p), str(c)) for p, c in edges]
    result = planned(tasks, named, cluster=["chain"])
    before = finished_before(result.plan.jobs)
    positions = {t: i for tasks in result.arrays for i, t in enumerate(tasks.order)}
    assert len(positions) == count
    for parent, child in edges:
        if place(result, parent) == place(result, child):
            assert positions[parent] < positions[child]
        else:
            assert place(result, parent) in before[place(result, child)]

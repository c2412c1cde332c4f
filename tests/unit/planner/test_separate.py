"""Arrays in the order and the parts that let a workflow end early."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.planner import components
from pegbatch.planner.fill_waves import fill_waves
from tests.unit.planner.test_level import dags
from tests.unit.planner.test_pipeline import bags, links, planned
from tests.workflows import T


def gathered(groups: int, width: int, runtime=lambda group, number: "10", after=lambda group: "10"):
    """Return groups of tasks, each gathered by one of its own, and one that gathers all."""
    tasks, edges = [], []
    for group in range(groups):
        for number in range(width):
            profiles = {"pegasus.runtime": runtime(group, number)}
            tasks.append(T(id=f"a{group}.{number}", name="a", profiles=profiles))
            edges.append((f"a{group}.{number}", f"b{group}"))
    for group in range(groups):
        tasks.append(T(id=f"b{group}", name="b", profiles={"pegasus.runtime": after(group)}))
        edges.append((f"b{group}", "end"))
    return [*tasks, T(id="end", profiles={"pegasus.runtime": "1"})], edges


def slow_group(group: int, number: int) -> str:
    return "10" if group else "90"


def fast_group(group: int) -> str:
    return "90" if group else "10"


def test_groups_that_never_meet_do_not_wait_for_each_other() -> None:
    result = planned(*gathered(4, 10, slow_group, fast_group), {"pegbatch.array.by": "auto"})
    into = links(result)
    assert len([name for name in into if name.startswith("L0-a")]) == 4
    for name in (name for name in into if name.startswith("L1-b")):
        assert len(into[name]) == 1
    assert len(into["L2-t"]) == 4


def test_levels_stay_whole_where_auto_is_not_asked_for() -> None:
    result = planned(*gathered(4, 10, slow_group, fast_group))
    assert links(result)["L1-b"] == {"L0-a": "ALL"}


def test_parts_that_make_nothing_earlier_are_not_made() -> None:
    tasks, edges = gathered(4, 10)
    plain = [T(id=task.id, name=task.name, profiles={"pegasus.runtime": "10"}) for task in tasks]
    twins = [(f"b{group}", f"c{group}") for group in range(4)]
    chained = plain[:-1] + [T(id=f"c{group}", name="c") for group in range(4)]
    result = planned(chained, [e for e in edges if e[1] != "end"] + twins, AUTO)
    assert "L0-a" in links(result)
    assert links(result)["L2-c"] == {"L1-b": "N_TO_N"}


AUTO = {"pegbatch.array.by": "auto"}


def test_many_groups_share_sixteen_parts() -> None:
    tasks, edges = gathered(
        100, 10, lambda group, _: str(1 + group), lambda group: str(100 - group)
    )
    into = links(planned(tasks, edges, AUTO))
    assert len([name for name in into if name.startswith("L0-a")]) == components.PARTS_MAX
    assert not any(name.startswith("barrier") for name in into)


def test_of_many_groups_the_longest_has_an_array_for_itself() -> None:
    tasks, edges = gathered(
        100, 10, lambda group, _: "90" if group == 57 else "1", lambda group: str(group % 57 + 1)
    )
    sizes = {job.name: job.tasks for job in planned(tasks, edges, AUTO).plan.jobs}
    assert 10 in [size for name, size in sizes.items() if name.startswith("L0-a")]


def test_a_task_that_nothing_reads_does_not_hide_the_groups() -> None:
    tasks, edges = gathered(4, 10, slow_group, fast_group)
    idle = T(id="idle", name="a", profiles={"pegasus.runtime": "5"})
    into = links(planned([*tasks, idle], edges, AUTO))
    assert len([name for name in into if name.startswith("L1-b")]) == 4


def test_the_longest_group_goes_on_before_shorter_ones_begin() -> None:
    tasks, edges = gathered(4, 10, slow_group, lambda group: "1" if group else "200")
    names = [job.name for job in planned(tasks, edges[:-4], AUTO).plan.jobs]
    assert names.index("L1-b") < max(
        number for number, name in enumerate(names) if name.startswith("L0-a")
    )


def test_a_small_workflow_is_not_cut_to_pieces() -> None:
    tasks, edges = gathered(3, 2, slow_group, fast_group)
    assert set(links(planned(tasks, edges, AUTO))) == {"L0-a", "L1-b", "L2-t", "verdict"}


def test_the_units_with_the_longest_way_to_go_stand_first() -> None:
    runtimes = {"a0": "1", "a1": "5", "a2": "3", "b0": "9", "b1": "1", "b2": "2"}
    tasks = [
        T(id=name, name=name[0], profiles={"pegasus.runtime": seconds})
        for name, seconds in runtimes.items()
    ]
    result = planned(tasks, [(f"a{n}", f"b{n}") for n in range(3)])
    assert bags(result) == {"L0-a": [["a0"], ["a1"], ["a2"]], "L1-b": [["b0"], ["b1"], ["b2"]]}
    assert links(result)["L1-b"] == {"L0-a": "N_TO_N"}
    alone = planned([*tasks, T(id="a3", name="a", profiles={"pegasus.runtime": "7"})])
    order = ["b0", "a3", "a1", "a2", "b2", "a0", "b1"]
    assert [bag[0] for bag in bags(alone)["L0-mixed"]] == order


def test_arrays_of_a_level_stand_in_the_order_of_urgency() -> None:
    tasks = [
        T(id="x", name="x", profiles={"pegasus.runtime": "1"}),
        T(id="y", name="y", profiles={"pegasus.runtime": "2"}),
    ]
    result = planned(tasks, properties={"pegbatch.array.by": "cluster"})
    assert [job.name for job in result.plan.jobs] == ["L0-y", "L0-x", "verdict"]
    unknown = planned([T(id="x", name="x"), T(id="y", name="y")], properties=BY_CLUSTER)
    assert [job.name for job in unknown.plan.jobs] == ["L0-x", "L0-y", "verdict"]


BY_CLUSTER = {"pegbatch.array.by": "cluster"}


@given(dags(), st.lists(st.integers(0, 50), min_size=30, max_size=30), st.booleans())
@settings(max_examples=100, deadline=None)
def test_parts_hold_each_task_once_and_cross_no_edge_within_a_family(
    drawn, runtimes, chain
) -> None:
    count, edges = drawn
    tasks = [
        T(id=str(n), name="xyz"[n % 3], profiles={"pegasus.runtime": str(runtimes[n % 30])})
        for n in range(count)
    ]
    options = {"cluster": ["chain"]} if chain else {}
    result = planned(tasks, [(str(p), str(c)) for p, c in edges], AUTO, **options)
    ran = sorted(task for of in bags(result).values() for bag in of for task in bag)
    assert ran == sorted(task.id for task in tasks)


@pytest.mark.parametrize(("vcpus", "sizes"), [("4", [6, 6, 6, 6]), ("6", [4] * 6)])
def test_bags_fill_the_vcpus_that_there_are(vcpus, sizes) -> None:
    tasks = [T(id=str(n), profiles={"pegasus.runtime": "10"}) for n in range(24)]
    properties = {"pegbatch.pack.runtime": "100", "pegbatch.pack.vcpus": vcpus}
    assert [len(bag) for bag in bags(planned(tasks, properties=properties))["L0-t"]] == sizes


def test_no_wave_of_bags_is_longer_than_asked_and_the_last_is_the_shortest() -> None:
    tasks = [T(id=str(n), profiles={"pegasus.runtime": "10"}) for n in range(24)]
    properties = {"pegbatch.pack.runtime": "40", "pegbatch.pack.vcpus": "4"}
    sizes = [len(bag) for bag in bags(planned(tasks, properties=properties))["L0-t"]]
    assert sizes == [4] * 4 + [2] * 4


def test_bags_of_a_wave_end_together() -> None:
    seconds = {str(n): n % 7 + 1 for n in range(40)}
    tasks = [T(id=id_, profiles={"pegasus.runtime": str(more)}) for id_, more in seconds.items()]
    properties = {"pegbatch.pack.runtime": "100", "pegbatch.pack.vcpus": "4"}
    found = bags(planned(tasks, properties=properties))["L0-t"]
    lengths = [sum(seconds[id_] for id_ in bag) for bag in found]
    assert len(lengths) == 4 and max(lengths) - min(lengths) <= 1


def test_a_number_of_tasks_asked_for_holds_within_waves_too() -> None:
    tasks = [T(id=str(n), profiles={"pegasus.runtime": "10"}) for n in range(24)]
    properties = {"pegbatch.pack.runtime": "100", "pegbatch.pack.vcpus": "4"}
    limited = planned(tasks, properties={**properties, "pegbatch.pack.size": "4"})
    assert [len(bag) for bag in bags(limited)["L0-t"]] == [4, 2] * 4


def test_a_bag_is_not_cut_below_a_third_of_what_is_asked() -> None:
    tasks = [T(id=str(n), profiles={"pegasus.runtime": "10"}) for n in range(24)]
    properties = {"pegbatch.pack.runtime": "240", "pegbatch.pack.vcpus": "24"}
    assert [len(bag) for bag in bags(planned(tasks, properties=properties))["L0-t"]] == [8] * 3


@pytest.mark.parametrize(("start", "sizes"), [("0", [4, 4, 4]), ("30", [12])])
def test_bags_are_the_longer_the_more_a_start_costs(start, sizes) -> None:
    tasks = [T(id=str(n), profiles={"pegasus.runtime": "10"}) for n in range(12)]
    properties = {**AUTO, "pegbatch.pack.runtime": "240", "pegbatch.pack.vcpus": "8"}
    found = bags(planned(tasks, properties={**properties, "pegbatch.pack.start": start}))
    assert [len(bag) for bag in found["L0-t"]] == sizes


@pytest.mark.parametrize("start", ["-1", "soon", "nan", "inf"])
def test_a_start_that_is_no_time_is_refused(start) -> None:
    with pytest.raises(InputError, match=r"pegbatch\.pack\.start = .*seconds, 0 or more"):
        planned([T(id="a")], properties={"pegbatch.pack.start": start})


def test_larger_children_leave_room_for_fewer_bags() -> None:
    profiles = {"pegasus.runtime": "10", "pegasus.cores": "2"}
    tasks = [T(id=str(n), profiles=profiles) for n in range(24)]
    properties = {"pegbatch.pack.runtime": "240", "pegbatch.pack.vcpus": "4"}
    assert [len(bag) for bag in bags(planned(tasks, properties=properties))["L0-t"]] == [12, 12]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 50.0, 3600.0]), min_size=1, max_size=40).filter(any),
    st.sampled_from([5e-324, 0.5, 10.0, 1e9]),
    st.integers(1, 8),
)
def test_each_unit_is_in_one_bag_whatever_was_asked_for(
    seconds: list[float], longest: float, at_once: int
) -> None:
    filled = fill_waves(seconds, longest=longest, least=longest / 3, at_once=at_once)
    assert sorted(unit for units in filled for unit in units) == list(range(len(seconds)))
    assert all(filled) and all(units == sorted(units) for units in filled)

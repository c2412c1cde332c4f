"""What a later try submits: the bags with something missing, and what has to wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.plan import Job, JobKind, JobLink, LinkType, Plan
from pegbatch.model.tries import Missing, Try
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.remainder import remainder
from tests import plans
from tests.unit.planner.test_level import dags
from tests.workflows import T, make_given, make_workflow

ALL, N_TO_N = LinkType.ALL, LinkType.N_TO_N


def job(name: str, *links: str | JobLink, size: int = 4, kind: JobKind = "compute") -> Job:
    """Return an array; links by name are of type ALL."""
    made = plans.job(name, size=size, kind=kind)
    return replace(
        made,
        depends_on=tuple(JobLink(one, ALL) if isinstance(one, str) else one for one in links),
    )


def pair(name: str) -> JobLink:
    return JobLink(name, N_TO_N)


def plan_of(*jobs: Job) -> Plan:
    return plans.plan(*jobs)


def bags(*numbers: int) -> Missing:
    return Missing(numbers, len(numbers))


def links(found: Try) -> dict[str, dict[str, LinkType]]:
    return {one.name: {link.array: link.type for link in one.depends_on} for one in found.jobs}


VERDICT = job("verdict", "c", size=1, kind="verdict")


def test_an_array_is_cut_to_the_bags_that_miss_something() -> None:
    plan = plan_of(job("a"), job("b", "a"), replace(VERDICT, depends_on=(JobLink("b", ALL),)))
    found = remainder(plan, {"b": Missing((1, 3), 5)}, 7, succeeded=())
    assert found.number == 7
    assert [(one.name, one.size, one.tasks) for one in found.jobs] == [
        ("b", 2, 5),
        ("verdict", 1, 0),
    ]
    assert found.bags == {"b": (1, 3)}
    assert links(found) == {"b": {}, "verdict": {"b": ALL}}
    kept = plan.job("b")
    assert (
        replace(found.jobs[0], size=kept.size, tasks=kept.tasks, depends_on=kept.depends_on) == kept
    )


def test_an_array_that_is_left_out_hands_its_links_on() -> None:
    plan = plan_of(job("a"), job("b", "a"), job("c", "b"), VERDICT)
    found = remainder(plan, {"a": bags(0), "c": bags(2)}, 2, succeeded=())
    assert links(found) == {"a": {}, "c": {"a": ALL}, "verdict": {"c": ALL}}


def test_the_verdict_waits_for_what_is_left_of_a_branch_whose_end_is_done() -> None:
    plan = plan_of(job("a"), job("b", "a"), job("c"), replace(VERDICT, depends_on=(
        JobLink("b", ALL), JobLink("c", ALL),
    )))  # fmt: skip
    found = remainder(plan, {"a": bags(0), "c": bags(1)}, 2, succeeded=())
    assert links(found)["verdict"] == {"a": ALL, "c": ALL}


@pytest.mark.parametrize(
    ("first", "second", "last", "expected"),
    [
        (bags(1, 2), None, bags(1, 2), {"c": {"a": N_TO_N}}),
        (bags(1, 2), None, bags(1, 3), {"c": {"a": ALL}}),
        (bags(1, 2), None, bags(1), {"c": {"a": ALL}}),
        (bags(1), None, bags(1), {"c": {"a": ALL}}),
        (bags(1, 2), bags(1, 2), bags(1, 2), {"b": {"a": N_TO_N}, "c": {"b": N_TO_N}}),
        (bags(1, 2), bags(2, 3), bags(1, 2), {"b": {"a": ALL}, "c": {"b": ALL}}),
    ],
)
def test_child_by_child_stays_only_between_equal_bags_on_a_path_of_such_links(
    first: Missing, second: Missing | None, last: Missing, expected: dict[str, dict[str, LinkType]]
) -> None:
    plan = plan_of(job("a"), job("b", pair("a")), job("c", pair("b")), VERDICT)
    missing = {"a": first, "c": last} | ({} if second is None else {"b": second})
    found = links(remainder(plan, missing, 2, succeeded=()))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("way", [(pair("a"), "b"), ("a", pair("b"))])
def test_one_whole_link_on_the_way_makes_the_whole_way_one(
    way: tuple[str | JobLink, str | JobLink],
) -> None:
    plan = plan_of(job("a"), job("b", way[0]), job("c", way[1]), VERDICT)
    missing = {"a": bags(1, 2), "c": bags(1, 2)}
    assert links(remainder(plan, missing, 2, succeeded=()))["c"] == {"a": ALL}


def test_of_two_ways_the_stronger_counts() -> None:
    plan = plan_of(
        job("a"), job("b", pair("a")), job("x", "a", size=9), job("c", pair("b"), "x"), VERDICT
    )
    missing = {"a": bags(1, 2), "c": bags(1, 2)}
    assert links(remainder(plan, missing, 2, succeeded=()))["c"] == {"a": ALL}


def test_what_others_imply_is_left_out_again() -> None:
    plan = plan_of(job("a"), job("b", "a"), job("x", "a"), job("c", "b", "x"), VERDICT)
    missing = {"a": bags(1), "b": bags(1), "c": bags(1)}
    assert links(remainder(plan, missing, 2, succeeded=()))["c"] == {"b": ALL}


def test_barriers_of_the_plan_are_passed_through_and_made_anew_where_needed() -> None:
    parents = [job(f"p{n}") for n in range(40)]
    first = job("barrier-1", *(f"p{n}" for n in range(20)), size=1, kind="barrier")
    second = job("barrier-2", *(f"p{n}" for n in range(20, 40)), size=1, kind="barrier")
    plan = plan_of(*parents, first, second, job("c", "barrier-1", "barrier-2"), VERDICT)
    few = remainder(plan, {f"p{n}": bags(0) for n in range(3)} | {"c": bags(1)}, 2, succeeded=())
    assert links(few)["c"] == {"p0": ALL, "p1": ALL, "p2": ALL}
    assert all(one.kind != "barrier" for one in few.jobs)
    many = remainder(plan, {f"p{n}": bags(0) for n in range(30)} | {"c": bags(1)}, 2, succeeded=())
    found = links(many)
    reached = {
        name
        for link in found["c"]
        for name in (found[link] if link.startswith("barrier") else {link})
    }
    assert reached == {f"p{n}" for n in range(30)}
    assert all(len(of) <= 20 for of in found.values())
    assert "barrier-1" not in many.bags


def test_where_nothing_is_missing_the_verdict_alone_is_given_again() -> None:
    clean_up = job("clean-up-0", "a", size=2, kind="clean-up")
    plan = plan_of(job("a"), clean_up, job("c", "a"), VERDICT)
    found = remainder(plan, {}, 3, succeeded=("a", "c", "clean-up-0"))
    assert links(found) == {"verdict": {}}
    assert found.bags == {}


def test_a_clean_up_job_runs_again_where_it_waits_for_the_try_or_has_not_run() -> None:
    plan = plan_of(
        job("a"),
        job("clean-up-0", "a", size=2, kind="clean-up"),
        job("b", "a"),
        job("clean-up-1", "b", size=1, kind="clean-up"),
        job("c", "b"),
        job("clean-up-2", "c", size=3, kind="clean-up"),
        VERDICT,
        job("clean-up", "verdict", size=1, kind="clean-up"),
    )
    done = ("clean-up-0", "clean-up-1")
    found = remainder(plan, {"b": bags(2)}, 2, succeeded=done)
    assert links(found) == {
        "b": {},
        "clean-up-1": {"b": ALL},
        "clean-up-2": {"b": ALL},
        "verdict": {"b": ALL},
        "clean-up": {"verdict": ALL},
    }
    assert found.bags == {"b": (2,), "clean-up-1": (0,), "clean-up-2": (0, 1, 2), "clean-up": (0,)}
    alone = remainder(plan, {}, 2, succeeded=("clean-up-0", "clean-up-2"))
    assert links(alone) == {"clean-up-1": {}, "verdict": {}, "clean-up": {"verdict": ALL}}


def test_transfers_are_no_tasks_of_the_workflow() -> None:
    plan = plan_of(job("stage-in-0", size=5, kind="stage-in"), job("c", "stage-in-0"), VERDICT)
    found = remainder(plan, {"stage-in-0": Missing((1, 4), 9), "c": bags(0)}, 2, succeeded=())
    assert [(one.size, one.tasks) for one in found.jobs] == [(2, 0), (1, 1), (1, 0)]


PROPERTIES = (
    {},
    {"pegbatch.pack.size": "2"},
    {"pegbatch.array.by": "cluster"},
    {"pegbatch.array.by": "auto"},
    {"pegbatch.pack.max_children": "2"},
    {"pegasus.clusterer.job.aggregator": "seqexec", "pegasus.clusters.size": "2"},
)


@dataclass(frozen=True)
class Case:
    """A plan, and what is missing of it."""

    planned: PlannedWorkflow
    missing: Mapping[str, Missing]
    succeeded: frozenset[str]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count, edges = draw(dags())
    tasks = [
        T(id=str(n), name=draw(st.sampled_from("xyz")), kept=[f"f{n}"],
          inputs=sorted({f"f{parent}" for parent, child in edges if child == n}))
        for n in range(count)
    ]  # fmt: skip
    cluster = draw(st.sampled_from(((), ("chain",), ("horizontal",))))
    cleanup = draw(st.sampled_from(("none", "inplace", "leaf")))
    properties = draw(st.sampled_from(PROPERTIES))
    planned = plan_workflow(
        make_given(make_workflow(tasks), properties, cluster=cluster, cleanup=cleanup)
    )
    missing: dict[str, Missing] = {}
    for array in planned.arrays:
        some = sorted(draw(st.sets(st.integers(0, array.size - 1))))
        if some:
            missing[array.name] = Missing(tuple(some), draw(st.integers(len(some), 99)))
    names = [one.name for one in planned.plan.jobs]
    return Case(planned, missing, frozenset(draw(st.sets(st.sampled_from(names)))))


def reach_of(jobs: Iterable[Job]) -> dict[str, tuple[set[str], set[str]]]:
    """Return for each job those of which all children have ended when one of its own starts, and
    those of which the child of the same number has."""
    reach: dict[str, tuple[set[str], set[str]]] = {}
    for one in jobs:
        whole: set[str] = set()
        same: set[str] = set()
        for link in one.depends_on:
            its_whole, its_same = reach[link.array]  # KeyError: not in the try, or out of order
            whole |= its_whole
            (whole if link.type is ALL else same).update({link.array, *its_same})
        reach[one.name] = (whole, same)
    return reach


@given(cases())
@settings(max_examples=200, deadline=None)
def test_a_try_has_what_is_missing_and_keeps_every_order(case: Case) -> None:
    planned, plan = case.planned, case.planned.plan
    found = remainder(plan, case.missing, 2, succeeded=case.succeeded)
    jobs = {one.name: one for one in found.jobs}
    assert len(jobs) == len(found.jobs)
    computing = {name for name, one in jobs.items() if one.kind == "compute"}
    assert computing == case.missing.keys()
    assert all(found.bags[name] == case.missing[name].bags for name in computing)
    assert all(jobs[name].size == len(of) for name, of in found.bags.items())
    _check_links(jobs)
    reach = reach_of(found.jobs)
    _check_edges(planned, found, reach)
    assert computing <= reach["verdict"][0]
    for clean_up in planned.clean_ups:
        waits_for = computing.intersection(clean_up.after or computing)
        if waits_for or clean_up.name not in case.succeeded:
            assert waits_for <= reach[clean_up.name][0]


def _check_links(jobs: Mapping[str, Job]) -> None:
    for one in jobs.values():
        assert len(one.depends_on) <= 20
        assert len({link.array for link in one.depends_on}) == len(one.depends_on)
        for link in one.depends_on:
            if link.type is N_TO_N:
                assert one.size == jobs[link.array].size > 1


def _check_edges(
    planned: PlannedWorkflow, found: Try, reach: Mapping[str, tuple[set[str], set[str]]]
) -> None:
    names = [array.name for array in planned.arrays]
    for child in range(len(planned.workflow.tasks)):
        for parent in planned.graph.parents_of(child):
            (array, bag), (child_array, child_bag) = (
                (names[planned.array_of[task]], planned.bag_of[task]) for task in (parent, child)
            )
            if (array, bag) == (child_array, child_bag):
                continue
            if bag in found.bags.get(array, ()) and child_bag in found.bags.get(child_array, ()):
                whole, same = reach[child_array]
                beside = found.bags[array].index(bag) == found.bags[child_array].index(child_bag)
                assert array in whole or (array in same and beside)

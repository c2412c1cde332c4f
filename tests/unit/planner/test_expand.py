"""Sub-workflows whose file is at hand: one workflow of many, and which file each name means."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.model.file_keys import file_key
from pegbatch.model.hooks import Hook
from pegbatch.model.workflow import OUTPUT, REGISTER, TRANSFER, SubWorkflowJob
from pegbatch.planner.expand import expand
from pegbatch.planner.stages import Given
from tests.nested_givens import parents_by_id, plan_nested, workflow_of
from tests.workflows import T, uses_of


def files_of(given: Given, task_id: str) -> dict[str, str]:
    """Return where the files of a task lie, by name."""
    workflow = expand(given).workflow
    tasks, task = workflow.tasks, list(workflow.tasks.ids).index(task_id)
    uses = range(tasks.use_offsets[task], tasks.use_offsets[task + 1])
    numbers = [tasks.use_lfns[use] for use in uses]
    return {workflow.lfns[number]: file_key(workflow, number) for number in numbers}


def catalog(**pfns: str) -> ReplicaCatalog:
    return ReplicaCatalog(
        source="rc.yml",
        replicas={lfn: (Replica(site="local", pfn=pfn),) for lfn, pfn in pfns.items()},
    )


CHAIN = workflow_of(
    T(id="one", kept=["tmp"]), T(id="two", inputs=["tmp"], outputs=["out"]), source="inner.yml"
)


def test_a_workflow_without_sub_workflows_stays_what_it_is() -> None:
    given = workflow_of(T(id="a"))
    assert expand(given) is given


def test_inner_tasks_stand_where_the_job_stood() -> None:
    deep = workflow_of(T(id="x"))
    mid = workflow_of(T(id="m"), T(id="d"), T(id="n"), inner={"d": deep})
    given = workflow_of(T(id="a"), T(id="s"), T(id="z"), inner={"s": mid})
    workflow = expand(given).workflow
    assert list(workflow.tasks.ids) == ["a", "s.m", "s.d.x", "s.n", "z"]
    assert list(workflow.scopes) == ["", "s", "s.d"]
    assert not expand(given).inner


def test_edges_go_to_the_first_tasks_and_from_the_last_ones() -> None:
    fork = workflow_of(
        T(id="root"), T(id="left"), T(id="right"), edges=[("root", "left"), ("root", "right")]
    )
    given = workflow_of(
        T(id="a"),
        T(id="s"),
        T(id="z"),
        T(id="free"),
        edges=[("a", "s"), ("s", "z")],
        inner={"s": fork},
    )
    parents = parents_by_id(plan_nested(given))
    assert parents["s.root"] == {"a"}
    assert parents["s.left"] == parents["s.right"] == {"s.root"}
    assert parents["z"] == {"s.left", "s.right"}
    assert parents["a"] == parents["free"] == set()


def test_sub_workflows_one_after_another_wait_for_each_other() -> None:
    given = workflow_of(T(id="s"), T(id="t"), edges=[("s", "t")], inner={"s": CHAIN, "t": CHAIN})
    assert parents_by_id(plan_nested(given))["t.one"] == {"s.two"}


def test_files_that_the_uses_of_a_job_name_tie_it_like_edges() -> None:
    given = workflow_of(T(id="a", kept=["f"]), T(id="s", inputs=["f"]), inner={"s": CHAIN})
    assert parents_by_id(plan_nested(given))["s.one"] == {"a"}


def test_an_output_that_the_job_names_is_the_outer_file() -> None:
    given = workflow_of(T(id="s", kept=["out"]), T(id="z", inputs=["out"]), inner={"s": CHAIN})
    assert files_of(given, "s.two") == {"tmp": "private/s/tmp", "out": "data/out"}
    assert files_of(given, "z") == {"out": "data/out"}


def test_files_of_equal_names_in_two_sub_workflows_are_two() -> None:
    given = workflow_of(T(id="s"), T(id="t"), inner={"s": CHAIN, "t": CHAIN})
    assert files_of(given, "s.two")["tmp"] == files_of(given, "s.one")["tmp"] == "private/s/tmp"
    assert files_of(given, "t.two")["tmp"] == "private/t/tmp"


def test_what_an_outer_job_makes_is_read_inside_without_being_named() -> None:
    inner = workflow_of(T(id="r", inputs=["f"]))
    given = workflow_of(T(id="a", kept=["f"]), T(id="s"), inner={"s": inner})
    assert files_of(given, "s.r") == {"f": "data/f"}
    assert parents_by_id(plan_nested(given))["s.r"] == {"a"}


def test_what_an_outer_job_makes_of_it_later_is_not_what_is_read_inside() -> None:
    inner = workflow_of(T(id="r", inputs=["f"], outputs=["g"]))
    given = workflow_of(
        T(id="s", kept=["g"]), T(id="z", inputs=["g"], kept=["f"]), inner={"s": inner}
    )
    parents = parents_by_id(plan_nested(given))
    assert parents == {"s.r": set(), "z": {"s.r"}}
    assert files_of(given, "s.r")["f"] != files_of(given, "z")["f"]


def test_a_file_that_both_make_is_two_files_unless_the_job_names_it() -> None:
    both = (T(id="a", kept=["out"]), T(id="z", inputs=["out"]))
    apart = workflow_of(*both, T(id="s"), inner={"s": CHAIN})
    assert files_of(apart, "s.two")["out"] == "private/s/out"
    named = workflow_of(*both, T(id="s", kept=["out"]), inner={"s": CHAIN})
    assert files_of(named, "s.two")["out"] == "data/out"


def test_what_an_outer_job_awaits_and_nobody_there_makes_comes_from_inside() -> None:
    given = workflow_of(T(id="s"), T(id="z", inputs=["out"]), inner={"s": CHAIN})
    assert files_of(given, "s.two")["out"] == "data/out"
    assert parents_by_id(plan_nested(given))["z"] == {"s.two"}


def test_what_a_job_before_reads_does_not_come_from_inside() -> None:
    given = workflow_of(
        T(id="a", inputs=["out"]), T(id="s"), edges=[("a", "s")], inner={"s": CHAIN}
    )
    assert files_of(given, "s.two")["out"] == "private/s/out"
    assert files_of(given, "a")["out"] == "data/out"


def test_what_a_catalog_has_comes_from_inside_for_those_that_wait_alone() -> None:
    known = catalog(out="/data/out")
    jobs = (T(id="s"), T(id="z", inputs=["out"]))
    loose = workflow_of(*jobs, inner={"s": CHAIN}, replicas=known)
    assert files_of(loose, "s.two")["out"] == "private/s/out"
    waiting = workflow_of(*jobs, edges=[("s", "z")], inner={"s": CHAIN}, replicas=known)
    assert files_of(waiting, "s.two")["out"] == "data/out"


def test_files_of_an_earlier_sub_workflow_are_read_by_a_later_one() -> None:
    reader = workflow_of(T(id="r", inputs=["tmp"]))
    jobs = (T(id="s"), T(id="t"), T(id="u"))
    given = workflow_of(*jobs, edges=[("s", "t")], inner={"s": CHAIN, "t": reader, "u": reader})
    assert files_of(given, "t.r") == {"tmp": "private/s/tmp"}
    assert files_of(given, "u.r") != {"tmp": "private/s/tmp"}


def test_files_deep_inside_an_earlier_sub_workflow_are_read_too() -> None:
    reader = workflow_of(T(id="r", inputs=["tmp"]))
    given = workflow_of(
        T(id="s"),
        T(id="t"),
        edges=[("s", "t")],
        inner={
            "s": workflow_of(T(id="d"), inner={"d": CHAIN}),
            "t": workflow_of(T(id="e"), inner={"e": reader}),
        },
    )
    assert files_of(given, "t.e.r") == {"tmp": "private/s.d/tmp"}


def test_a_name_between_that_says_nothing_of_a_file_lets_it_through() -> None:
    mid = workflow_of(T(id="d"), inner={"d": CHAIN})
    given = workflow_of(T(id="s", kept=["out"]), T(id="z", inputs=["out"]), inner={"s": mid})
    assert files_of(given, "s.d.two")["out"] == "data/out"


def test_an_input_is_one_file_where_both_catalogs_say_the_same_of_it() -> None:
    def reading(**pfns: str) -> Given:
        return workflow_of(T(id="r", inputs=["f"]), replicas=catalog(**pfns))

    inner = {"s": reading(f="/a"), "t": reading(f="/a"), "u": reading(f="/b")}
    given = workflow_of(*(T(id=job) for job in inner), inner=inner)
    workflow = expand(given).workflow
    assert len(set(workflow.tasks.use_lfns)) == 2
    assert workflow.tasks.use_lfns[0] == workflow.tasks.use_lfns[1]


def test_tasks_deliver_and_register_what_the_job_asks_for() -> None:
    inner = workflow_of(T(id="w", kept=["out"]))
    given = workflow_of(T(id="s", outputs=["out"]), inner={"s": inner})
    assert uses_of(expand(given).workflow) == {"out": OUTPUT | TRANSFER | REGISTER}


def test_an_output_that_the_job_names_and_nobody_makes_is_told_at_its_line() -> None:
    given = workflow_of(T(id="a"), T(id="s", kept=["gone"]), inner={"s": CHAIN})
    with pytest.raises(InputError, match=r"sub-workflow s is to make gone, but no job") as caught:
        plan_nested(given)
    assert caught.value.problems[0].where == "workflow.xml:2"


def test_an_id_that_two_workflows_give_is_told_at_the_second() -> None:
    given = workflow_of(T(id="s.one"), T(id="s"), inner={"s": CHAIN})
    with pytest.raises(InputError, match=r"job id 's.one' is also that of a job at") as caught:
        plan_nested(given)
    assert caught.value.problems[0].where == "inner.yml:1"
    assert "workflow.xml:1" in caught.value.problems[0].message


def test_problems_inside_are_told_at_their_own_file() -> None:
    inner = workflow_of(T(id="w"), T(id="x", arguments="'open"), source="inner.yml")
    given = workflow_of(T(id="s"), T(id="t"), inner={"s": inner, "t": inner})
    with pytest.raises(InputError) as caught:
        plan_nested(given)
    assert {problem.where for problem in caught.value.problems} == {"inner.yml:2"}


def test_a_cycle_through_a_sub_workflow_is_told_with_its_files() -> None:
    inner = workflow_of(T(id="r", inputs=["f"], kept=["g"]), source="inner.yml")
    given = workflow_of(
        T(id="a", inputs=["g"], kept=["f"]), T(id="s", inputs=["f"], kept=["g"]), inner={"s": inner}
    )
    with pytest.raises(InputError, match=r"cycle: .*s\.r \(inner\.yml:1\) waits for a"):
        plan_nested(given)


def test_sub_workflows_without_a_file_at_hand_stay_jobs() -> None:
    inner = workflow_of(T(id="w"), T(id="later"))
    late = {1: SubWorkflowJob(file="late.yml")}
    inner = replace(inner, workflow=replace(inner.workflow, sub_workflows=late))
    given = workflow_of(T(id="a"), T(id="s"), inner={"s": inner})
    workflow = expand(given).workflow
    assert list(workflow.tasks.ids) == ["a", "s.w", "s.later"]
    assert workflow.sub_workflows == {2: SubWorkflowJob(file="late.yml")}


def test_hooks_that_nothing_starts_are_warned_of() -> None:
    hook = Hook("end", "/bin/true")
    inner = workflow_of(T(id="w", hooks=(hook,)), source="inner.yml")
    inner = replace(inner, workflow=replace(inner.workflow, hooks=(hook,)))
    given = workflow_of(T(id="a"), T(id="s", hooks=(hook,)), inner={"s": inner})
    expanded = expand(given)
    assert [warning.where for warning in expanded.warnings] == ["inner.yml", "workflow.xml:2"]
    hooks = expanded.workflow.tasks.hooks
    assert hooks is not None
    assert [expanded.workflow.hook_sets[number] for number in hooks] == [(), (hook,)]


def wide(count: int, *more: T) -> Given:
    return workflow_of(*(T(id=f"t{number}") for number in range(count)), *more)


def between(before: int, inner: Given, behind: int) -> Given:
    """Return a workflow in which a sub-workflow `s` has so many tasks before and behind it."""
    parents, children = (
        [f"{side}{n}" for n in range(of)] for side, of in zip("az", (before, behind), strict=True)
    )
    edges = [*((parent, "s") for parent in parents), *(("s", child) for child in children)]
    tasks = [T(id=id_) for id_ in (*parents, "s", *children)]
    return workflow_of(*tasks, edges=edges, inner={"s": inner})


def test_a_gate_stands_between_where_pairs_would_be_too_many() -> None:
    planned = plan_nested(between(400, wide(300), 400))
    parents = parents_by_id(planned)
    assert parents["s"] == {f"a{number}" for number in range(400)}
    assert parents["s.t0"] == parents["s.t299"] == {"s"}
    assert parents["s.end"] == {f"s.t{number}" for number in range(300)}
    assert parents["z399"] == {"s.end"}
    number = list(planned.workflow.tasks.ids).index("s.end")
    program = planned.executables[planned.workflow.tasks.transformations[number]]
    assert program.argv0 == "true"
    resources = planned.settings_table[planned.task_settings[number]].resources
    assert resources.memory_mib == 512


def test_no_gate_stands_before_one_task_or_behind_one() -> None:
    ids = set(expand(between(1, wide(100_001), 1)).workflow.tasks.ids)
    assert {"s", "s.end"}.isdisjoint(ids)


def test_no_gate_stands_where_pairs_are_few_enough() -> None:
    ids = set(expand(between(250, wide(400), 2)).workflow.tasks.ids)
    assert {"s", "s.end"}.isdisjoint(ids)


def test_a_gate_gives_way_to_a_task_of_its_name() -> None:
    parents = parents_by_id(plan_nested(between(0, wide(300, T(id="end")), 400)))
    assert parents["z0"] == {"s.end_"}
    assert parents["s.end"] == set()


def test_edges_of_many_sub_workflows_stay_few_together() -> None:
    jobs = [f"s{number}" for number in range(30)]
    given = workflow_of(
        *(T(id=job) for job in jobs),
        edges=list(pairwise(jobs)),
        inner=dict.fromkeys(jobs, wide(300)),
    )
    workflow = expand(given).workflow
    assert len(workflow.edges.parents) <= 2_000_000 + 2 * 300 * len(jobs)
    assert len(workflow.tasks.ids) > 300 * len(jobs)


def test_a_workflow_without_tasks_hands_its_edges_on() -> None:
    given = workflow_of(
        T(id="a"),
        T(id="s"),
        T(id="z"),
        edges=[("a", "s"), ("s", "z")],
        inner={"s": workflow_of()},
    )
    assert parents_by_id(plan_nested(given)) == {"a": set(), "s": {"a"}, "z": {"s"}}

"""Data reuse: which tasks need not run, and what is left of the workflow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Replica, ReplicaCatalog, Transformation, TransformationCatalog
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.check import check
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import finish, refine
from pegbatch.planner.reduce import may_reduce, reduce
from tests.workflows import T, make_given, make_workflow

CHAIN = (
    T(id="a", outputs=["x"]),
    T(id="b", inputs=["x"], outputs=["y"]),
    T(id="c", inputs=["y"], outputs=["z"]),
)


def catalog(*lfns: str) -> ReplicaCatalog:
    return ReplicaCatalog(
        source="rc.yml",
        replicas={lfn: (Replica(site="local", pfn=f"/data/{lfn}"),) for lfn in lfns},
    )


def reduced(tasks, *known: str, edges=(), properties=None, **options):
    given_ = make_given(
        make_workflow(list(tasks), edges), properties, replicas=catalog(*known), **options
    )
    return reduce(check(given_))


def left(tasks, *known: str, **options) -> list[str]:
    return list(reduced(tasks, *known, **options).workflow.tasks.ids)


def test_without_known_outputs_nothing_changes() -> None:
    given_ = make_given(make_workflow(list(CHAIN)), replicas=catalog("unrelated"))
    checked = check(given_)
    assert reduce(checked).workflow is checked.workflow
    assert not may_reduce(given_)


def test_a_task_whose_outputs_all_exist_is_not_run() -> None:
    assert left(CHAIN, "z") == ["a", "b"]
    assert left(CHAIN, "x") == ["b", "c"]
    assert left(CHAIN, "x", "y", "z") == []


def test_parents_follow_when_all_their_children_have_gone_and_they_owe_no_file() -> None:
    tasks = (
        T(id="a", kept=["x"]),
        T(id="b", inputs=["x"], kept=["y"]),
        T(id="c", inputs=["y"], outputs=["z"]),
    )
    assert left(tasks, "z") == []
    other = T(id="d", inputs=["x"], outputs=["w"])
    assert left((*tasks, other), "z") == ["a", "d"]


def test_an_output_that_is_neither_delivered_nor_read_is_not_missed() -> None:
    tasks = (T(id="a", outputs=["x"], kept=["scratch"]),)
    assert left(tasks, "x") == []
    reader = T(id="b", inputs=["scratch"], outputs=["y"])
    assert left((*tasks, reader), "x") == ["a", "b"]


def test_a_task_none_of_whose_outputs_exists_runs_even_if_nobody_reads_them() -> None:
    assert left((T(id="a", kept=["x"]), T(id="b", outputs=["y"])), "y") == ["a"]


def test_a_task_without_outputs_always_runs() -> None:
    tasks = (T(id="a"), T(id="b", outputs=["x"]))
    assert left(tasks, "x", edges=[("a", "b")]) == ["a"]


@pytest.mark.parametrize(
    "options", [{"force": True}, {"properties": {"pegasus.data.reuse.scope": "none"}}]
)
def test_force_and_scope_none_run_everything(options) -> None:
    assert left(CHAIN, "x", "y", "z", **options) == ["a", "b", "c"]
    assert not may_reduce(
        make_given(
            make_workflow(list(CHAIN)),
            options.get("properties"),
            replicas=catalog("x"),
            force=options.get("force", False),
        )
    )


def test_scope_partial_takes_the_tasks_with_the_profile_alone() -> None:
    on = {"pegasus.enable_for_data_reuse": "true"}
    tasks = (
        T(id="a", kept=["x"], profiles=on),
        T(id="b", inputs=["x"], outputs=["y"], profiles=on),
        T(id="c", outputs=["z"]),
    )
    partial = {"pegasus.data.reuse.scope": "partial"}
    assert left(tasks, "y", "z", properties=partial) == ["c"]
    off = (T(id="a", kept=["x"]), *tasks[1:])
    assert left(off, "y", "z", properties=partial) == ["a", "c"]
    everywhere = {**partial, "pegasus.enable_for_data_reuse": "true"}
    assert left(off, "y", "z", properties=everywhere) == []


def test_the_transformation_catalog_has_the_last_word_on_the_profile() -> None:
    name = TransformationName("", "t", "")
    entry = Transformation(
        name=name, profiles=(Profile("pegasus", "enable_for_data_reuse", "false"),)
    )
    entries = TransformationCatalog(source="tc", transformations={name: entry})
    tasks = (T(id="a", outputs=["x"], profiles={"pegasus.enable_for_data_reuse": "true"}),)
    partial = {"pegasus.data.reuse.scope": "partial"}
    assert left(tasks, "x", properties=partial, transformations=entries) == ["a"]


def test_what_is_left_is_numbered_anew() -> None:
    tasks = (
        T(id="a", outputs=["x"]),
        T(id="b", outputs=["y"], stdout="y"),
        T(id="c", inputs=["x", "y"], outputs=["z"], arguments="of c", stdin="y"),
        T(id="d", inputs=["z"], outputs=["w"]),
    )
    stage = reduced(tasks, "x", edges=[("a", "d"), ("b", "d")])
    table, graph, lfns = stage.workflow.tasks, stage.graph, list(stage.workflow.lfns)
    assert list(table.ids) == ["b", "c", "d"]
    assert list(table.lines) == [2, 3, 4]
    assert table.arguments[1] == "of c"
    assert [lfns[n] if n >= 0 else None for n in table.stdins] == [None, "y", None]
    assert [list(graph.parents_of(task)) for task in range(3)] == [[], [0], [0, 1]]
    assert graph.producers[lfns.index("x")] == -1
    assert graph.producers[lfns.index("z")] == 1
    assert list(zip(stage.workflow.edges.parents, stage.workflow.edges.children, strict=True)) == [
        (0, 2)
    ]
    assert stage.reused == ("a",)


def test_only_readers_that_are_left_keep_a_file_in_the_run() -> None:
    tasks = (T(id="a", outputs=["x"]), T(id="b", inputs=["x"], outputs=["y"]))
    stage = reduced(tasks, "y", properties={"pegasus.data.reuse.scope": "full"})
    assert list(stage.workflow.tasks.ids) == ["a"]
    assert not stage.graph.read[list(stage.workflow.lfns).index("x")]


def test_the_outputs_of_reused_tasks_are_named_with_what_was_asked_for_them() -> None:
    stage = reduced((T(id="a", outputs=["x"], kept=["k"]), T(id="b", inputs=["k"])), "x", "k")
    lfns = list(stage.workflow.lfns)
    found = {lfns[o.lfn]: (o.is_delivered, o.is_registered) for o in stage.reused_outputs}
    assert found == {"x": (True, True), "k": (False, False)}


def test_of_two_writers_the_last_one_counts() -> None:
    tasks = (T(id="a", outputs=["x"]), T(id="b", outputs=["x", "y"]), T(id="c", inputs=["x"]))
    stage = reduced(tasks, "x", "y")
    assert list(stage.workflow.tasks.ids) == ["c"]
    assert [stage.workflow.lfns[o.lfn] for o in stage.reused_outputs] == ["x", "y"]


def test_without_data_edges_a_reader_that_is_no_child_is_not_left_alone() -> None:
    tasks = (
        T(id="a", kept=["x"]),
        T(id="b", outputs=["y"]),
        T(id="c", inputs=["x"], outputs=["z"]),
    )
    loose = {"pegasus.parser.dax.data.dependencies": "false"}
    assert left(tasks, "y", edges=[("a", "b")], properties=loose) == ["a", "c"]


def test_a_reused_task_is_explained_as_such_and_a_whole_plan_may_be_the_verdict() -> None:
    linked = refine(make_given(make_workflow(list(CHAIN)), replicas=catalog("x", "y", "z")))
    planned = finish(linked)
    assert [job.name for job in planned.plan.jobs] == ["verdict"]
    assert (planned.plan.tasks, planned.plan.reused, planned.plan.levels) == (0, 3, 0)
    with pytest.raises(InputError, match="outputs exist already"):
        explain(linked, "b")


@st.composite
def random_tasks(draw: st.DrawFn) -> tuple[list[T], set[str]]:
    """Draw tasks tied by files, each output delivered or kept, and the files that exist."""
    tasks: list[T] = []
    files: list[str] = []
    for number in range(draw(st.integers(1, 8))):
        inputs = draw(st.lists(st.sampled_from(files), unique=True, max_size=3)) if files else []
        outputs = [f"f{number}.{i}" for i in range(draw(st.integers(0, 2)))]
        kept = [f"k{number}.{i}" for i in range(draw(st.integers(0, 1)))]
        tasks.append(T(id=f"t{number}", inputs=inputs, outputs=outputs, kept=kept))
        files += outputs + kept
    return tasks, set(draw(st.lists(st.sampled_from(files), unique=True)) if files else [])


def spared_by_the_rules(tasks: list[T], known: set[str]) -> set[str]:
    """Apply the two passes as they are written down, with no regard to cost."""
    read = {lfn for task in tasks for lfn in task.inputs}
    gone = {
        task.id
        for task in tasks
        if known & {*task.outputs, *task.kept}
        and known.issuperset(task.outputs)
        and all(lfn in known or lfn not in read for lfn in task.kept)
    }
    children = {
        task.id: {c.id for c in tasks if {*task.outputs, *task.kept} & {*c.inputs}}
        for task in tasks
    }
    changed = True
    while changed:
        more = {
            task.id
            for task in tasks
            if task.id not in gone
            and (task.outputs or task.kept)
            and children[task.id]
            and children[task.id] <= gone
            and known.issuperset(task.outputs)
        }
        gone |= more
        changed = bool(more)
    return gone


@settings(max_examples=200, deadline=None)
@given(random_tasks())
def test_the_tasks_that_go_are_those_that_the_rules_name(drawn: tuple[list[T], set[str]]) -> None:
    tasks, known = drawn
    stage = reduced(tasks, *sorted(known))
    gone = spared_by_the_rules(tasks, known)
    assert set(stage.reused) == gone
    made = {lfn for task in tasks if task.id not in gone for lfn in (*task.outputs, *task.kept)}
    for task in tasks:
        if task.id not in gone:
            assert set(task.inputs) <= made | known

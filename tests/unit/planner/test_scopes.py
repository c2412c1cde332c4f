"""Plans of workflows in workflows: each is planned with what is its own."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.model.replica_sources import ReplicaSource
from pegbatch.planner.expand import expand
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import refine
from pegbatch.planner.stages import Given
from tests.nested_givens import plan_nested, workflow_of
from tests.workflows import T

CHAIN = (T(id="one", kept=["tmp"]), T(id="two", inputs=["tmp"], outputs=["out"]))


def knowing(given: Given, *lfns: str) -> Given:
    """Return the same with a catalog that knows files, as --reuse names one."""
    found = ReplicaCatalog(
        source="old.yml",
        replicas={lfn: (Replica(site="local", pfn=f"/old/{lfn}"),) for lfn in lfns},
    )
    sources = (ReplicaSource("reuse", found), *given.replicas.sources)
    inner = {task: knowing(one, *lfns) for task, one in given.inner.items()}
    return replace(given, replicas=replace(given.replicas, sources=sources), inner=inner)


def test_techniques_take_the_tasks_of_the_workflow_that_asks_for_them() -> None:
    asking, plain = workflow_of(*CHAIN, cluster=("chain",)), workflow_of(*CHAIN)
    given = workflow_of(T(id="s"), T(id="t"), inner={"s": asking, "t": plain})
    assert list(plan_nested(given).cluster_names) == ["chain_s.one"]


def test_labels_of_two_workflows_are_two_clusters() -> None:
    label = {"pegasus.label": "x"}
    inner = workflow_of(T(id="a", profiles=label), T(id="b", profiles=label), cluster=("label",))
    given = workflow_of(T(id="s"), T(id="t"), inner={"s": inner, "t": inner})
    assert list(plan_nested(given).cluster_names) == ["merge_s.x", "merge_t.x"]


def test_task_numbers_count_in_their_own_workflow() -> None:
    inner = workflow_of(T(id="a"), T(id="b"))
    given = workflow_of(T(id="s"), T(id="t"), inner={"s": inner, "t": inner})
    assert list(plan_nested(given).task_indices) == [0, 1, 0, 1]


def test_outputs_go_where_their_own_workflow_delivers() -> None:
    inner = workflow_of(*CHAIN, output_dir="/elsewhere")
    planned = plan_nested(workflow_of(T(id="s"), T(id="z", outputs=["f"]), inner={"s": inner}))
    lfns = planned.workflow.lfns
    places = {
        lfn: [place.url for place in planned.places_of(number).destinations(lfn)]
        for number, lfn in enumerate(lfns)
        if planned.delivered[number]
    }
    assert places == {"f": ["file:///base/wf-output/f"], "out": ["file:///elsewhere/out"]}
    assert planned.plan.outputs == 2


def test_of_two_files_for_one_place_the_last_is_delivered_with_a_warning() -> None:
    inner = workflow_of(*CHAIN, source="inner.yml")
    planned = plan_nested(workflow_of(T(id="s"), T(id="t"), inner={"s": inner, "t": inner}))
    assert sum(planned.delivered) == 1
    maker = planned.graph.producers[planned.delivered.index(1)]
    assert planned.workflow.tasks.ids[maker] == "t.two"
    (warning,) = planned.warnings
    assert "s.two and t.two" in warning.message
    assert warning.where == "inner.yml:2"


def test_force_holds_for_the_workflow_that_asks_for_it() -> None:
    inner = workflow_of(T(id="w", outputs=["out"]))
    forced = replace(inner, options=replace(inner.options, force=True))
    for one, left in ((inner, []), (forced, ["s.w"])):
        given = knowing(workflow_of(T(id="s"), inner={"s": one}), "out")
        assert list(plan_nested(given).workflow.tasks.ids) == left


def test_a_forced_sub_workflow_reads_what_spared_jobs_around_it_have_made() -> None:
    forced = workflow_of(T(id="w", inputs=["raw"], outputs=["out"]), force=True)
    plain = workflow_of(T(id="w", inputs=["raw"], outputs=["other"]))
    jobs = (T(id="a", outputs=["raw"]), T(id="s", inputs=["raw"]), T(id="t", inputs=["raw"]))
    given = workflow_of(*jobs, inner={"s": forced, "t": plain})
    given = knowing(given, "raw", "out", "other")
    planned = plan_nested(given)
    assert list(planned.workflow.tasks.ids) == ["s.w"]
    assert set(planned.reused) == {"a", "t.w"}
    (url,) = (use.url for use in planned.inputs.values())
    assert url.endswith("/inputs/raw")


def test_what_a_forced_sub_workflow_needs_and_no_catalog_knows_is_made_again() -> None:
    inner = workflow_of(T(id="w", inputs=["raw"], outputs=["out"]))
    forced = replace(inner, options=replace(inner.options, force=True))
    jobs = (T(id="a", kept=["raw"]), T(id="s", inputs=["raw"]))
    for one, left in ((inner, []), (forced, ["a", "s.w"])):
        planned = plan_nested(knowing(workflow_of(*jobs, inner={"s": one}), "out"))
        assert list(planned.workflow.tasks.ids) == left


def test_what_is_reused_is_told_by_the_workflow_that_a_file_belongs_to() -> None:
    inner = workflow_of(T(id="w", outputs=["out"]))
    own = {"s": knowing(inner, "out")}
    assert plan_nested(workflow_of(T(id="s"), inner=own)).reused == ("s.w",)
    assert plan_nested(workflow_of(T(id="s", outputs=["out"]), inner=own)).reused == ()
    given = workflow_of(T(id="s", outputs=["out"]), inner={"s": inner})
    assert plan_nested(knowing(given, "out")).reused == ("s.w",)


def test_force_of_the_outer_plan_leaves_reuse_to_what_is_inside() -> None:
    inner = workflow_of(T(id="w", outputs=["out"]))
    outer = workflow_of(T(id="a", outputs=["raw"]), T(id="s"), inner={"s": inner}, force=True)
    assert plan_nested(knowing(outer, "raw", "out")).reused == ("s.w",)


def registered(planned: PlannedWorkflow) -> set[tuple[str, str]]:
    """Return the files that are registered: who makes them, and their names."""
    ids, producers, lfns = (
        planned.workflow.tasks.ids,
        planned.graph.producers,
        planned.workflow.lfns,
    )
    return {(ids[producers[lfn]], lfns[lfn]) for lfn, kept in enumerate(planned.registered) if kept}


def delivered_apart(*jobs: T, **properties: str) -> PlannedWorkflow:
    """Plan two sub-workflows that deliver files of one name to two places, and more jobs."""
    one, two = (
        workflow_of(*CHAIN, source="inner.yml", output_dir=f"/{place}", properties=properties)
        for place in ("one", "two")
    )
    return plan_nested(workflow_of(T(id="s"), T(id="t"), *jobs, inner={"s": one, "t": two}))


def test_files_that_a_catalog_could_not_tell_apart_are_not_registered() -> None:
    planned = delivered_apart(T(id="z", outputs=["f"]))
    assert sum(planned.delivered) == 3
    assert registered(planned) == {("z", "f")}
    (warning,) = planned.warnings
    assert "out, an output of job s.two, is delivered, but not registered" in warning.message
    assert "1 more files" in warning.message
    assert warning.where == "inner.yml:2"


def test_of_files_of_one_name_that_of_the_first_workflow_is_registered() -> None:
    planned = delivered_apart(T(id="z", outputs=["out"]))
    assert sum(planned.delivered) == 3
    assert registered(planned) == {("z", "out")}


def test_a_sub_workflow_that_registers_nothing_stands_in_nobodys_way() -> None:
    planned = delivered_apart(**{"pegasus.register": "false"})
    assert (registered(planned), planned.warnings) == (set(), ())
    one = workflow_of(*CHAIN, output_dir="/one")
    two = workflow_of(*CHAIN, output_dir="/two", properties={"pegasus.register": "false"})
    planned = plan_nested(workflow_of(T(id="s"), T(id="t"), inner={"s": one, "t": two}))
    assert (registered(planned), planned.warnings) == ({("s.two", "out")}, ())


def test_files_of_equal_names_are_not_taken_for_each_other() -> None:
    inner = workflow_of(*CHAIN)
    given = workflow_of(T(id="s"), T(id="t"), inner={"s": inner, "t": inner})
    assert plan_nested(knowing(given, "out")).reused == ()


def test_a_task_inside_is_explained_with_its_own_file_and_keys() -> None:
    inner = workflow_of(*CHAIN, source="inner.yml")
    told = explain(refine(expand(workflow_of(T(id="s"), inner={"s": inner}))), "s.two")
    assert told.where == "inner.yml:2"
    assert [origin.url for origin in told.inputs] == ["private/s/tmp"]

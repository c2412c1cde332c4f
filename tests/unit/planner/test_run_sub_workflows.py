"""Tasks that plan and run a workflow: what they ask for, and whom they share a child with."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.errors import PlanError
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.catalogs import (
    ReplicaCatalog,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.model.profiles import Profile
from pegbatch.model.sub_workflows import SubWorkflowTask
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.survey import files_to_look_up
from tests.sub_workflow_plans import lines_of, with_sub_workflows
from tests.workflows import T, make_given

LEAD = T(id="lead", name="lead", kept=["f.yml", "data"])
FILES = {"s": "f.yml", "t": "f.yml"}


def sub(id: str, **more: Any) -> T:
    return T(id=id, name="sub", inputs=["f.yml", "data"], kept=[f"{id}.out"], **more)


def planned(*tasks: T, properties: dict[str, str] | None = None, **options: Any) -> PlannedWorkflow:
    files = {task.id: "f.yml" for task in tasks if task.name == "sub"}
    return plan_workflow(make_given(with_sub_workflows(tasks, files), properties, **options))


def test_such_tasks_have_an_array_of_their_own_and_are_named_in_the_plan() -> None:
    plan = planned(LEAD, sub("s"), sub("t"), T(id="x", name="x", inputs=["data"])).plan
    arrays = {job.name: job for job in plan.jobs}
    assert arrays["L1-sub-workflow"].size == 2
    assert arrays["L1-x"].tasks == 1
    assert plan.sub_workflows == (
        SubWorkflowTask(id="s", array="L1-sub-workflow", bag=0, file="f.yml"),
        SubWorkflowTask(id="t", array="L1-sub-workflow", bag=1, file="f.yml"),
    )


@pytest.mark.parametrize("technique", ["horizontal", "label", "whole", "chain"])
def test_no_technique_takes_them(technique: str) -> None:
    profiles = {"pegasus.label": "l", "pegasus.clusters.num": "1"}
    tasks = [sub(id, profiles=profiles) for id in "st"]
    found = planned(LEAD, *tasks, cluster=[technique])
    assert all(found.clusters[task] == -1 for task in found.workflow.sub_workflows)


def test_packing_leaves_each_its_child() -> None:
    found = planned(LEAD, sub("s"), sub("t"), properties={"pegbatch.pack.size": "10"})
    assert [array.size for array in found.arrays if array.name == "L1-sub-workflow"] == [2]


def test_a_time_limit_for_all_is_not_for_them_and_their_own_is() -> None:
    limits = {"pegasus.maxwalltime": "1", "pegasus.cores": "16", "dagman.retry": "5", "env.A": "b"}
    found = planned(
        LEAD, sub("s"), sub("t", profiles={"pegasus.maxwalltime": "2"}), properties=limits
    )
    lines = lines_of(found)
    assert "timeout_seconds" not in lines["s"] and lines["t"]["timeout_seconds"] == 120
    assert "tries" not in lines["s"] and lines["lead"]["tries"] == 6
    assert lines["s"]["env"] == {"A": "b"}
    (job,) = (job for job in found.plan.jobs if job.name == "L1-sub-workflow")
    assert (job.resources.vcpus, job.resources.memory_mib) == (1, 2048)
    assert (job.attempts, job.timeout_seconds) == (10, None)


def test_profiles_of_their_job_size_them() -> None:
    found = planned(LEAD, sub("s", profiles={"pegasus.memory": "4096", "dagman.retry": "2"}))
    (job,) = (job for job in found.plan.jobs if job.name == "L1-sub-workflow")
    assert job.resources.memory_mib == 4096
    assert lines_of(found)["s"]["tries"] == 3


HERE = SiteCatalog(source="sites.yml", sites={"here": Site(name="here")})
LEADER = TransformationName("", "lead", "")
OTHER = TransformationName("", "other", "")


def transformations(*names: TransformationName) -> TransformationCatalog:
    return TransformationCatalog(
        source="tc.yml",
        transformations={
            name: Transformation(
                name=name,
                sites=(
                    TransformationSite(
                        site="local", pfn=f"/bin/{name.name}", kind="stageable", where="tc.yml:1"
                    ),
                ),
                where="tc.yml:1",
            )
            for name in names
        },
    )


def given_with_catalogs(properties: dict[str, str] | None = None, **facts: str) -> Any:
    files = {path: FileFacts(sha, 1) for path, sha in facts.items()}
    return make_given(
        with_sub_workflows([LEAD, sub("s")], {"s": "f.yml"}),
        properties,
        site_catalog=HERE,
        transformations=transformations(LEADER, OTHER),
        replicas=ReplicaCatalog(source="rc", replicas={}),
        facts=Facts(files=files),
        catalogs=True,
    )


def test_every_program_that_travels_is_sent_and_one_that_is_missing_is_no_fault() -> None:
    given = given_with_catalogs(**{"/bin/lead": "a" * 64, "/bin/other": "b" * 64})
    assert files_to_look_up(given) == ("/bin/lead", "/bin/other")
    assert {one.source for one in plan_workflow(given).uploads} == {"/bin/lead", "/bin/other"}
    without = given_with_catalogs(**{"/bin/lead": "a" * 64})
    assert {one.source for one in plan_workflow(without).uploads} == {"/bin/lead"}


def test_programs_that_are_installed_or_lie_on_s3_are_not_sent() -> None:
    given = given_with_catalogs(**{"/bin/lead": "a" * 64})
    for name, kind, pfn in (("there", "installed", "/bin/x"), ("far", "stageable", "s3://b/x")):
        place = TransformationSite(site="here", pfn=pfn, kind=kind, where="tc.yml:2")
        full = TransformationName("", name, "")
        entry = Transformation(name=full, sites=(place,), where="tc.yml:2")
        given.transformations.transformations[full] = entry
    nowhere = TransformationName("", "nowhere", "")
    entry = Transformation(name=nowhere, sites=(), where="tc.yml:3")
    given.transformations.transformations[nowhere] = entry
    assert {one.source for one in plan_workflow(given).uploads} == {"/bin/lead"}


def test_the_property_names_the_image_they_run_in() -> None:
    properties = {"pegbatch.sub_workflow.image": "docker://lab/planner:2"}
    plan = plan_workflow(given_with_catalogs(properties, **{"/bin/lead": "a" * 64})).plan
    (container,) = plan.containers
    assert container.image == "lab/planner:2"
    assert [job.container for job in plan.jobs if job.kind == "compute"] == ["", container.name]


def test_an_image_that_is_none_is_refused_where_it_is_named() -> None:
    properties = {"pegbatch.sub_workflow.image": "no image at all"}
    with pytest.raises(PlanError, match=r"pegbatch\.sub_workflow\.image: .*"):
        plan_workflow(given_with_catalogs(properties, **{"/bin/lead": "a" * 64}))


def test_a_catalog_entry_of_their_own_sizes_all_of_them() -> None:
    given = given_with_catalogs(**{"/bin/lead": "a" * 64})
    name = TransformationName("pegbatch", "sub-workflow", "")
    entry = Transformation(
        name=name, sites=(), where="tc.yml:9", profiles=(Profile("pegasus", "cores", "2"),)
    )
    given.transformations.transformations[name] = entry
    (job,) = (job for job in plan_workflow(given).plan.jobs if job.name == "L1-sub-workflow")
    assert job.resources.vcpus == 2

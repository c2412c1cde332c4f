"""Plans of workflows in workflows: each with sites, programs and files of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pegbatch.errors import PlanError
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.catalogs import (
    Container,
    Directory,
    FileServer,
    Replica,
    ReplicaCatalog,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.model.file_keys import file_key
from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.stages import Given
from tests.nested_givens import plan_nested, workflow_of
from tests.workflows import T

WEB = "https://example.org"


def site(name: str, *profiles: Profile, bucket: str = "bucket") -> Site:
    """Return a site that stages in a bucket."""
    scratch = Directory(
        kind="shared-scratch",
        path="/ignored",
        file_servers=(FileServer(f"s3://me@amazon/{bucket}", "all"),),
        where="sites.yml",
    )
    return Site(name=name, directories=(scratch,), profiles=profiles, where=f"sites.yml:{name}")


SITES = (
    site("aws", Profile("env", "AT", "aws")),
    site("big", Profile("env", "AT", "big"), Profile("pegasus", "memory", "4096")),
)


def programs(image: str = "", pfn: str = "/bin/true", container: str = "c") -> dict[str, object]:
    """Return a catalog whose program is installed at all sites, or in a container of them all."""
    places = tuple(
        TransformationSite(
            site=one.name, pfn=pfn, kind="installed", container=container if image else ""
        )
        for one in SITES
    )
    entry = Transformation(name=TransformationName("", "t", ""), sites=places)
    known = Container(name=container, kind="docker", image=f"docker://{image}")
    return {
        "transformations": TransformationCatalog(
            source="tc.yml",
            transformations={entry.name: entry},
            containers={container: known} if image else {},
        )
    }


def replicas(**places: str) -> dict[str, object]:
    """Return a catalog of files, by the places that they lie at."""
    found = {lfn: (Replica(site="local", pfn=pfn),) for lfn, pfn in places.items()}
    return {"replicas": ReplicaCatalog(source="rc.yml", replicas=found)}


def planned_with(
    *tasks: T,
    inner: Mapping[str, Given] | None = None,
    sites: Sequence[str] = ("aws",),
    catalog: Sequence[Site] = SITES,
    **more: object,
) -> Given:
    """Return what a workflow is planned with; by default a program without a container."""
    known = SiteCatalog(source="sites.yml", sites={one.name: one for one in catalog})
    values = {**programs(), "site_catalog": known, "catalogs": True, "sites": sites, **more}
    return workflow_of(*tasks, inner=inner, **values)  # type: ignore[arg-type]


def containers(planned: PlannedWorkflow) -> dict[str, str]:
    return {one.name: one.image for one in planned.plan.containers}


def images(planned: PlannedWorkflow) -> dict[str, str]:
    """Return the image of each task, by its id, as its array job names it."""
    known, jobs = containers(planned), planned.plan.jobs
    of_array = {job.name: known[job.container] for job in jobs if job.container}
    return {
        id_: of_array[planned.arrays[planned.array_of[task]].name]
        for task, id_ in enumerate(planned.workflow.tasks.ids)
    }


def settings(planned: PlannedWorkflow, id_: str):
    task = list(planned.workflow.tasks.ids).index(id_)
    return planned.settings_table[planned.task_settings[task]]


def input_urls(planned: PlannedWorkflow) -> dict[str, list[str]]:
    """Return where each task reads what no task makes, by its id."""
    tasks = planned.workflow.tasks
    return {
        id_: [
            planned.inputs[lfn].url
            for lfn in tasks.use_lfns[tasks.use_offsets[task] : tasks.use_offsets[task + 1]]
            if lfn in planned.inputs
        ]
        for task, id_ in enumerate(tasks.ids)
    }


def test_a_container_of_an_inner_catalog_is_that_of_the_tasks_inside() -> None:
    inner = planned_with(T(id="a"), **programs("lab/in:1"))
    planned = plan_nested(planned_with(T(id="s"), T(id="b"), inner={"s": inner}))
    assert containers(planned) == {"c": "lab/in:1"}
    jobs = {job.name: job.container for job in planned.plan.jobs if job.kind == "compute"}
    assert sorted(jobs.values()) == ["", "c"]


def test_two_containers_of_one_name_are_two_where_their_images_differ() -> None:
    inner = planned_with(T(id="a"), **programs("lab/in:1"))
    given = planned_with(T(id="s"), T(id="b"), inner={"s": inner}, **programs("lab/out:1"))
    planned = plan_nested(given)
    assert containers(planned) == {"c": "lab/out:1", "s.c": "lab/in:1"}
    assert images(planned) == {"s.a": "lab/in:1", "b": "lab/out:1"}


def test_sub_workflows_with_the_same_container_share_it_and_its_array_jobs() -> None:
    inner = planned_with(T(id="a"), **programs("lab/in:1"))
    jobs = (T(id="s"), T(id="t"), T(id="b"))
    given = planned_with(*jobs, inner={"s": inner, "t": inner}, **programs("lab/out:1"))
    planned = plan_nested(given)
    assert containers(planned) == {"c": "lab/out:1", "s.c": "lab/in:1"}
    assert sorted(job.size for job in planned.plan.jobs if job.kind == "compute") == [1, 2]


def test_a_container_gives_way_to_one_that_has_its_longer_name() -> None:
    deep = planned_with(T(id="a"), **programs("lab/deep:1"))
    named = planned_with(T(id="b"), **programs("lab/named:1", container="s.c"))
    given = planned_with(
        T(id="s"), T(id="x"), T(id="n"), inner={"s": deep, "n": named}, **programs("lab/out:1")
    )
    first = plan_nested(given)
    swapped = planned_with(
        T(id="n"), T(id="x"), T(id="s"), inner={"s": deep, "n": named}, **programs("lab/out:1")
    )
    wanted = {"s.a": "lab/deep:1", "x": "lab/out:1", "n.b": "lab/named:1"}
    for planned in (first, plan_nested(swapped)):
        assert len(containers(planned)) == 3
        assert images(planned) == wanted


def test_what_lies_on_the_web_is_brought_for_each_catalog_that_says_where() -> None:
    inner = planned_with(T(id="a", inputs=["w"]), **replicas(w=f"{WEB}/inside"))
    outer = replicas(w=f"{WEB}/outside")
    planned = plan_nested(
        planned_with(
            T(id="s"), T(id="b", inputs=["w"]), inner={"s": inner}, cleanup="inplace", **outer
        )
    )
    (stage_in,) = planned.transfer_arrays
    brought = {one.outputs[0].url: one.inputs[0].url for one in stage_in.transfers}
    assert brought == {"data/w": f"{WEB}/outside", "private/s/w": f"{WEB}/inside"}
    assert input_urls(planned) == {"s.a": ["private/s/w"], "b": ["data/w"]}
    (clean_up,) = planned.clean_ups
    assert {file_key(planned.workflow, lfn) for lfn in clean_up.files} == set(brought)


def test_what_lies_on_the_web_at_one_place_is_brought_once() -> None:
    inner = planned_with(T(id="a", inputs=["w"]), **replicas(w=f"{WEB}/w"))
    planned = plan_nested(planned_with(T(id="s"), T(id="t"), inner={"s": inner, "t": inner}))
    (stage_in,) = planned.transfer_arrays
    assert [one.outputs[0].url for one in stage_in.transfers] == ["private/s/w"]
    assert input_urls(planned) == {"s.a": ["private/s/w"], "t.a": ["private/s/w"]}


def test_local_files_of_one_name_are_two_where_the_catalogs_name_two() -> None:
    facts = Facts(files={"/in/f": FileFacts("aa", 1), "/out/f": FileFacts("bb", 2)})
    inner = planned_with(T(id="a", inputs=["f"]), **replicas(f="/in/f"))
    outer = replicas(f="/out/f")
    planned = plan_nested(
        planned_with(T(id="s"), T(id="b", inputs=["f"]), inner={"s": inner}, facts=facts, **outer)
    )
    assert input_urls(planned) == {
        "s.a": ["s3://bucket/inputs/aa"],
        "b": ["s3://bucket/inputs/bb"],
    }
    assert [one.sha256 for one in planned.uploads] == ["aa", "bb"]


def test_each_workflow_runs_at_its_own_site_with_its_profiles_and_program() -> None:
    inner = planned_with(T(id="a"), sites=("big",), **programs(pfn="/bin/inside"))
    planned = plan_nested(planned_with(T(id="s"), T(id="b"), inner={"s": inner}))
    within, around = settings(planned, "s.a"), settings(planned, "b")
    assert (dict(within.env)["AT"], within.resources.memory_mib) == ("big", 4096)
    assert (dict(around.env)["AT"], around.resources.memory_mib) == ("aws", 2048)
    started = [executable.argv0 for executable in planned.executables]
    kinds = planned.workflow.tasks.transformations
    assert [started[kind] for kind in kinds] == ["/bin/inside", "/bin/true"]
    assert len({planned.array_of[task] for task in range(2)}) == 2


def test_a_site_that_is_none_is_told_with_the_sub_workflow_that_names_it() -> None:
    inner = planned_with(T(id="a"), sites=("nowhere",))
    with pytest.raises(PlanError, match="sub-workflow s: there is no site 'nowhere'"):
        plan_nested(planned_with(T(id="s"), inner={"s": inner}))


def test_another_place_to_stage_at_is_told_and_not_used() -> None:
    elsewhere = (site("aws", bucket="elsewhere"),)
    inner = planned_with(T(id="a", inputs=["w"]), catalog=elsewhere, **replicas(w=f"{WEB}/w"))
    planned = plan_nested(planned_with(T(id="s"), T(id="t"), inner={"s": inner, "t": inner}))
    (warning,) = planned.warnings
    assert "sub-workflow s names s3://elsewhere to stage at" in warning.message
    assert "stages all data at s3://bucket" in warning.message
    assert warning.where == "sites.yml:aws"
    assert planned.plan.staging_url == "s3://bucket"


def test_a_site_to_stage_at_that_is_none_is_told_with_every_sub_workflow_that_names_it() -> None:
    inner = planned_with(T(id="a"), staging_sites={"*": "nowhere"})
    with pytest.raises(PlanError) as refused:
        plan_nested(planned_with(T(id="s"), T(id="t"), inner={"s": inner, "t": inner}))
    assert [problem.message for problem in refused.value.problems] == [
        f"sub-workflow {name}: there is no site 'nowhere' in the site catalog" for name in "st"
    ]


def test_a_site_to_stage_at_that_only_the_workflow_around_it_knows_is_no_matter() -> None:
    around = {"aws": "big"}
    deep = planned_with(T(id="a"), catalog=SITES[:1], staging_sites=around)
    inner = planned_with(T(id="i"), inner={"i": deep}, catalog=SITES[:1], staging_sites=around)
    planned = plan_nested(planned_with(T(id="s"), inner={"s": inner}, staging_sites=around))
    assert (planned.warnings, planned.plan.staging_url) == ((), "s3://bucket")


def test_a_sub_workflow_that_names_no_place_to_stage_at_is_no_matter() -> None:
    inner = planned_with(T(id="a"), catalog=(Site(name="aws"),), amazon=True)
    planned = plan_nested(planned_with(T(id="s"), inner={"s": inner}, amazon=True))
    assert (planned.warnings, planned.plan.staging_url) == ((), "s3://bucket")


def test_a_job_that_clusters_by_number_gathers_only_what_is_inside() -> None:
    asked: Profiles = (Profile("pegasus", "clusters.num", "1"),)
    sites = (replace(SITES[0], profiles=asked),)
    tasks = [T(id=f"a{number}") for number in range(4)]
    clustered = planned_with(*tasks, catalog=sites, cluster=("horizontal",))
    plain = planned_with(*tasks, catalog=sites)
    given = planned_with(
        T(id="s"), T(id="t"), *tasks, inner={"s": clustered, "t": plain}, catalog=sites
    )
    planned = plan_nested(given)
    ids = planned.workflow.tasks.ids
    assert len(planned.cluster_names) == 1
    assert [ids[task] for task, of in enumerate(planned.clusters) if of == 0] == [
        f"s.a{number}" for number in range(4)
    ]

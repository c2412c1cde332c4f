"""Containers of the transformation catalog: which ones are taken, and what they keep apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.errors import PlanError
from pegbatch.model.catalogs import Container
from pegbatch.model.containers import HostMount, TaskContainer
from pegbatch.model.plan import plan_from_json, plan_to_json
from pegbatch.model.profiles import Profile
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import plan_workflow, refine
from pegbatch.report.explain_text import explain_text
from tests.unit.planner.test_places import given, place, transformation
from tests.workflows import T

ONE, TWO = (Container(name=n, kind="docker", image=f"docker:///lab/{n}:1") for n in ("one", "two"))
ENTRIES = (
    transformation("a", place(container="one")),
    transformation("b", place(container="two")),
    transformation("also-b", place(container="two")),
    transformation("bare"),
)


def asked(tasks, *containers, edges=(), entries=ENTRIES, properties=None, **options):
    found = given(tasks, entries=entries, properties=properties, edges=edges, **options)
    known = {container.name: container for container in containers or (ONE, TWO)}
    return replace(found, transformations=replace(found.transformations, containers=known))


def planned(*arguments: Any, **options: Any):
    return plan_workflow(asked(*arguments, **options))


def said(*arguments: Any, **options: Any) -> str:
    with pytest.raises(PlanError) as caught:
        planned(*arguments, **options)
    return str(caught.value)


def container(**changes: Any) -> Container:
    return replace(replace(ONE, where="tc.yml:9"), **changes)


def test_tasks_of_a_level_are_apart_where_their_containers_are() -> None:
    tasks = [T(id=str(n), name=name) for n, name in enumerate(("a", "b", "also-b", "bare", "a"))]
    plan = planned(tasks).plan
    arrays = {job.name: (job.container, job.tasks) for job in plan.jobs if job.kind == "compute"}
    assert arrays == {
        "L0-a": ("one", 2),
        "L0-mixed": ("two", 2),
        "L0-bare": ("", 1),
    }
    assert [one.name for one in plan.containers] == ["one", "two"]


@pytest.mark.parametrize("by", ["level", "cluster", "auto"])
def test_arrays_of_every_kind_hold_one_container(by: str) -> None:
    names = ("a", "b", "bare", "also-b")
    tasks = [T(id=f"{name}{n}", name=name) for name in names for n in range(3)]
    edges = [(f"a{n}", f"{other}{n}") for n in range(3) for other in ("b", "bare", "also-b")]
    result = planned(tasks, edges=edges, properties={"pegbatch.array.by": by})
    kinds = {"a": "one", "b": "two", "also-b": "two", "bare": ""}
    for array, job in zip(result.arrays, result.plan.jobs, strict=False):
        ids = {result.workflow.tasks.ids[task][:-1] for task in array.order}
        assert {kinds[name] for name in ids} == {job.container}


def test_helper_jobs_stay_in_the_image_of_the_base_definition() -> None:
    tasks = [T(id="a", name="a", kept=["f"]), T(id="b", name="b", inputs=["f"])]
    jobs = planned(tasks, cleanup="inplace").plan.jobs
    assert {job.kind for job in jobs} == {"clean-up", "compute", "verdict"}
    assert {job.container for job in jobs if job.kind != "compute"} == {""}


def test_a_plan_keeps_its_containers_and_has_none_where_no_job_runs_in_one() -> None:
    mounted = container(
        mounts=("/data:/data/:ro", "/tmp:/scratch"),
        profiles=(Profile("env", "B", "2"), Profile("env", "A", "1")),
    )
    plan = planned([T(id="x", name="a")], mounted).plan
    assert plan.containers == (
        TaskContainer(
            name="one",
            image="lab/one:1",
            environment=(("A", "1"), ("B", "2")),
            mounts=(HostMount("/data", "/data", True), HostMount("/tmp", "/scratch")),
        ),
    )
    assert plan_from_json(plan_to_json(plan), source="plan.json") == plan
    bare = plan_to_json(planned([T(id="x", name="bare")]).plan)
    assert "containers" not in bare
    assert not any("container" in job for job in bare["jobs"])


def test_the_digest_is_of_the_contents_alone() -> None:
    box = TaskContainer(name="one", image="x:1", environment=(("A", "1"),))
    assert replace(box, name="other").digest == box.digest
    others = (
        replace(box, image="x:2"),
        replace(box, environment=(("A", "2"),)),
        replace(box, mounts=(HostMount("/a", "/b"),)),
    )
    assert len({one.digest for one in (box, *others)}) == 4


@pytest.mark.parametrize(
    ("written", "image"),
    [
        ("docker:///rynge/montage:latest", "rynge/montage:latest"),
        ("docker://ghcr.io/lab/x@sha256:" + "0" * 64, "ghcr.io/lab/x@sha256:" + "0" * 64),
        ("docker:24-dind", "docker:24-dind"),
        ("docker://docker:24-dind", "docker:24-dind"),
        (" host:5000/x:1 ", "host:5000/x:1"),
    ],
)
def test_an_image_is_named_as_a_job_definition_does(written: str, image: str) -> None:
    plan = planned([T(id="x", name="a")], container(image=written)).plan
    assert plan.containers[0].image == image


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "singularity"}, "so say: type docker, image lab/one:1"),
        ({"kind": "shifter", "image": "x"}, "is shifter: AWS Batch runs docker images alone"),
        ({"kind": ""}, "without a type"),
        ({"image": "file:///images/one.tar"}, "is a file"),
        ({"image": "http://h/one.tar.gz"}, "docker push"),
        ({"image": "docker:///Not A Name"}, "no reference of an image"),
        ({"image": "docker:///"}, "names no image"),
        ({"image": "1234.dkr.ecr.us-east-1.amazonaws.com/x"}, "names no account"),
        ({"mounts": ("data:/data",)}, "cannot say mount 'data:/data'"),
        ({"mounts": ("/data:/data:z",)}, "cannot say mount"),
        ({"mounts": ("/data",)}, "cannot say mount"),
        ({"mounts": ("/a:/data", "/b:/data/")}, "two mounts at /data"),
        ({"mounts": ("/a:/data", "/a:/data:ro")}, "two mounts at /data"),
        ({"mounts": ("/a:/",)}, "cannot say mount '/a:/'"),
        ({"profiles": (Profile("env", "AWS_BATCH_X", "1"),)}, "AWS Batch keeps that name"),
        ({"profiles": (Profile("env", "A=B", "1"),)}, "is no variable"),
        ({"profiles": (Profile("env", "A", "\0"),)}, "is no variable"),
    ],
)
def test_what_a_job_definition_cannot_say_is_refused_at_its_line(changes, words: str) -> None:
    text = said([T(id="x", name="a")], container(**changes))
    assert words in text
    assert "tc.yml:9: container 'one'" in text


def test_the_same_mount_written_twice_is_one() -> None:
    twice = container(mounts=("/a:/data", "/b:/more:ro", "/a:/data/:rw"))
    (found,) = planned([T(id="x", name="a")], twice).plan.containers
    assert found.mounts == (HostMount("/a", "/data"), HostMount("/b", "/more", read_only=True))


def test_a_container_is_complained_of_once_and_only_where_it_is_used() -> None:
    wrong = container(kind="singularity")
    entries = (
        transformation("a", place(container="one")),
        transformation("b", place(container="one")),
        transformation("bare"),
    )
    text = said([T(id="x", name="a"), T(id="y", name="b")], wrong, entries=entries)
    assert text.count("singularity") == 1
    assert planned([T(id="x", name="bare")], wrong, entries=entries).plan.containers == ()


def test_a_container_that_no_catalog_defines_is_named_where_it_is_asked_for() -> None:
    text = said([T(id="x", name="a")], TWO)
    assert "tc.yml:4: the transformation catalog defines no container 'one'" in text
    assert "it defines: two" in text


def test_profiles_of_a_container_beside_its_variables_are_warned_about() -> None:
    box = container(profiles=(Profile("pegasus", "container.arguments", "--shm-size=2g"),))
    warnings = planned([T(id="x", name="a")], box).warnings
    assert [one.where for one in warnings if "container.arguments" in one.message] == ["tc.yml:9"]


def test_a_label_over_two_containers_is_refused_as_in_pegasus() -> None:
    label = {"pegasus.label": "l"}
    tasks = [T(id="x", name="a", profiles=label), T(id="y", name="bare", profiles=label)]
    text = said(tasks, cluster=("label",))
    assert "x in container 'one' and y in none" in text
    assert "different containers into one cluster" in said(tasks, cluster=("whole",))
    alike = [T(id="x", name="b", profiles=label), T(id="y", name="also-b", profiles=label)]
    assert planned(alike, cluster=("label",)).plan.jobs[0].container == "two"


def test_clusters_of_two_containers_are_not_put_into_one() -> None:
    seqexec = {"pegasus.clusterer.job.aggregator": "seqexec"}
    tasks = [
        T(id=f"{name}{n}", name=name, profiles={"pegasus.label": name, "pegasus.clusters.num": "1"})
        for name in ("a", "b")
        for n in range(2)
    ]
    text = said(tasks, properties=seqexec, cluster=("label", "horizontal"))
    assert "horizontal would put jobs of different containers" in text


def test_a_chain_ends_where_the_container_changes() -> None:
    names = ("a", "a", "b", "also-b", "bare")
    tasks = [T(id=str(n), name=name) for n, name in enumerate(names)]
    edges = [(str(n), str(n + 1)) for n in range(len(names) - 1)]
    result = planned(tasks, edges=edges, cluster=("chain",))
    jobs = [job for job in result.plan.jobs if job.kind == "compute"]
    assert [(job.tasks, job.container) for job in jobs] == [(2, "one"), (2, "two"), (1, "")]


def test_a_required_program_travels_whatever_container_it_would_run_in_itself() -> None:
    entries = (
        transformation("a", place(container="one"), requires=["helper"]),
        transformation("helper", place("local", "/bin/helper", "stageable", container="two")),
    )
    result = planned([T(id="x", name="a")], entries=entries, files={"/bin/helper": "11"})
    assert [use.lfn for use in result.executables[0].staged] == ["helper"]
    assert [one.name for one in result.plan.containers] == ["one"]


def test_a_task_is_explained_with_its_container() -> None:
    linked = refine(asked([T(id="x", name="a"), T(id="y", name="bare")]))
    assert "  in        container one, lab/one:1\n" in explain_text(explain(linked, "x"))
    assert "container" not in explain_text(explain(linked, "y"))


def test_a_program_in_an_image_is_at_every_site_unless_one_is_at_the_site_itself() -> None:
    inside = place("incontainer", "/opt/a", container="one")
    entries = (
        transformation("a", inside),
        transformation("b", inside, place("aws", "/bin/b")),
    )
    result = planned([T(id="x", name="a"), T(id="y", name="b")], entries=entries)
    assert [executable.argv0 for executable in result.executables] == ["/opt/a", "/bin/b"]
    jobs = {job.name: job.container for job in result.plan.jobs if job.kind == "compute"}
    assert jobs == {"L0-a": "one", "L0-b": ""}

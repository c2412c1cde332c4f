"""Outputs of tasks that do not run again: what is copied, by whom, and what stays."""

from __future__ import annotations

import pytest

from pegbatch.errors import PlanError
from pegbatch.model.bags import ReusedDelivery
from pegbatch.model.catalogs import Replica, ReplicaCatalog, SiteCatalog
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.planner.pipeline import plan_workflow, refine
from pegbatch.planner.survey import files_to_look_up, objects_to_bring
from tests.unit.planner.test_places import PROGRAM, S3_SITE, catalog
from tests.workflows import T, make_given, make_workflow

TASKS = (T(id="a", outputs=["x"]), T(id="b", inputs=["x"], outputs=["y"]))
SUM = "ab" * 32


def given(*pfns: str, site: str = "local", output_sites=("aws",), sha256=None, tasks=TASKS, **more):
    replicas = tuple(Replica(site=site, pfn=pfn, where="rc:1", sha256=sha256) for pfn in pfns)
    return make_given(
        make_workflow(list(tasks)),
        site_catalog=SiteCatalog(source="sites.yml", sites={"aws": S3_SITE}),
        transformations=catalog(PROGRAM),
        replicas=ReplicaCatalog(source="rc", replicas={"x": replicas, "y": replicas}),
        catalogs=True,
        output_sites=output_sites,
        **more,
    )


def ways(given_) -> list[tuple[str, str]]:
    return [(d.url, d.destination) for d in refine(given_).reused_deliveries if d.lfn == "x"]


def test_what_lies_at_its_place_stays_there_and_nothing_runs() -> None:
    planned = plan_workflow(given("s3://bucket/out/x", tasks=TASKS[:1]))
    assert [(d.url, d.destination) for d in planned.reused_deliveries] == [
        ("s3://bucket/out/x", "s3://bucket/out/x")
    ]
    assert [job.name for job in planned.plan.jobs] == ["verdict"]
    assert (planned.plan.outputs, planned.plan.uploads) == (1, 0)


def test_a_plan_of_which_nothing_is_left_to_run_has_no_arrays_to_cut() -> None:
    by_auto = {"pegbatch.array.by": "auto"}
    planned = plan_workflow(given("s3://bucket/out/x", tasks=TASKS[:1], properties=by_auto))
    assert [job.name for job in planned.plan.jobs] == ["verdict"]


def test_an_output_site_on_s3_gets_its_copies_from_the_run() -> None:
    planned = plan_workflow(given("s3://me@amazon/old/f"))
    (array,) = planned.transfer_arrays
    assert [use.url for transfer in array.transfers for use in transfer.inputs] == [
        "s3://old/f"
    ] * 2
    assert [use.url for transfer in array.transfers for use in transfer.outputs] == [
        "s3://bucket/out/x", "s3://bucket/out/y",
    ]  # fmt: skip
    assert [(job.name, job.kind, job.size, job.tasks) for job in planned.plan.jobs] == [
        ("copy-reused", "stage-in", 2, 0),
        ("verdict", "verdict", 1, 0),
    ]
    assert [link.array for link in planned.plan.jobs[-1].depends_on] == ["copy-reused"]
    assert (planned.plan.tasks, planned.plan.reused, planned.plan.outputs) == (0, 2, 2)


def test_a_local_file_is_sent_for_an_output_site_on_s3_and_only_then_looked_up() -> None:
    there = given("/data/f")
    assert files_to_look_up(there) == ("/data/f",)
    assert files_to_look_up(given("/data/f", output_sites=("local",))) == ()
    facts = Facts(files={"/data/f": FileFacts(SUM, 5)})
    planned = plan_workflow(given("/data/f", facts=facts))
    assert [upload.source for upload in planned.uploads] == ["/data/f"]
    (array,) = planned.transfer_arrays
    assert array.transfers[0].inputs[0].url == planned.uploads[0].url


def test_a_directory_of_this_machine_gets_its_copies_from_the_client() -> None:
    assert ways(given("s3://old/f", output_sites=("local",))) == [
        ("s3://old/f", "file:///base/wf-output/x")
    ]
    assert ways(given("s3://old/f", "/data/f", output_sites=("local",))) == [
        ("file:///data/f", "file:///base/wf-output/x")
    ]
    planned = plan_workflow(given("/data/f", output_sites=("local",)))
    assert (planned.transfer_arrays, planned.uploads) == ((), ())


def test_what_the_client_does_not_see_goes_through_the_run() -> None:
    there = given("/image/f", site="aws", output_sites=("local",))
    assert ways(there) == [("data/x", "file:///base/wf-output/x")]
    (array,) = plan_workflow(there).transfer_arrays
    assert array.transfers[0].inputs[0].url == "file:///image/f"
    assert array.transfers[0].outputs[0].url == "data/x"


def test_several_output_sites_are_served_by_one_transfer() -> None:
    planned = plan_workflow(given("s3://old/f", output_sites=("aws", "local")))
    assert [(d.url, d.destination, d.site) for d in planned.reused_deliveries[:2]] == [
        ("s3://bucket/out/x", "s3://bucket/out/x", "aws"),
        ("s3://old/f", "file:///base/wf-output/x", "local"),
    ]
    assert len(planned.transfer_arrays[0].transfers) == 2


def test_registration_and_checksum_travel_along() -> None:
    (first, _) = refine(given("s3://old/f", sha256=SUM)).reused_deliveries
    assert first == ReusedDelivery(
        lfn="x",
        url="s3://bucket/out/x",
        destination="s3://bucket/out/x",
        site="aws",
        is_registered=True,
        sha256=SUM,
    )


def test_a_file_that_cannot_be_read_is_named_with_its_catalog() -> None:
    facts = Facts(unreadable={"/gone": "no such file or directory"})
    with pytest.raises(PlanError) as caught:
        plan_workflow(given("/gone", facts=facts))
    assert "reused output x: /gone: no such file" in caught.value.problems[0].message
    assert caught.value.problems[0].where == "rc:1"


def test_an_input_of_what_still_runs_is_taken_from_the_catalog() -> None:
    tasks = (*TASKS, T(id="c", inputs=["x"], outputs=["z"]))
    planned = plan_workflow(given("s3://old/f", tasks=tasks, output_sites=("local",)))
    assert planned.plan.tasks == 1
    assert [use.url for use in planned.inputs.values()] == ["s3://old/f"]


def test_objects_that_only_the_client_reaches_are_brought_and_sent() -> None:
    tasks = (T(id="c", inputs=["x"], outputs=["z"]),)
    url = "s3://me@lab/b/x"
    own = {"own_s3": frozenset(["me@lab"]), "output_sites": ("local",), "tasks": tasks}
    assert objects_to_bring(given(url, **own)) == (url,)
    assert objects_to_bring(given("s3://you@lab/b/x", **own)) == ()
    facts = Facts(brought={url: "/cache/1"}, files={"/cache/1": FileFacts(SUM, 5)})
    assert files_to_look_up(given(url, facts=facts, **own)) == ("/cache/1",)
    planned = plan_workflow(given(url, facts=facts, **own))
    assert [upload.source for upload in planned.uploads] == ["/cache/1"]
    failed = Facts(unreadable={url: "cannot be listed"})
    with pytest.raises(PlanError, match=r"s3://me@lab/b/x: cannot be listed"):
        plan_workflow(given(url, facts=failed, **own))

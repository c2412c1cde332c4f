"""Clean-up jobs: what they delete, whom they wait for, and that nobody waits for them."""

from __future__ import annotations

import pytest

from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.catalogs import (
    Directory,
    FileServer,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.pipeline import plan_workflow
from tests.workflows import T, make_given, make_workflow

CHAIN = [
    T(id="a", kept=["ab"]),
    T(id="b", inputs=["ab"], kept=["bc"], outputs=["wanted"]),
    T(id="c", inputs=["bc", "wanted"], outputs=["end"], kept=["unread"]),
]
BUCKET = Site(
    name="bucket",
    directories=(
        Directory(
            kind="shared-storage",
            path="/out",
            file_servers=(FileServer("s3://bucket/out", "all"),),
            where="sites.yml:2",
        ),
    ),
)
SITES = SiteCatalog(source="sites.yml", sites={"bucket": BUCKET})


def planned(tasks, edges=(), properties=None, **options) -> PlannedWorkflow:
    options = {"cleanup": "inplace", **options}
    return plan_workflow(make_given(make_workflow(tasks, edges), properties, **options))


def deleted(result: PlannedWorkflow) -> dict[str, list[str]]:
    lfns = result.workflow.lfns
    return {one.name: [lfns[number] for number in one.files] for one in result.clean_ups}


def job_names(result: PlannedWorkflow) -> list[str]:
    return [job.name for job in result.plan.jobs]


def parents(result: PlannedWorkflow, name: str) -> list[str]:
    return [link.array for link in result.plan.job(name).depends_on]


def test_each_level_deletes_what_no_later_level_uses() -> None:
    result = planned(CHAIN)
    assert deleted(result) == {"clean-up-1": ["ab"], "clean-up-2": ["bc", "unread"]}
    after = {one.name: one.after for one in result.clean_ups}
    assert after == {"clean-up-1": ("L0-t", "L1-t"), "clean-up-2": ("L1-t", "L2-t")}


def test_a_clean_up_stands_behind_what_it_waits_for_and_nothing_waits_for_it() -> None:
    result = planned(CHAIN)
    assert job_names(result) == ["L0-t", "L1-t", "clean-up-1", "L2-t", "clean-up-2", "verdict"]
    assert parents(result, "clean-up-1") == ["L1-t"]
    assert parents(result, "verdict") == ["L2-t"]


def test_files_that_wait_for_fetch_are_never_deleted() -> None:
    assert "wanted" not in str(deleted(planned(CHAIN)))
    assert "wanted" not in str(deleted(planned(CHAIN, cleanup="leaf")))


def test_what_is_delivered_to_s3_is_deleted_once_it_is_read() -> None:
    result = planned(CHAIN, site_catalog=SITES, output_sites=("bucket",))
    assert deleted(result)["clean-up-2"] == ["wanted", "bc", "unread"]


def test_without_an_output_site_outputs_stay() -> None:
    assert "wanted" not in str(deleted(planned(CHAIN, output_sites=())))


def test_leaf_deletes_all_of_it_behind_the_verdict() -> None:
    result = planned(CHAIN, cleanup="leaf")
    assert job_names(result)[-2:] == ["verdict", "clean-up"]
    assert parents(result, "clean-up") == ["verdict"]
    assert deleted(result) == {"clean-up": ["ab", "bc", "unread"]}
    assert result.clean_ups[0].after == ()


@pytest.mark.parametrize("strategy", ["none", "leaf", "inplace"])
def test_there_is_no_job_where_there_is_nothing_to_delete(strategy: str) -> None:
    lonely = [T(id="a", outputs=["x"]), T(id="b", inputs=["x"], outputs=["y"])]
    assert job_names(planned(lonely, cleanup=strategy)) == ["L0-t", "L1-t", "verdict"]


def test_none_deletes_nothing() -> None:
    assert deleted(planned(CHAIN, cleanup="none")) == {}


@pytest.mark.parametrize(
    ("properties", "sizes"),
    [
        ({}, {"clean-up-1": 1, "clean-up-2": 1}),
        ({"pegasus.file.cleanup.clusters.num": "3"}, {"clean-up-1": 3, "clean-up-2": 3}),
        ({"pegasus.file.cleanup.clusters.size": "2"}, {"clean-up-1": 3, "clean-up-2": 1}),
        ({"pegasus.file.cleanup.clusters.num": "900"}, {"clean-up-1": 5, "clean-up-2": 5}),
    ],
)
def test_the_number_of_children_is_what_the_properties_say(
    properties: dict[str, str], sizes: dict[str, int]
) -> None:
    tasks = [T(id=f"a{number}", kept=[f"x{number}"]) for number in range(5)]
    tasks += [T(id=f"b{n}", inputs=[f"x{n}"], kept=[f"y{n}"]) for n in range(5)]
    tasks.append(T(id="c", inputs=[f"y{number}" for number in range(5)]))
    result = planned(tasks, (), properties)
    jobs = {job.name: job.size for job in result.plan.jobs if job.kind == "clean-up"}
    assert jobs == sizes
    for one in result.clean_ups:
        assert (one.bag_offsets[0], one.bag_offsets[-1]) == (0, len(one.files))
        assert one.size == sizes[one.name]


def test_more_than_twenty_arrays_are_waited_for_through_barriers() -> None:
    """Each reader of the file is an array of its own, on one level."""
    tasks = [T(id="a", kept=["x"])]
    tasks += [T(id=f"b{n}", name=f"b{n}", inputs=["x"]) for n in range(25)]
    result = planned(tasks, (), {"pegbatch.array.by": "cluster"})
    assert len(parents(result, "clean-up-1")) <= 20
    assert "barrier-2" in parents(result, "clean-up-1")
    assert "barrier-2" not in parents(result, "verdict")
    assert len(result.clean_ups[0].after) == 26


def test_what_a_compound_transformation_reads_counts_as_read() -> None:
    name = TransformationName("", "late", "")
    here = (TransformationSite(site="condorpool", pfn="/bin/true", kind="installed"),)
    late = Transformation(name=name, requires_files=("x",), sites=here)
    plain = Transformation(name=TransformationName("", "t", ""), sites=here)
    tasks = [T(id="a", kept=["x"]), T(id="b"), T(id="c", name="late")]
    result = planned(
        tasks,
        [("a", "b"), ("b", "c")],
        catalogs=True,
        transformations=TransformationCatalog(
            source="tc", transformations={name: late, plain.name: plain}
        ),
    )
    assert deleted(result) == {"clean-up-2": ["x"]}

"""From replicas and output sites to the plan: stage-in arrays, fail-overs, mappers."""

from __future__ import annotations

import gzip
import json

import pytest

from pegbatch.batch.manifests import manifests, output_lines
from pegbatch.errors import InputError, PegbatchError, PlanError
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.catalogs import (
    Replica,
    ReplicaCatalog,
    Site,
    SiteCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.survey import files_to_look_up
from tests.workflows import T, make_given, make_workflow

WEB = "https://example.org/x?version=2"
SITES = SiteCatalog(source="sites.yml", sites={"aws": Site(name="aws")})


def entry(name="t", pfn="/bin/true", kind="installed", site="aws", files=()) -> Transformation:
    return Transformation(
        name=TransformationName("", name, ""),
        sites=(TransformationSite(site=site, pfn=pfn, kind=kind, where="tc.yml:3"),),
        requires_files=tuple(files),
    )


PROGRAMS = (entry(),)


def wanted(tasks, rc, entries=PROGRAMS, properties=None, edges=(), **options):
    replicas = {
        lfn: tuple(Replica(site=site, pfn=pfn, where="rc.txt:1") for site, pfn in of)
        for lfn, of in rc.items()
    }
    return make_given(
        make_workflow(tasks, edges),
        properties,
        site_catalog=SITES,
        transformations=TransformationCatalog(
            source="tc.yml", transformations={one.name: one for one in entries}
        ),
        replicas=ReplicaCatalog(source="rc.txt", replicas=replicas),
        facts=Facts(
            files={"/here/x": FileFacts("aa", 5), "/there/x": FileFacts("bb", 5)},
            unreadable={"/gone/x": "no such file or directory"},
        ),
        catalogs=True,
        **options,
    )


def planned(*arguments, **options) -> PlannedWorkflow:
    return plan_workflow(wanted(*arguments, **options))


def lines(result: PlannedWorkflow) -> dict[str, list[dict]]:
    return {
        name: [
            json.loads(line)
            for member, _ in members
            for line in gzip.decompress(member).splitlines()
        ]
        for name, members in manifests(result)
    }


def inputs(result: PlannedWorkflow, array: str = "L0-t") -> list[dict]:
    return lines(result)[array][0]["inputs"]


def parents(result: PlannedWorkflow, name: str) -> dict[str, str]:
    return {link.array: link.type.value for link in result.plan.job(name).depends_on}


def test_a_file_on_the_web_is_brought_once_and_read_from_the_run() -> None:
    tasks = [T(id="a", inputs=["x"]), T(id="b", inputs=["x"])]
    result = planned(tasks, {"x": [("web", WEB)]})
    line = lines(result)["stage-in-0"][0]
    assert (line["argv"], line["inputs"]) == ([], [{"lfn": "x", "url": WEB}])
    assert line["outputs"] == [{"lfn": "x", "url": "data/x"}]
    assert inputs(result) == [{"lfn": "x", "url": "data/x"}]
    assert parents(result, "L0-t") == {"stage-in-0": "ALL"}
    job = result.plan.job("stage-in-0")
    assert (job.kind, job.level, job.size, job.tasks) == ("stage-in", None, 1, 0)
    assert result.plan.tasks == 2


def test_each_level_has_a_stage_in_for_what_it_is_the_first_to_read() -> None:
    rc = {"x": [("web", WEB)], "y": [("web", f"{WEB}&y")]}
    tasks = [T(id="a", inputs=["x"], kept=["m"]), T(id="b", inputs=["m", "x", "y"])]
    result = planned(tasks, rc)
    brought = {name: [line["id"] for line in of] for name, of in lines(result).items()}
    assert brought["stage-in-0"] == ["stage-in:data/x"]
    assert brought["stage-in-1"] == ["stage-in:data/y"]
    assert parents(result, "L1-t") == {"stage-in-1": "ALL", "L0-t": "ALL"}


def test_arrays_that_read_nothing_of_the_web_do_not_wait_for_it() -> None:
    tasks = [T(id="a", inputs=["x"]), T(id="b", name="other")]
    entries = [entry(), entry("other")]
    properties = {"pegbatch.array.by": "cluster"}
    result = planned(tasks, {"x": [("web", WEB)]}, entries, properties)
    assert parents(result, "L0-other") == {}
    assert parents(result, "L0-t") == {"stage-in-0": "ALL"}
    assert set(parents(result, "verdict")) == {"L0-t", "L0-other"}


def test_a_stage_in_array_has_no_more_children_than_asked_for() -> None:
    rc = {f"x{number}": [("web", f"{WEB}{number}")] for number in range(50)}
    tasks = [T(id="a", inputs=list(rc))]
    assert planned(tasks, rc).plan.job("stage-in-0").size == 20
    few = planned(tasks, rc, properties={"pegasus.stagein.clusters": "3"})
    assert few.plan.job("stage-in-0").size == 3
    bags = [line["bag"] for line in lines(few)["stage-in-0"]]
    assert bags == sorted(bags)
    assert [bags.count(bag) for bag in range(3)] == [16, 17, 17]


def test_what_no_task_needs_may_be_missing_on_the_web() -> None:
    result = planned([T(id="a", optional_inputs=["x"])], {"x": [("web", WEB)]})
    line = lines(result)["stage-in-0"][0]
    assert line["inputs"][0]["optional"]
    assert line["outputs"][0]["optional"]


def test_programs_on_the_web_are_brought_too() -> None:
    entries = [
        entry("my.prog", "https://example.org/a/prog", "stageable", "local"),
        entry("my_prog", "https://example.org/b/prog", "stageable", "local"),
    ]
    tasks = [T(id="a", name="my.prog"), T(id="b", name="my.prog"), T(id="c", name="my_prog")]
    result = planned(tasks, {}, entries)
    made = [line["outputs"][0]["url"] for line in lines(result)["stage-in-0"]]
    assert len(set(made)) == len(made) == 2
    used = {line["id"]: line["inputs"][0] for line in lines(result)["L0-mixed"]}
    assert used["a"] == {"lfn": "my_prog", "url": made[0], "executable": True}
    assert used["a"] == used["b"] != used["c"]


def test_a_file_that_only_some_of_the_catalogs_schemes_can_serve_is_read_there() -> None:
    rc = {"x": [("grid", "gsiftp://h/x"), ("web", WEB)]}
    result = planned([T(id="a", inputs=["x"])], rc)
    assert lines(result)["stage-in-0"][0]["inputs"] == [{"lfn": "x", "url": WEB}]


@pytest.mark.parametrize("url", ["https://me:secret@example.org/x", "http://me@example.org/x"])
def test_a_url_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(PlanError) as caught:
        planned([T(id="a", inputs=["x"])], {"x": [("web", url)]})
    assert "user or a password" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_replicas_stand_by_in_the_order_of_effort() -> None:
    rc = {
        "x": [
            ("web", WEB), ("far", "/there/x"), ("local", "/here/x"), ("s3", "s3://b/x"),
            ("aws", "/image/x"),
        ]
    }  # fmt: skip
    result = planned([T(id="a", inputs=["x"])], rc)
    assert inputs(result) == [
        {"lfn": "x", "url": "file:///image/x", "or": ["s3://b/x", "s3://pegbatch/inputs/aa", WEB]}
    ]
    assert [upload.source for upload in result.uploads] == ["/here/x"]
    assert [job.kind for job in result.plan.jobs] == ["compute", "verdict"]


def test_fail_overs_of_a_file_on_the_web_are_the_stage_ins_affair() -> None:
    rc = {"x": [("web", WEB), ("web", "http://mirror.example.org/x")]}
    result = planned([T(id="a", inputs=["x"])], rc)
    line = lines(result)["stage-in-0"][0]
    assert line["inputs"][0]["or"] == ["http://mirror.example.org/x"]
    assert inputs(result) == [{"lfn": "x", "url": "data/x"}]


def test_of_several_local_files_the_first_that_can_be_read_is_sent() -> None:
    rc = {"x": [("local", "/gone/x"), ("local", "/there/x"), ("local", "/here/x")]}
    given = wanted([T(id="a", inputs=["x"])], rc)
    assert files_to_look_up(given) == ("/gone/x", "/here/x", "/there/x")
    result = plan_workflow(given)
    assert [upload.source for upload in result.uploads] == ["/there/x"]
    assert inputs(result)[0]["sha256"] == "bb"
    assert "/gone/x: no such file or directory; another replica" in str(result.warnings[-1])


def test_files_that_a_transformation_requires_are_inputs_of_its_tasks() -> None:
    entries = [entry(files=["x", "made"]), entry("maker")]
    tasks = [T(id="m", name="maker", kept=["made"]), T(id="a"), T(id="b", inputs=["x"])]
    given = wanted(tasks, {"x": [("local", "/here/x")]}, entries)
    assert files_to_look_up(given) == ("/here/x",)
    result = plan_workflow(given)
    read = [[use["lfn"] for use in line["inputs"]] for line in lines(result)["L1-t"]]
    assert read == [["x", "made"], ["x", "made"]]
    assert parents(result, "L1-t") == {"L0-maker": "ALL"}


def outputs(properties: dict[str, str], count: int = 1, **options) -> list[dict]:
    tasks = [T(id=f"a{number}", outputs=[f"d/x{number}"]) for number in range(count)]
    result = planned(tasks, {}, properties=properties, user="me", **options)
    return [json.loads(line) for line in output_lines(result)]


def test_the_flat_mapper_puts_files_in_one_directory() -> None:
    assert outputs({})[0]["destination"] == "file:///base/wf-output/d/x0"


def test_the_hashed_mapper_spreads_files_and_keeps_their_places() -> None:
    hashed = {"pegasus.dir.storage.mapper": "hashed"}
    rows = outputs(hashed, 300)
    folders = {row["destination"].removesuffix(row["lfn"]) for row in rows}
    assert len(folders) > 100
    assert all(len(folder) == len("file:///base/wf-output/ab/") for folder in folders)
    assert outputs(hashed, 1)[0]["destination"] == rows[0]["destination"]
    assert rows[0]["url"] == "data/d/x0"


def test_the_fixed_mapper_goes_before_the_output_sites() -> None:
    key = "pegasus.dir.storage.mapper"
    fixed = {key: "Fixed", f"{key}.fixed.url": "s3://me@amazon/bucket/results/"}
    row = outputs(fixed, output_sites=("local", "condorpool"))
    assert [one["destination"] for one in row] == ["s3://bucket/results/d/x0"]
    fixed[f"{key}.fixed.url"] = "file:///data/results"
    assert outputs(fixed)[0]["destination"] == "file:///data/results/d/x0"


def test_deep_storage_keeps_user_and_workflow() -> None:
    row = outputs({"pegasus.dir.storage.deep": "true"}, output_dir="/out")[0]
    assert row["destination"] == "file:///out/me/pegasus/test/d/x0"


@pytest.mark.parametrize(
    ("properties", "kind", "said"),
    [
        ({"": "Replica"}, InputError, "other mappers (Replica) are not supported"),
        ({"": "Fixed"}, PlanError, "outputs cannot be delivered to ''"),
        ({"": "Fixed", ".fixed.url": "ftp://h/x"}, PlanError, "delivered to 'ftp://h/x'"),
        ({"": "Fixed", ".fixed.url": "relative/x"}, PlanError, "delivered to 'relative/x'"),
    ],
)
def test_a_mapper_that_cannot_be_is_refused_by_name(
    properties: dict[str, str], kind: type[PegbatchError], said: str
) -> None:
    named = {f"pegasus.dir.storage.mapper{key}": value for key, value in properties.items()}
    with pytest.raises(kind) as caught:
        outputs(named)
    assert said in str(caught.value)
    assert caught.value.problems[0].where


def test_the_output_directory_may_lie_on_s3() -> None:
    row = outputs({}, output_dir="s3://bucket/results/")[0]
    assert row["url"] == row["destination"] == "s3://bucket/results/d/x0"
    with pytest.raises(PlanError, match="delivered to 'scp://h/x'"):
        outputs({}, output_dir="scp://h/x")

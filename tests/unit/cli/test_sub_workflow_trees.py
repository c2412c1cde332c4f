"""Sub-workflows whose files are at hand are read with what they are planned with, as a tree."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.reading import sizes, sub_workflows
from pegbatch.cli.reading.sub_workflows import ReadTree, read_sub_workflows
from pegbatch.cli.reading.told import Told
from pegbatch.cli.reading.workflow import look_around, read_workflow
from pegbatch.errors import InputError, Problem
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.stages import Given

Job = dict[str, Any]
SITES = {"sites": [{"name": "local"}, {"name": "here"}]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder without anything."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def write(name: str, content: Mapping[str, Any]) -> Path:
    """Write a workflow or a catalog; JSON is YAML."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))
    return path


def workflow(name: str, *jobs: Job, **more: Any) -> Path:
    return write(name, {"pegasus": "5.0", "name": Path(name).stem, "jobs": jobs, **more})


def job(identifier: str, *, reads: Sequence[str] = (), makes: Sequence[str] = ()) -> Job:
    uses = [{"lfn": lfn, "type": "input"} for lfn in reads]
    uses += [{"lfn": lfn, "type": "output"} for lfn in makes]
    return {"type": "job", "id": identifier, "name": "step", "uses": uses}


def sub(
    identifier: str, file: str, text: str = "", planning: Sequence[str] = (), **more: Any
) -> Job:
    uses = [{"lfn": lfn, "type": "input", "forPlanning": True} for lfn in planning]
    uses += [{"lfn": lfn, "type": "input"} for lfn in more.get("reads", ())]
    uses += [{"lfn": lfn, "type": "output"} for lfn in more.get("makes", ())]
    return {
        "type": "pegasusWorkflow",
        "id": identifier,
        "file": file,
        "arguments": text,
        "uses": uses,
    }


def replicas(**places: str) -> dict[str, Any]:
    entries = [{"lfn": lfn, "pfns": [{"site": "local", "pfn": pfn}]} for lfn, pfn in places.items()]
    return {"replicas": entries}


def programs(*names: str) -> dict[str, Any]:
    site = {"name": "here", "pfn": "/bin/true", "type": "installed"}
    return {"transformations": [{"name": name, "sites": [site]} for name in names]}


def read_tree(path: Path, told: list[Problem] | None = None, **asked: Any) -> ReadTree:
    values: dict[str, Any] = {
        "workflow": path,
        "conf": None,
        "definitions": (),
        "base_dir": Path("runs"),
        "sites": (),
        "output_sites": ("local",),
        "output_dir": None,
        "staging_sites": {},
        "cluster": (),
        "catalogs": True,
        "cleanup": "inplace",
        **asked,
    }
    around = look_around(dict(os.environ))
    tell = Told((told if told is not None else []).extend)
    return read_sub_workflows(read_workflow(PlanRequest(**values), around, tell), around, tell)


def read(path: Path, told: list[Problem] | None = None, **asked: Any) -> Given:
    return read_tree(path, told, **asked).given


def refused(path: Path, **asked: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(path, **asked)
    return [f"{problem.where}: {problem.message}" for problem in caught.value.problems]


def ids(given: Given) -> dict[str, Any]:
    """Return the tree by ids of jobs; where a sub-workflow is not at hand, its file."""
    tasks = given.workflow.tasks
    return {
        tasks.ids[task]: ids(given.inner[task]) if task in given.inner else job.file
        for task, job in given.workflow.sub_workflows.items()
    }


def test_a_workflow_without_sub_workflows_stays_what_it_is() -> None:
    given = read(workflow("outer.yml", job("a")))
    assert given.inner == {}


def test_files_beside_the_workflow_and_in_the_working_directory_are_at_hand() -> None:
    workflow("sub/beside.yml", job("x"))
    workflow("working.yml", job("y"))
    outer = workflow("sub/outer.yml", job("a"), sub("s", "beside.yml"), sub("t", "working.yml"))
    given = read(outer)
    assert ids(given) == {"s": {}, "t": {}}
    assert [one.workflow.source for one in given.inner.values()] == [
        "sub/beside.yml",
        "working.yml",
    ]


@pytest.mark.parametrize("named_by", ["inline", "file", "cache", "input-dir", "inherited"])
def test_files_are_found_wherever_a_file_of_the_workflow_would_be(
    folder: Path, named_by: str
) -> None:
    path = workflow("kept/inner.yml", job("x")).absolute()
    catalog = replicas(**{"inner.yml": str(path)})
    inline = {"replicaCatalog": catalog} if named_by == "inline" else {}
    outer = workflow("outer.yml", sub("s", "inner.yml"), **inline)
    asked: dict[str, Any] = {}
    if named_by == "file":
        write("replicas.yml", catalog)
    elif named_by == "cache":
        asked = {"caches": (str(write("cache.yml", catalog)),)}
    elif named_by == "inherited":
        asked = {"inherited_rc_files": (str(write("more.yml", catalog)),)}
    elif named_by == "input-dir":
        asked = {"input_dirs": ("kept",)}
    assert ids(read(outer, **asked)) == {"s": {}}


def test_a_dax_may_be_in_a_dax_and_in_yaml() -> None:
    Path("inner.dax").write_text('<adag name="i"><job id="x" name="step"/></adag>')
    Path("middle.dax").write_text(
        '<adag name="m"><file name="in.dax"><pfn url="inner.dax" site="local"/></file>'
        '<dax id="d" file="in.dax"><argument>--output-site local -vvv</argument></dax></adag>'
    )
    assert ids(read(workflow("outer.yml", sub("s", "middle.dax")))) == {"s": {"d": {}}}


def test_what_a_job_writes_or_only_a_container_reaches_is_planned_in_the_run() -> None:
    for name in ("made.yml", "data.yml", "sites.yml"):
        workflow(name, job("x"))
    outer = workflow(
        "outer.yml",
        job("leader", makes=["made.yml", "its-sites.yml"]),
        sub("made", "made.yml"),
        sub("away", "away.yml"),
        sub("planned-with", "data.yml", planning=["its-sites.yml"]),
        sub("by-conf", "data.yml", "--conf its-sites.yml"),
        sub("here", "data.yml"),
        replicaCatalog=replicas(**{"away.yml": "s3://bucket/away.yml"}),
    )
    Path("sites.yml").unlink()
    assert ids(read(outer)) == {
        "made": "made.yml",
        "away": "away.yml",
        "planned-with": "data.yml",
        "by-conf": "data.yml",
        "here": {},
    }


def test_a_file_of_this_machine_comes_before_one_that_only_containers_reach() -> None:
    workflow("inner.yml", job("x"))
    everything = {"lfn": ".*", "regex": True, "pfns": [{"site": "far", "pfn": "s3://b/[0]"}]}
    outer = workflow(
        "outer.yml",
        sub("s", "inner.yml"),
        sub("t", "other.yml"),
        replicaCatalog={"replicas": [everything]},
    )
    assert ids(read(outer)) == {"s": {}, "t": "other.yml"}


def test_a_relative_place_starts_at_the_folder_of_the_catalog_that_names_it() -> None:
    workflow("kept/inner.yml", job("x"))
    write("kept/replicas.yml", replicas(**{"in.yml": "inner.yml"}))
    outer = workflow("outer.yml", sub("s", "in.yml"))
    asked = {"definitions": ("pegasus.catalog.replica.file=kept/replicas.yml",)}
    assert ids(read(outer, **asked)) == {"s": {}}


def test_what_another_sub_workflow_makes_before_is_planned_in_the_run() -> None:
    workflow("maker.yml", job("x", makes=["new.yml", "old.yml"]))
    workflow("old.yml", job("stale"))
    jobs = [sub("second", "new.yml"), sub("third", "old.yml"), sub("first", "maker.yml")]
    after = [{"id": "first", "children": ["second", "third"]}]
    outer = workflow("outer.yml", *jobs, jobDependencies=after)
    assert ids(read(outer)) == {"second": "new.yml", "third": "old.yml", "first": {}}
    unordered = workflow("unordered.yml", *jobs)
    assert ids(read(unordered)) == {"second": "new.yml", "third": {}, "first": {}}


def test_what_a_workflow_further_out_makes_is_planned_in_the_run() -> None:
    workflow("innermost.yml", job("x"))
    workflow("middle.yml", sub("t", "innermost.yml"))
    outer = workflow("outer.yml", job("a", makes=["innermost.yml"]), sub("s", "middle.yml"))
    assert ids(read(outer)) == {"s": {"t": "innermost.yml"}}


def test_a_file_that_nobody_knows_is_refused_with_every_other_problem() -> None:
    Path("broken.yml").write_text("jobs: [")
    workflow("deep.yml", sub("t", "nowhere.yml"), job("x"))
    outer = workflow(
        "outer.yml",
        sub("a", "gone.yml"),
        sub("b", "broken.yml"),
        sub("c", "deep.yml"),
        sub("d", "deep.yml", "--sites"),
        sub("e", "listed.yml"),
        sub("f", "deep.yml", "--conf none.properties"),
        {"type": "condorWorkflow", "id": "g", "file": "x.dag"},
        replicaCatalog=replicas(**{"listed.yml": "lost/listed.yml"}),
    )
    problems = refused(outer)
    lines = Path("outer.yml").read_text().splitlines()

    def where(identifier: str) -> str:
        found = next(n for n, line in enumerate(lines, 1) if f'"id": "{identifier}"' in line)
        return f"outer.yml:{found - 2}"

    def told(place: str, *words: str) -> bool:
        return any(one.startswith(place) and all(w in one for w in words) for one in problems)

    assert told(where("a"), "gone.yml", "is nowhere")
    assert told("broken.yml:")
    assert told("deep.yml:", "nowhere.yml", "is nowhere")
    assert told(where("d"), "'--sites' requires an argument")
    assert told("outer.yml:", "lost/listed.yml", "not where it should be")
    assert told(where("f"), "none.properties", "is nowhere")
    assert told("outer.yml:", "condorWorkflow")
    assert len(problems) == len(set(problems)) == 7


@pytest.mark.parametrize("name", ["x" * 300, "a\x00b", "dev", "loop"])
def test_a_name_that_no_file_can_have_is_refused_like_one_that_is_not_there(name: str) -> None:
    os.mkfifo("dev")
    Path("loop").symlink_to("loop")
    (problem,) = refused(workflow("outer.yml", sub("s", name), job("a")))
    assert "is nowhere" in problem
    listed = workflow("listed.yml", sub("s", "w"), replicaCatalog=replicas(w=name))
    (problem,) = refused(listed)
    assert "is not where it should be" in problem


@pytest.mark.parametrize("name", [".", "kept", ".."])
def test_a_directory_is_refused_as_such(name: str) -> None:
    Path("kept").mkdir()
    (problem,) = refused(workflow("outer.yml", sub("s", name), job("a")))
    assert "is a directory" in problem
    (problem,) = refused(workflow("listed.yml", sub("s", "w"), replicaCatalog=replicas(w=name)))
    assert "is a directory" in problem


def test_workflows_that_contain_each_other_are_refused_with_the_chain() -> None:
    workflow("b.yml", sub("t", "c.yml"))
    workflow("c.yml", sub("u", "b.yml"))
    (problem,) = refused(workflow("a.yml", sub("s", "b.yml")))
    assert problem.startswith("c.yml:")
    assert "b.yml → c.yml → b.yml" in problem
    (problem,) = refused(workflow("e/d.yml", sub("s", "d.yml")))
    assert "without end: e/d.yml → e/d.yml" in problem


def test_the_same_file_reached_by_a_link_is_the_same_file() -> None:
    Path("link.yml").symlink_to("a.yml")
    (problem,) = refused(workflow("a.yml", sub("s", "link.yml")))
    assert "a.yml → a.yml" in problem


def test_there_is_an_end_to_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sub_workflows, "DEEPEST", 3)
    for level in range(5):
        workflow(f"{level}.yml", sub("s", f"{level + 1}.yml"))
    workflow("5.yml", job("x"))
    (problem,) = refused(Path("0.yml"))
    assert problem.startswith("3.yml:")
    assert "more than 3 levels" in problem
    assert ids(read(Path("2.yml"))) == {"s": {"s": {"s": {}}}}


def test_few_small_files_cannot_stand_for_any_number_of_tasks() -> None:
    for level in range(9):
        jobs = [sub(f"s{number}", f"{level + 1}.yml") for number in range(10)]
        workflow(f"{level}.yml", *jobs)
    workflow("9.yml", job("x"))
    (problem,) = refused(Path("0.yml"))
    assert "1,000,000,000 tasks, and their files hold 91" in problem


def test_few_small_files_cannot_be_read_any_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sizes, "MOST_WORKFLOWS", 1000)
    for level in range(40):
        jobs = [sub(text, f"{level + 1}.yml", text) for text in ("-f", "-v")]
        workflow(f"{level}.yml", *jobs)
    workflow("40.yml", job("x"))
    (problem,) = refused(Path("0.yml"))
    assert "more than 1,000 sub-workflows, from 40 files" in problem


def test_equal_jobs_are_one_value_and_a_file_is_read_once() -> None:
    write("transformations.yml", programs("step"))
    workflow("inner.yml", job("x"))
    jobs = [sub(f"s{number}", "inner.yml", "--force") for number in range(5)]
    given = read(workflow("outer.yml", *jobs, sub("other", "inner.yml")))
    *equal, other = given.inner.values()
    assert all(one is equal[0] for one in equal)
    assert other is not equal[0]
    assert other.workflow is equal[0].workflow
    assert other.transformations is equal[0].transformations
    assert (other.options.force, equal[0].options.force) == (False, True)


def test_options_are_those_of_the_job_or_of_the_workflow_around_it() -> None:
    write("sites.yml", SITES)
    workflow("inner.yml", job("x"))
    text = (
        "--sites far -o far,local -O their --staging-site far=s -C label --force -Ddagman.retry=7"
    )
    outer = workflow("outer.yml", sub("plain", "inner.yml"), sub("own", "inner.yml", text))
    asked = {
        "sites": ("here",),
        "output_sites": ("here",),
        "output_dir": "ours",
        "staging_sites": {"here": "t"},
        "cluster": ("horizontal",),
        "force": True,
        "definitions": ("dagman.retry=2", "pegasus.register=false"),
    }
    plain, own = read(outer, **asked).inner.values()
    assert plain.options.sites == ("here",)
    assert plain.options.output_sites == ("here",)
    assert plain.options.output_dir == str(Path("ours").absolute())
    assert plain.options.staging_sites == {"here": "t"}
    assert (plain.options.cluster, plain.options.force) == ((), False)
    assert (plain.options.cleanup, own.options.cleanup) == ("none", "none")
    assert plain.settings.get("dagman.retry") == "2"
    assert own.options.sites == ("far",)
    assert own.options.output_sites == ("far", "local")
    assert own.options.output_dir == str(Path("their").absolute())
    assert own.options.staging_sites == {"far": "s"}
    assert (own.options.cluster, own.options.force) == (("label",), True)
    assert own.settings.get("dagman.retry") == "7"
    assert own.tuning.register is False


def test_properties_are_those_around_or_those_of_its_own_file_without_them() -> None:
    workflow("inner.yml", job("x"))
    Path("pegasus.properties").write_text("dagman.retry = 2\npegasus.register = false\n")
    Path("theirs").write_text("dagman.retry = 5\n")
    outer = workflow(
        "outer.yml", sub("plain", "inner.yml"), sub("own", "inner.yml", "--conf theirs")
    )
    plain, own = read(outer, definitions=("dagman.post=x",)).inner.values()
    assert (plain.settings.get("dagman.retry"), plain.tuning.register) == ("2", False)
    assert (own.settings.get("dagman.retry"), own.tuning.register) == ("5", True)
    assert plain.settings.get("dagman.post") == "x"
    assert own.settings.get("dagman.post") == ""


def test_file_catalogs_are_inherited_and_catalogs_inside_the_workflow_are_not() -> None:
    write("sites.yml", SITES)
    write("transformations.yml", programs("step"))
    write("replicas.yml", replicas(shared="shared.txt"))
    workflow("inner.yml", job("x"))
    outer = workflow(
        "outer.yml",
        sub("s", "inner.yml"),
        siteCatalog={"sites": [{"name": "inside"}]},
        transformationCatalog=programs("inside"),
        replicaCatalog=replicas(inline="inline.txt"),
    )
    given = read(outer)
    (inner,) = given.inner.values()
    assert set(given.sites.sites) == {"local", "here", "inside"}
    assert set(inner.sites.sites) == {"local", "here"}
    assert set(inner.transformations.transformations) == {TransformationName("", "step", "")}
    assert [replica.pfn for replica in inner.replicas.find("shared")] == ["shared.txt"]
    assert [replica.pfn for replica in inner.replicas.find("inline")] == ["inline.txt"]


def test_the_replicas_inside_a_workflow_are_inherited_one_level_deep() -> None:
    workflow("c.yml", job("x"))
    workflow("b.yml", sub("t", "c.yml"), replicaCatalog=replicas(middle="m"))
    given = read(workflow("a.yml", sub("s", "b.yml"), replicaCatalog=replicas(outer="o")))
    (middle,) = given.inner.values()
    (inner,) = middle.inner.values()
    assert len(middle.replicas.find("outer")) == len(inner.replicas.find("middle")) == 1
    assert inner.replicas.find("outer") == ()


def test_own_replicas_come_before_inherited_ones_and_those_before_the_catalog_file() -> None:
    write("replicas.yml", replicas(f="of-file", g="of-file", h="of-file"))
    workflow("inner.yml", job("x"), replicaCatalog=replicas(f="own"))
    inline = replicas(f="inherited", g="inherited")
    given = read(workflow("outer.yml", sub("s", "inner.yml"), replicaCatalog=inline))
    (inner,) = given.inner.values()
    found = {lfn: inner.replicas.find(lfn)[0].pfn for lfn in "fgh"}
    assert found == {"f": "own", "g": "inherited", "h": "of-file"}


def test_who_lacks_catalogs_that_are_inside_the_workflow_around_is_warned() -> None:
    workflow("inner.yml", job("x"))
    outer = workflow(
        "outer.yml", sub("s", "inner.yml"), siteCatalog=SITES, transformationCatalog=programs("p")
    )
    told: list[Problem] = []
    read(outer, told)
    (warning,) = told
    assert "inner.yml has no sites and transformations" in warning.message
    assert (warning.where or "").startswith("outer.yml:")


@pytest.mark.parametrize("with_conf", [False, True])
def test_catalogs_for_planning_lie_under_their_names(with_conf: bool) -> None:
    """As where Pegasus brings them into the folder that the inner workflow is planned in."""
    write("sites.yml", SITES)
    write("kept/s", {"sites": [{"name": "theirs"}]})
    write("kept/t", programs("their"))
    write("kept/r", replicas(f="kept.txt"))
    names = {"sites.yml": "kept/s", "transformations.yml": "kept/t", "replicas.yml": "kept/r"}
    text = ""
    if with_conf:
        Path("kept/p").write_text(
            "pegasus.catalog.site.file = its/sites\npegasus.catalog.replica.file = ./r\n"
            "pegasus.catalog.transformation.file = t\n"
        )
        names = {"its/sites": "kept/s", "t": "kept/t", "r": "kept/r", "p": "kept/p"}
        text = "--conf p"
    workflow("inner.yml", job("x"))
    outer = workflow(
        "outer.yml",
        sub("s", "inner.yml", text, planning=list(names)),
        replicaCatalog=replicas(**names),
    )
    given = read(outer)
    (inner,) = given.inner.values()
    assert set(given.sites.sites) == {"local", "here"}
    assert set(inner.sites.sites) == {"theirs"}
    assert set(inner.transformations.transformations) == {TransformationName("", "their", "")}
    assert [replica.pfn for replica in inner.replicas.find("f")] == ["kept.txt"]


def test_caches_and_replica_files_are_found_by_path_and_by_name() -> None:
    write("kept/c", replicas(f="cached"))
    write("more.yml", replicas(g="more"))
    workflow("inner.yml", job("x"))
    text = "--cache cache.yml --inherited-rc-files more.yml"
    outer = workflow(
        "outer.yml", sub("s", "inner.yml", text), replicaCatalog=replicas(**{"cache.yml": "kept/c"})
    )
    (inner,) = read(outer).inner.values()
    assert inner.replicas.find("f")[0].pfn == "cached"
    assert inner.replicas.find("g")[0].pfn == "more"


def test_options_without_a_meaning_are_told_of_once() -> None:
    workflow("inner.yml", job("x"))
    jobs = [sub(f"s{number}", "inner.yml", f"-vvv --dir d{number}") for number in range(3)]
    told: list[Problem] = []
    read(workflow("outer.yml", *jobs), told)
    (warning,) = told
    assert warning.message.startswith("--verbose, --dir have no meaning")
    assert (warning.where or "").startswith("outer.yml:")


def test_warnings_of_files_that_both_are_planned_with_are_told_once() -> None:
    Path("pegasus.properties").write_text("pegasus.no.such = 1\n")
    workflow("inner.yml", job("x"), odd=1)
    told: list[Problem] = []
    read(workflow("outer.yml", sub("s", "inner.yml"), sub("t", "inner.yml")), told)
    assert len(told) == len(set(told)) == 2


def test_a_property_that_is_none_is_refused_at_the_job() -> None:
    workflow("inner.yml", job("x"))
    (problem,) = refused(workflow("outer.yml", sub("s", "inner.yml", "-D nonsense")))
    assert problem.startswith("outer.yml:")
    assert "expected key=value" in problem


def test_a_workflow_that_comes_alone_needs_none_of_the_files() -> None:
    workflow("inner.yml", job("x"))
    outer = workflow(
        "outer.yml",
        sub("s", "inner.yml"),
        sub("t", "gone.yml"),
        sub("u", "inline.yml"),
        sub("v", "lost.yml"),
        sub("w", "inner.yml", "--conf none", planning=["gone"]),
        replicaCatalog=replicas(**{"inline.yml": "inner.yml", "lost.yml": "lost"}),
    )
    given = read(outer, catalogs=False)
    assert ids(given) == {"s": {}, "t": "gone.yml", "u": {}, "v": "lost.yml", "w": {}}


def test_files_to_be_kept_are_named_once_and_properties_are_not_among_them() -> None:
    """A properties file may hold a password, and what is kept may go to the bucket."""
    write("sites.yml", SITES)
    write("kept/r", replicas(f="x"))
    Path("conf").write_text("pegasus.catalog.replica.file = kept/r\n")
    workflow("inner.yml", job("x"))
    jobs = [sub(f"s{number}", "inner.yml", "--conf conf") for number in range(2)]
    tree = read_tree(workflow("outer.yml", *jobs))
    assert [str(path) for path in tree.files] == ["inner.yml", "kept/r"]

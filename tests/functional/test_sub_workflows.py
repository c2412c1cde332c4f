"""Sub-workflows that are planned in, as a user types it: plan, estimate, graph, inspect."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.functional.commands import called, embedded_aws, pegbatch, planned

SITES = """sites:
- name: local
- name: cloud
  directories:
  - {type: sharedScratch, path: /b/s, fileServers: [{url: "s3://u@amazon/b/s", operation: all}]}
"""
PROGRAMS = (
    "transformations: [{name: step, sites: [{name: cloud, pfn: /bin/true, type: installed}]}]\n"
)
INNER = """name: inner
jobs:
- {id: x, name: step, uses: [{lfn: raw, type: input}, {lfn: mid, type: output}]}
- {id: y, name: step, uses: [{lfn: mid, type: input}, {lfn: made, type: output}]}
"""
OUTER = """name: outer
jobs:
- {id: a, name: step, uses: [{lfn: raw, type: output}]}
- type: pegasusWorkflow
  id: s
  file: inner.yml
  arguments: -vvv
  uses: [{lfn: raw, type: input}, {lfn: made, type: output}]
- {id: b, name: step, uses: [{lfn: made, type: input}]}
jobDependencies: [{id: a, children: [s]}, {id: s, children: [b]}]
"""
LAST = ", {lfn: last, type: output}]"
SAMPLE = "github/pegasus-isi+pegasus/packages/pegasus-common/test/client/analyzer_samples_dir"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a workflow, one in it, and their catalogs."""
    place = tmp_path / "a folder"
    place.mkdir()
    for name, text in {
        "sites.yml": SITES,
        "transformations.yml": PROGRAMS,
        "inner.yml": INNER,
        "outer.yml": OUTER,
    }.items():
        (place / name).write_text(text)
    monkeypatch.chdir(place)
    return place


def ids_of(submit_dir: str) -> list[str]:
    bags = sorted(Path(submit_dir, "arrays").glob("*.bags.jsonl.gz"))
    lines = [line for path in bags for line in gzip.decompress(path.read_bytes()).splitlines()]
    return [json.loads(line)["id"] for line in lines]


def test_plan_names_the_sub_workflow_and_its_tasks(folder: Path) -> None:
    told = planned(Path("outer.yml"), Path("runs"))
    assert told["sub_workflows"] == [
        {"id": "s", "workflow": "inner", "file": "inner.yml", "tasks": 2, "planned_in": True}
    ]
    assert (told["tasks"], told["levels"]) == (4, 4)
    assert ids_of(told["submit_dir"]) == ["a", "s.x", "s.y", "b"]
    copies = {path.name for path in Path(told["submit_dir"], "catalogs").iterdir()}
    assert copies == {"inner.yml", "sites.yml", "transformations.yml"}
    (warning,) = told["warnings"]
    assert "outer.yml:4: --verbose has no meaning" in warning


def test_the_text_of_plan_names_it_too() -> None:
    code, out, _ = called("plan", "outer.yml")
    assert code == 0
    assert "  sub-workflows planned in: s\n" in out


def test_a_workflow_that_comes_alone_is_planned_with_what_is_beside_it() -> None:
    Path("sites.yml").unlink()
    Path("transformations.yml").unlink()
    told = planned(Path("outer.yml"), Path("runs"), "--no-catalogs")
    assert (told["tasks"], told["runnable"]) == (4, False)
    Path("inner.yml").unlink()
    told = planned(Path("outer.yml"), Path("runs"), "--no-catalogs")
    assert told["tasks"] == 3
    assert told["sub_workflows"] == [{"id": "s", "file": "inner.yml", "planned_in": False}]


def test_explain_estimate_and_graph_see_the_tasks_inside() -> None:
    code, out, _ = called("plan", "--explain", "s.y", "outer.yml")
    assert code == 0
    assert "(inner.yml:4)" in out
    code, _, said = called("plan", "--explain", "s", "outer.yml")
    assert code == 3
    assert "name one of them: s.<its id>" in said
    code, out, _ = called("estimate", "outer.yml")
    assert code == 0
    assert "outer: 4 tasks" in out
    code, _, said = called("graph", "-o", "drawn.dot", "outer.yml")
    assert code == 0, said
    assert "s.x" in Path("drawn.dot").read_text()


def test_what_is_wrong_with_any_file_is_told_with_code_file_and_line() -> None:
    Path("inner.yml").write_text(INNER.replace("name: step", "nom: step", 1))
    Path("outer.yml").write_text(OUTER.replace("-vvv", "--no-such"))
    code, out, _ = called("plan", "--json", "outer.yml")
    assert code == 3
    (problem,) = json.loads(out)["error"]["problems"]
    assert problem["where"] == "outer.yml:4"
    Path("outer.yml").write_text(OUTER)
    code, _, said = called("plan", "outer.yml")
    assert code == 3
    assert "inner.yml:3: a job without name" in said
    assert not Path("runs").exists()


def test_a_transformation_that_the_inner_workflow_lacks_is_named_at_its_line() -> None:
    Path("inner.yml").write_text(INNER.replace("name: step", "name: other", 1))
    code, _, said = called("plan", "outer.yml")
    assert code == 4
    assert "inner.yml:3" in said and "other" in said


def test_an_input_that_only_the_options_of_the_outer_plan_find_has_to_be_in_the_uses() -> None:
    """As in Pegasus: --input-dir is not inherited, and what the uses name comes from outside."""
    Path("data").mkdir()
    Path("data/more").write_text("x")
    Path("inner.yml").write_text(INNER.replace("lfn: mid, type: input}", "lfn: more, type: input}"))
    code, _, said = called("plan", "--input-dir", "data", "outer.yml")
    assert code == 4
    assert "inner.yml:4: input more of job s.y" in said
    assert "name it in the uses of the job s" in said
    named = OUTER.replace(
        "{lfn: raw, type: input}", "{lfn: raw, type: input}, {lfn: more, type: input}"
    )
    Path("outer.yml").write_text(named)
    assert planned(Path("outer.yml"), Path("runs"), "--input-dir", "data")["uploads"] == 1
    Path("outer.yml").write_text(OUTER.replace("-vvv", "--input-dir data"))
    assert planned(Path("outer.yml"), Path("runs"))["uploads"] == 1


@pytest.mark.parametrize("place", ["kept/inner.yml", "../kept.yml", "{folder}/kept/inner.yml"])
def test_the_name_of_a_file_that_is_only_planned_from_may_be_any_path(
    folder: Path, place: str
) -> None:
    """It is read here and now, and is no file of the run."""
    place = place.replace("{folder}", str(folder))
    Path(place).parent.mkdir(exist_ok=True)
    Path("inner.yml").rename(place)
    Path("outer.yml").write_text(OUTER.replace("inner.yml", f'"{place}"'))
    assert planned(Path("outer.yml"), Path("runs"))["tasks"] == 4


def test_the_name_of_a_file_that_the_run_has_to_fetch_must_be_a_legal_one() -> None:
    catalog = 'replicas: [{lfn: ../w.yml, pfns: [{site: local, pfn: "s3://b/w.yml"}]}]\n'
    Path("replicas.yml").write_text(catalog)
    Path("outer.yml").write_text(OUTER.replace("inner.yml", "../w.yml"))
    code, _, said = called("plan", "outer.yml")
    assert code == 4
    assert "outer.yml:4: file name '../w.yml'" in said


def test_a_failure_inside_skips_what_comes_after_and_is_mended_by_a_second_run(
    folder: Path,
) -> None:
    gate = folder / "gate"
    program = folder / "step.sh"
    program.write_text(
        '#!/bin/sh\n[ "$1" != y ] || [ -e "$GATE" ] || exit 9\n'
        'name=$1; shift; for file; do echo "$name" > "$file"; done\n'
    )
    program.chmod(0o755)
    site = {"name": "local", "pfn": str(program), "type": "stageable"}
    steps = [{"name": "step", "sites": [site], "profiles": {"env": {"GATE": str(gate)}}}]
    Path("transformations.yml").write_text(json.dumps({"transformations": steps}))
    arguments = {"a": "a raw", "b": "b last", "x": "x mid", "y": "y made"}
    for name in ("outer.yml", "inner.yml"):
        text = Path(name).read_text()
        for job, words in arguments.items():
            text = text.replace(f"id: {job}, ", f"id: {job}, arguments: {words}, ")
        Path(name).write_text(
            text.replace("lfn: made, type: input}]", f"lfn: made, type: input}}{LAST}")
        )

    with embedded_aws(folder / "runs") as base:
        words = ("--output-dir", str(folder / "out"), "-Ddagman.retry=0")
        submit_dir = planned(Path("outer.yml"), base, *words)["submit_dir"]
        failed = pegbatch("run", submit_dir, cwd=folder)
        assert failed.returncode == 1
        tasks = json.loads(called("status", "--json", submit_dir)[1])["tasks"]
        assert (tasks["succeeded"], tasks["failed"], tasks["skipped"]) == (2, 1, 1)
        for words in (("logs", submit_dir, "s"), ("analyze", submit_dir, "s")):
            code, _, said = called(*words)
            assert code == 3 and "name one of them: s.<its id>" in said
        told = called("analyze", submit_dir)[1]
        assert "s.y" in told and "exit code 9" in told
        gate.touch()
        mended = pegbatch("run", submit_dir, cwd=folder)
        assert mended.returncode == 0, mended.stderr
    outputs = {path.name: path.read_text() for path in (folder / "out").iterdir()}
    assert outputs == {"raw": "a\n", "mid": "x\n", "made": "y\n", "last": "b\n"}


SHARER = """name: sharer
jobs:
- {id: x, name: step, uses: [{lfn: f.a, type: input}, {lfn: common, type: input}]}
"""
SHARERS = """name: sharers
jobs:
- {type: pegasusWorkflow, id: s, file: sharer.yml, arguments: [--input-dir, one]}
- {type: pegasusWorkflow, id: t, file: sharer.yml, arguments: [--input-dir, two]}
"""


def test_a_trace_keeps_inputs_of_one_name_of_two_sub_workflows_apart(folder: Path) -> None:
    for name, text in (("sharer.yml", SHARER), ("sharers.yml", SHARERS)):
        (folder / name).write_text(text)
    for place, text in (("one", "1"), ("two", "22")):
        (folder / place).mkdir()
        (folder / place / "f.a").write_text(text)
        (folder / place / "common").write_text("common")
    with embedded_aws(folder / "runs") as base:
        submit_dir = planned(Path("sharers.yml"), base)["submit_dir"]
        assert called("run", submit_dir)[0] == 0
        code, _, talk = called("statistics", "--export-wfformat", "w.json", submit_dir)
        assert code == 0, talk
    told = json.loads((folder / "w.json").read_text())["workflow"]["specification"]
    sizes = {one["id"]: one["sizeInBytes"] for one in told["files"]}
    first, second = (one["inputFiles"] for one in told["tasks"])
    assert [sizes[one] for one in first] == [1, 6] and [sizes[one] for one in second] == [2, 6]
    assert set(first) & set(second) == {"common"}


def test_inspect_counts_the_job_and_says_nothing_is_wrong() -> None:
    code, out, _ = called("inspect", "--json", "outer.yml")
    found = json.loads(out)
    assert (code, found["jobs"], found["edges"], found["files"]) == (0, 3, 2, 2)
    assert found["warnings"] == []


def test_the_sample_of_pegasus_is_planned_as_it_was_there(shared_data: Path, folder: Path) -> None:
    """Only the paths of its machine are others here."""
    sample = shared_data / SAMPLE / "hierarchical_wf_success"
    (inner,) = (sample / "00" / "00").iterdir()
    conf = folder / "theirs.properties"
    conf.write_text(
        "pegasus.catalog.site.file = sites.yml\n"
        "pegasus.catalog.transformation.file = inner_diamond_workflow_tc.yml\n"
    )
    places = {
        "inner_diamond_workflow.pegasus.properties": conf,
        "inner_diamond_workflow_tc.yml": inner / "catalogs" / "inner_diamond_workflow_tc.yml",
        "inner_diamond_workflow.yml": inner / "inner_diamond_workflow.yml",
        "sites.yml": inner / "catalogs" / "sites.yml",
    }
    entries = [
        {"lfn": lfn, "pfns": [{"site": "local", "pfn": str(path)}]} for lfn, path in places.items()
    ]
    Path("replicas.yml").write_text(json.dumps({"replicas": entries}))
    told = planned(
        sample / "workflow.yml",
        Path("runs"),
        f"-Dpegasus.catalog.site.file={inner / 'catalogs' / 'sites.yml'}",
        f"-Dpegasus.catalog.transformation.file={sample / 'catalogs' / 'transformations.yml'}",
    )
    assert [one["id"] for one in told["sub_workflows"]] == ["diamond_subworkflow"]
    assert (told["tasks"], told["levels"]) == (6, 5)
    names = {name for array in told["arrays"] for name in array["transformations"]}
    assert names == {"curl", "preprocess", "findrange", "analyze", "wc"}

"""Sub-workflows as one may hand them in: in DAX, one file for many jobs, empty, no file at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import called, embedded_aws, pegbatch, planned

HEAD = 'pegasus: "5.0"\n'
SITES = f"{HEAD}sites: [{{name: local}}, {{name: here}}]\n"
PROGRAMS = f"""{HEAD}transformations:
- {{name: sh, sites: [{{name: here, pfn: /bin/sh, type: installed}}]}}
"""
COPIES = f"""{HEAD}name: copies
jobs:
- type: job
  id: x
  name: sh
  arguments: [-c, "'cat in.txt in.txt > out.txt'"]
  uses: [{{lfn: in.txt, type: input}}, {{lfn: out.txt, type: output}}]
"""


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a folder with catalogs; lend the folder for runs in it."""
    for name, text in (
        ("sites.yml", SITES),
        ("transformations.yml", PROGRAMS),
        ("copies.yml", COPIES),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    with embedded_aws(tmp_path / "runs") as folder:
        yield folder


def write(name: str, jobs: list[dict[str, Any]], **more: object) -> Path:
    path = Path(f"{name}.yml")
    path.write_text(json.dumps({"pegasus": "5.0", "name": name, **more, "jobs": jobs}))
    return path


def lead(script: str, *makes: str, reads: tuple[str, ...] = ()) -> dict[str, Any]:
    uses = [{"lfn": lfn, "type": "input"} for lfn in reads]
    uses += [{"lfn": lfn, "type": "output", "stageOut": False} for lfn in makes]
    arguments = ["-c", f"'{script}'"]
    return {"type": "job", "id": "lead", "name": "sh", "arguments": arguments, "uses": uses}


def sub(identifier: str, file: str, *arguments: str, reads: tuple[str, ...]) -> dict[str, Any]:
    uses = [{"lfn": lfn, "type": "input"} for lfn in reads]
    kind = "pegasusWorkflow"
    return {"type": kind, "id": identifier, "file": file, "arguments": arguments, "uses": uses}


def template(path: str) -> dict[str, object]:
    places = [{"site": "local", "pfn": str(Path(path).absolute())}]
    return {"replicas": [{"lfn": "template", "pfns": places}]}


def ran(path: Path, base: Path, code: int = 0) -> tuple[str, str]:
    """Plan and run a workflow; return its submit directory and what is said."""
    submit_dir = planned(path, base)["submit_dir"]
    result = pegbatch("run", submit_dir, cwd=Path.cwd())
    assert result.returncode == code, result.stdout + result.stderr
    return submit_dir, result.stdout + result.stderr


@pytest.mark.parametrize("file", ["copies.yml", "w.yml"], ids=["planned in", "in the run"])
def test_one_file_serves_five_jobs_and_each_delivers_where_its_arguments_say(
    base: Path, file: str
) -> None:
    makes = ("in.txt",) if file == "copies.yml" else ("in.txt", "w.yml")
    script = "echo hi > in.txt" + ("; cp template w.yml" if "w.yml" in makes else "")
    reads = ("template",) if "w.yml" in makes else ()
    jobs = [
        sub(f"s{number}", file, "--output-dir", f"out{number}", reads=makes) for number in range(5)
    ]
    path = write(
        "five", [lead(script, *makes, reads=reads), *jobs], replicaCatalog=template("copies.yml")
    )
    submit_dir, said = ran(path, base)
    assert "to one place" not in said
    for number in range(5):
        assert Path(f"out{number}/out.txt").read_text() == "hi\nhi\n"
    code, printed, _ = called("statistics", "--json", "-s", "summary", submit_dir)
    counted = json.loads(printed)["summary"]["sub_workflows"]
    assert (code, counted["succeeded"], counted["total"], counted["retries"]) == (0, 5, 5, 0)


def test_a_planner_says_what_it_submits_and_how_that_has_ended(base: Path) -> None:
    jobs = [
        lead("cp template w.yml; echo > in.txt", "w.yml", "in.txt", reads=("template",)),
        sub("s", "w.yml", reads=("w.yml", "in.txt")),
    ]
    submit_dir, _ = ran(write("p", jobs, replicaCatalog=template("copies.yml")), base)
    code, printed, _ = called("logs", submit_dir, "s")
    assert code == 0 and printed.count(" jobs are submitted\n") == 1
    assert "pegbatch: the sub-workflow copies has succeeded: s3://pegbatch/p-" in printed


def test_two_nested_runs_that_deliver_to_one_place_are_told_of(base: Path) -> None:
    makes = ("in.txt", "w.yml")
    jobs = [sub(name, "w.yml", reads=makes) for name in ("s", "t")]
    first = lead("echo hi > in.txt; cp template w.yml", *makes, reads=("template",))
    path = write("clash", [first, *jobs], replicaCatalog=template("copies.yml"))
    _, said = ran(path, base)
    place = base / "wf-output" / "out.txt"
    assert f"deliver different files to one place, and one of them counts: file://{place}" in said
    assert "give an --output-dir of its own" in said
    assert place.read_text() == "hi\nhi\n"


def test_dax_in_dax_is_planned_in_or_planned_in_the_run(base: Path) -> None:
    start = '<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name='
    copies = """<job id="x" name="sh"><argument>-c 'cat in.txt in.txt > out.txt'</argument>
      <uses name="in.txt" link="input"/><uses name="out.txt" link="output" transfer="true"/>
    </job></adag>"""
    Path("copies.dax").write_text(f'{start}"copies">{copies}')
    Path("outer.dax").write_text(
        f"""{start}"outer">
        <file name="inner.dax"><pfn url="file://{Path.cwd()}/copies.dax" site="local"/></file>
        <file name="template"><pfn url="file://{Path.cwd()}/copies.dax" site="local"/></file>
        <job id="lead" name="sh">
          <argument>-c 'echo hi > in.txt; cp template w.dax'</argument>
          <uses name="template" link="input"/>
          <uses name="in.txt" link="output" transfer="false"/>
          <uses name="w.dax" link="output" transfer="false"/>
        </job>
        <dax id="s" file="inner.dax"><argument>--output-dir one -vvv</argument>
          <uses name="in.txt" link="input"/></dax>
        <dax id="t" file="w.dax"><argument>--output-dir two --basename t</argument>
          <uses name="w.dax" link="input"/><uses name="in.txt" link="input"/></dax>
        <child ref="s"><parent ref="lead"/></child>
        <child ref="t"><parent ref="lead"/></child>
        </adag>"""
    )
    submit_dir, _ = ran(Path("outer.dax"), base)
    status = json.loads(called("status", "--json", submit_dir)[1])
    assert [one["id"] for one in status["sub_workflows"]] == ["t"]
    assert [Path(name, "out.txt").read_text() for name in ("one", "two")] == ["hi\nhi\n"] * 2


def test_an_empty_workflow_is_refused_where_it_is_planned(base: Path) -> None:
    write("empty", [])
    code, _, said = called(
        "plan", "--dir", str(base), write("o", [sub("s", "empty.yml", reads=())])
    )
    assert code == 3 and "empty.yml: there are no jobs in this workflow" in said

    jobs = [
        lead("cp template w.yml", "w.yml", reads=("template",)),
        sub("s", "w.yml", reads=("w.yml",)),
    ]
    submit_dir, _ = ran(write("p", jobs, replicaCatalog=template("empty.yml")), base, code=1)
    (failure,) = json.loads(called("analyze", "--json", submit_dir)[1])["failures"]
    assert failure["sentence"].endswith("w.yml: there are no jobs in this workflow")
    assert "mend what writes the file, or the outer workflow" in failure["next"]


def test_a_directory_is_no_workflow(base: Path) -> None:
    Path("folder").mkdir()
    code, _, said = called("plan", "--dir", str(base), write("o", [sub("s", "folder", reads=())]))
    assert code == 3
    assert "o.yml:1: the sub-workflow 's': its workflow, folder, is a directory" in said
    catalog = template("folder")
    code, _, said = called(
        "plan",
        "--dir",
        str(base),
        write("p", [sub("s", "template", reads=())], replicaCatalog=catalog),
    )
    assert code == 3
    assert f"template, which a sub-workflow is planned from, is a directory: {Path.cwd()}" in said

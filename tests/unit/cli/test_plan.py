"""`pegbatch plan` as a user types it: files in, submit directory and exit code out."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from pegbatch.cli.main import main

DAX = """<?xml version="1.0" encoding="UTF-8"?>
<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="two steps">
  <job id="ID1" name="first"><uses name="in.txt" link="input"/>
    <uses name="mid.txt" link="output" transfer="false"/></job>
  <job id="ID2" name="second"><uses name="mid.txt" link="input"/>
    <uses name="out.txt" link="output"/></job>
  <child ref="ID2"><parent ref="ID1"/></child>
</adag>
"""
TC = """tr first { site compute { pfn "/bin/cp" type "INSTALLED" } }
tr second { site compute { pfn "/bin/cp" type "INSTALLED" } }
"""
SITES = """pegasus: "5.0"
sites:
  - name: compute
    directories:
      - type: sharedScratch
        path: /b/scratch
        fileServers: [{url: "s3://me@amazon/b/scratch", operation: all}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a small workflow and its catalogs, made the current one."""
    place = tmp_path / "my work"
    place.mkdir()
    (place / "wf.dax").write_text(DAX)
    (place / "tc.txt").write_text(TC)
    (place / "sites.yml").write_text(SITES)
    (place / "rc.txt").write_text('in.txt data/in.txt site="local"\n')
    (place / "data").mkdir()
    (place / "data" / "in.txt").write_text("hello\n")
    monkeypatch.chdir(place)
    return place


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    code = caught.value.code
    assert isinstance(code, int)
    return code


def submit_dirs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("run0*"))


def test_a_plan_is_a_submit_directory(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "wf.dax", "--dir", "out", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    place = Path(said["submit_dir"])
    assert place.parent.name == "two_steps"
    assert place.name == "run0001"
    assert said["tasks"] == 2
    assert said["levels"] == 2
    assert said["requests"] == 3
    assert [job["name"] for job in said["arrays"]] == ["L0-first", "L1-second", "verdict"]
    assert said["arrays"][1]["depends_on"] == [{"array": "L0-first", "type": "ALL"}]
    assert sorted(path.name for path in place.iterdir()) == [
        "arrays", "braindump.yml", "catalogs", "outputs.jsonl.gz", "pegasus.properties",
        "plan.json", "uploads.jsonl.gz", "verdict.json",
    ]  # fmt: skip
    upload = json.loads(gzip.decompress((place / "uploads.jsonl.gz").read_bytes()))
    assert upload["source"] == str(folder / "data" / "in.txt")
    assert upload["url"].startswith("s3://b/scratch/inputs/")
    output = json.loads(gzip.decompress((place / "outputs.jsonl.gz").read_bytes()))
    assert output["destination"] == f"file://{folder}/out/wf-output/out.txt"


def test_the_text_shows_arrays_and_the_next_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "wf.dax") == 0
    text = capsys.readouterr().out
    assert "2 tasks and 3 files in 2 levels become 3 SubmitJob calls" in text
    assert f"pegbatch run '{folder}" in text


def test_the_same_inputs_give_the_same_bytes(folder: Path) -> None:
    assert run("plan", "wf.dax") == 0
    assert run("plan", "wf.dax") == 0
    first, second = submit_dirs(folder)
    names = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(names) > 8
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_nothing_of_the_plan_names_a_date_or_the_machine(folder: Path) -> None:
    assert run("plan", "wf.dax") == 0
    (place,) = submit_dirs(folder)
    for path in place.rglob("*.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert str(folder) not in (place / "plan.json").read_text()


def test_without_catalogs_a_workflow_alone_can_be_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sites.yml").write_text("not: [a catalog")
    assert run("plan", "wf.dax", "--no-catalogs", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["runnable"] is False


def fail(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[int, str]:
    code = run("plan", *words)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert submit_dirs(folder) == []
    assert not list(folder.rglob(".planning*"))
    return code, said.err


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('<child ref="ID2">', '<child ref="ID9">', 3, "wf.dax:7"),
        ('<parent ref="ID1"/>', '<parent ref="ID9"/>', 3, "ID9"),
        ('<child ref="ID2"><parent ref="ID1"/>', '<child ref="ID1"><parent ref="ID2"/>', 3,
         "cycle"),
        ("</adag>", "</adog>", 3, "wf.dax:8"),
        ('name="out.txt"', 'name="../out.txt"', 4, "leave the task's directory"),
        ('name="first"', 'name="third"', 4, "no entry for transformation third"),
    ],
)  # fmt: skip
def test_bad_workflows_leave_nothing_behind(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, code: int, said: str
) -> None:
    (folder / "wf.dax").write_text(DAX.replace(old, new))
    found, text = fail(capsys, folder, "wf.dax")
    assert found == code
    assert said in text


def test_a_missing_input_is_told_with_the_line_of_the_catalog(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "data" / "in.txt").unlink()
    code, text = fail(capsys, folder, "wf.dax")
    assert code == 4
    assert "rc.txt:1: input in.txt of job ID1" in text
    assert "no such file" in text


def test_a_missing_workflow_or_catalog_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(capsys, folder, "nothing.dax")[0] == 3
    code, text = fail(capsys, folder, "wf.dax", "-Dpegasus.catalog.site.file=none.yml")
    assert code == 3
    assert "pegasus.catalog.site.file names none.yml" in text
    assert fail(capsys, folder, "rc.txt")[0] == 3


def test_a_directory_that_cannot_be_written_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("")
    code, text = fail(capsys, folder, "wf.dax", "--dir", "file/below")
    assert code == 5
    assert "cannot write the submit directory" in text


def test_a_wrong_option_is_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(capsys, folder, "wf.dax", "--no-such-option")[0] == 2


def test_what_a_killed_planner_left_is_swept(folder: Path) -> None:
    left = folder / os.environ.get("USER", "root") / "pegasus"
    assert run("plan", "wf.dax") == 0
    (place,) = submit_dirs(folder)
    left = place.parent / ".planning-999999999"
    (left / "arrays").mkdir(parents=True)
    assert run("plan", "wf.dax") == 0
    assert not left.exists()
    assert [path.name for path in submit_dirs(folder)] == ["run0001", "run0002"]


def test_a_property_file_finds_catalogs_beside_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = folder / "pegasus.properties"
    conf.write_text("pegasus.catalog.site.file = sites.yml\n")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run("plan", "../wf.dax", "--conf", str(conf)) == 0
    assert len(submit_dirs(elsewhere)) == 1

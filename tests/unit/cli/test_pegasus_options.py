"""The options that users of pegasus-plan are used to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from pegbatch.cli.main import main
from pegbatch.model.plan import plan_from_json

DAX = '<adag name="w" version="3.6"><job id="a" name="prog"/></adag>'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, with a workflow and a folder of programs."""
    folder = tmp_path / "here"
    (folder / "programs" / "deep").mkdir(parents=True)
    (folder / "programs" / "prog").write_text("#!/bin/sh\n")
    (folder / "programs" / "deep" / "other").write_text("#!/bin/sh\n")
    (folder / "programs" / ".hidden").write_text("")
    (folder / "w.dax").write_text(DAX)
    monkeypatch.chdir(folder)
    return folder


def plan(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["plan", *words])
    assert isinstance(end.value.code, int)
    return end.value.code


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Path, str]:
    """Plan the workflow; return the submit directory and what was said on stderr."""
    assert plan("w.dax", "-t", "programs", "-J", *words) == 0
    told = capsys.readouterr()
    return Path(json.loads(told.out)["submit_dir"]), told.err


def header(submit_dir: Path):
    return plan_from_json(json.loads((submit_dir / "plan.json").read_text()), source="plan.json")


def test_the_files_of_a_directory_are_the_transformations(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit_dir, said = planned(capsys)
    assert said == ""
    assert header(submit_dir).uploads == 1
    assert submit_dir.parts[-4:] == (submit_dir.parts[-4], "pegasus", "w", "run0001")


def test_a_directory_of_transformations_that_is_not_there_is_bad_input(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan("w.dax", "-t", "nowhere") == 3
    assert "nowhere: cannot be read: no such file or directory" in capsys.readouterr().err


def test_names_begin_with_what_is_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert header(planned(capsys)[0]).label == ""
    assert header(planned(capsys, "-b", "night")[0]).label == "night"
    assert header(planned(capsys, "-j", "x-")[0]).label == "x-w"
    assert header(planned(capsys, "-b", "night", "-j", "x-")[0]).label == "x-night"


def test_the_group_is_a_folder_of_the_submit_directory(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit_dir, _ = planned(capsys, "--group", "ligo")
    assert submit_dir.parts[-3:] == ("ligo", "w", "run0001")
    assert yaml.safe_load((submit_dir / "braindump.yml").read_text())["vogroup"] == "ligo"


@pytest.mark.parametrize(
    ("words", "submit", "run"),
    [
        (("--relative-submit-dir", "a/b"), "a/b", ""),
        (("--relative-dir", "c/d"), "c/d", "c/d"),
        (("--relative-dir", "c/d", "--relative-submit-dir", "a"), "a", "c/d"),
        (("--relative-dir", "c", "-r"), "c", "c"),
        (("--relative-dir", "c", "--randomdir=e"), "c", "c/e"),
    ],
)
def test_submit_directory_and_run_lie_where_they_are_wanted(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], submit: str, run: str
) -> None:
    submit_dir, _ = planned(capsys, *words)
    assert submit_dir == here / submit
    assert header(submit_dir).run_folder == run
    assert plan("w.dax", "-t", "programs", *words) == 5
    assert "there is something already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--relative-dir", "/abs"),
        ("--relative-dir", "a/../b"),
        ("--relative-dir", "a b"),
        ("--relative-submit-dir", "../up"),
        ("--relative-submit-dir", "/abs"),
        ("--group", ""),
        ("--group", "a/../.."),
        ("--dax", "w.dax"),
    ],
)
def test_what_cannot_be_a_place_is_wrong_usage(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert plan("w.dax", "-t", "programs", *words) == 2
    assert "\n  " in capsys.readouterr().err
    assert not list(here.glob("**/plan.json"))


def test_the_workflow_may_come_the_old_way(here: Path) -> None:
    assert plan("--dax", "w.dax", "-t", "programs") == 0


def test_without_a_name_the_workflow_is_that_of_pegasus(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan("-r", "-t", "programs") == 3
    assert "workflow.yml: no such file" in capsys.readouterr().err


def test_options_without_a_meaning_are_passed_over_with_a_warning(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("-Xmx1g", "-F", "nodatabase", "--force-replan", "--rescue", "1")
    _, said = planned(capsys, *words)
    assert [line.split()[2] for line in said.splitlines()] == [
        *("--forward", "-X", "--force-replan", "--rescue"),
    ]
    assert planned(capsys, *words, "-q")[1] == ""


def test_properties_may_stand_anywhere(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan("-Ddagman.retry=4", "w.dax", "-vv", "-Denv.A=b", "-t", "programs", "-J") == 0
    submit_dir = Path(json.loads(capsys.readouterr().out)["submit_dir"])
    assert header(submit_dir).properties == {"dagman.retry": "4", "env.A": "b"}


def test_the_version_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan("-V") == 0
    assert "version" in capsys.readouterr().out

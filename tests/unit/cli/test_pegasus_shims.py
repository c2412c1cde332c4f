"""Commands under Pegasus's names: how they are written, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from Pegasus import braindump

from pegbatch.adapters.braindump import new_braindump, place_braindump, write_braindump
from pegbatch.cli.main import main
from pegbatch.cli.shims.__main__ import main as shim
from pegbatch.cli.shims.__main__ import shim as shim_command
from pegbatch.cli.shims.names import PROGRAMS, SHIMS
from pegbatch.cli.shims.registry import forget, remember, remembered
from pegbatch.cli.shims.watching import dagman_path, is_settled, take_up, watch_lock
from pegbatch.cli.shims.writing import write_shims
from pegbatch.cli.wiring import open_run
from pegbatch.errors import OutsideError, UsageError
from tests.plans import diamond
from tests.unit.cli.test_run import write_plan

NUMBER = "00000000-0000-4000-8000-000000000001"


def called(*words: object) -> int:
    """Run one of Pegasus's commands in this process; return its exit code."""
    with pytest.raises(SystemExit) as end:
        shim([str(word) for word in words])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_commands_are_written_and_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "a 'quoted' home"
    first = write_shims(folder)
    texts = {path.name: path.read_text() for path in first.iterdir()}
    assert set(texts) == {*SHIMS, *PROGRAMS}
    assert write_shims(folder) == first
    assert {path.name: path.read_text() for path in first.iterdir()} == texts
    asked = subprocess.run(
        [first / "pegasus-version"],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip().count(".") == 2


def test_the_command_prints_what_a_shell_puts_on_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "it's here"
    with pytest.raises(SystemExit) as end:
        main(["pegasus-shims", str(folder)])
    assert not end.value.code
    line = capsys.readouterr().out
    shell = ["/bin/sh", "-c", f"{line}command -v condor_q"]
    found = subprocess.run(shell, capture_output=True, text=True, check=True).stdout
    assert found.strip() == str(folder / "bin" / "condor_q")


def test_commands_of_others_are_never_written_over(tmp_path: Path) -> None:
    place = tmp_path / "bin"
    place.mkdir()
    (place / "condor_q").write_text("#!/bin/sh\n")
    (place / "pegasus-run").symlink_to("/nowhere")
    with pytest.raises(UsageError, match="not one of pegbatch") as refused:
        write_shims(tmp_path)
    assert len(refused.value.problems) == 2
    assert sorted(path.name for path in place.iterdir()) == ["condor_q", "pegasus-run"]


@pytest.mark.parametrize("name", ["a:b", "a\nb"])
def test_a_folder_that_path_cannot_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PATH cannot name"):
        write_shims(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot write the commands"):
        write_shims(tmp_path / "file")


@pytest.mark.parametrize("name", [name for name in SHIMS if name != "condor_q"])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(name, "--help") == 0
    assert f"Usage: {name}" in capsys.readouterr().out
    for option in shim_command(name).params:
        assert getattr(option, "hidden", False) or getattr(option, "help", "") != "", option.name


@pytest.mark.parametrize("name", ["run", "status", "analyzer", "statistics", "remove"])
def test_what_is_no_submit_directory_ends_as_in_pegasus(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(f"pegasus-{name}", tmp_path) == 1
    told = capsys.readouterr()
    assert "not a submit directory" in told.err
    assert told.out == ""


def test_an_option_without_a_meaning_is_told_of_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("pegasus-analyzer", "-r", "-r", "--type", "condor", tmp_path) == 1
    said = capsys.readouterr().err
    assert said.count("-r/--recurse means nothing to pegbatch") == 1
    assert said.count("--type means nothing to pegbatch") == 1


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(SystemExit, match="pegasus-plan, pegasus-run"):
        shim(["pegasus-halt"])


def test_a_plan_that_was_never_run_is_shown_and_gets_no_watcher(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, diamond())
    before = sorted(path.iterdir())
    assert called("pegasus-status", "--json", path) == 0
    root = json.loads(capsys.readouterr().out)["dags"]["root"]
    assert (root["state"], root["total"], root["unready"]) == ("Running", 4, 4)
    assert called("pegasus-remove", path) == 1
    assert sorted(path.iterdir()) == before


def test_where_somebody_watches_no_second_watcher_begins(tmp_path: Path) -> None:
    run = open_run(write_plan(tmp_path, diamond()))
    assert is_settled(run) is None
    dagman_path(run).write_text("")
    with watch_lock(run) as first, watch_lock(run) as second:
        assert first is not None
        assert second is None
        take_up(run)
        assert not (run.directory.path / "watcher.log").exists()
        assert called("pegasus-run", run.directory.path) == 1


@pytest.mark.parametrize(
    ("option", "said"),
    [("--bin", "{place}\n"), ("--version", "5.1.3\n"), ("--python", "{client}\n")],
)
def test_pegasus_config_says_where_things_lie(option: str, said: str, tmp_path: Path) -> None:
    place = write_shims(tmp_path / "a home")
    shell = [place / "pegasus-config", option]
    asked = subprocess.run(shell, capture_output=True, text=True, check=True).stdout
    client = Path(braindump.__file__).parents[1]
    assert asked == said.format(place=place, client=client)


def test_pegasus_config_is_asked_something(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("pegasus-config") == 2
    assert "give --bin" in capsys.readouterr().err


def test_keg_makes_outputs_that_hold_its_inputs(tmp_path: Path) -> None:
    keg = write_shims(tmp_path) / "pegasus-keg"
    (tmp_path / "a").write_text("one\ntwo\n")
    words = "-a first -T 0.001 -t 0 -i a -o b c=400 -o d -l log"
    # Nothing of pegbatch is there where a task runs.
    alone = {"PATH": os.environ["PATH"], "PYTHONPATH": "/nowhere"}
    subprocess.run([keg, *words.split()], cwd=tmp_path, env=alone, check=True)
    text = (tmp_path / "b").read_text()
    assert text.startswith("first made b\n--- a, 8 bytes, sha256 ")
    assert text.endswith("\n  one\n  two\n")
    assert (tmp_path / "c").stat().st_size == 400
    assert (tmp_path / "d").read_text() == text.replace("made b", "made d")
    assert (tmp_path / "log").read_text() == "first: 3 files made\n"


def test_keg_fails_without_its_input(tmp_path: Path) -> None:
    keg = write_shims(tmp_path) / "pegasus-keg"
    words = [keg, "-i", "none", "-o", "b"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "none" in done.stderr) == (1, True)
    assert not (tmp_path / "b").exists()


def test_condor_q_knows_only_what_it_was_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, diamond())
    remember(NUMBER, path)
    remember("../../etc/passwd", path)
    assert list(remembered(NUMBER)) == list(remembered()) == [path]
    assert list(remembered("../../etc/passwd")) == []
    words = ("-constraint", f'pegasus_root_wf_uuid == "{NUMBER}"', "-json")
    assert called("condor_q", *words) == 0
    assert json.loads(capsys.readouterr().out) == []
    remember(NUMBER, tmp_path / "gone")
    assert called("condor_q", "-json") == 0
    assert json.loads(capsys.readouterr().out) == []
    forget(NUMBER)
    assert list(remembered()) == []


def test_without_a_home_nothing_is_remembered_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    remember(NUMBER, tmp_path)
    forget(NUMBER)
    assert list(remembered()) == []


def test_braindump_is_one_that_pegasus_reads(tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    draft.mkdir()
    write_braindump(
        draft,
        new_braindump(
            user="å",
            base=tmp_path,
            vogroup="pegasus",
            workflow_file=tmp_path / "wf.yml",
            workflow="a wf: ü",
            label="",
        ),
    )
    place_braindump(draft, tmp_path / "run0007")
    with (draft / "braindump.yml").open() as file:
        found = braindump.load(file)
    assert (found.user, found.dax_label, found.rundir) == ("å", "a wf: ü", "run0007")
    assert found.submit_dir == tmp_path / "run0007"
    assert found.root_wf_uuid == found.wf_uuid is not None
    assert found.pegasus_wf_name == "a_wf_-0"
    assert found.dag == "a_wf_-0.dag"

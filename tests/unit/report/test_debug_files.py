"""`command.sh` and its neighbours: what a shell makes of them, whatever the names are."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pegbatch.model.manifest import FileUse, TaskLine
from pegbatch.model.plan import Resources
from pegbatch.report.debug_files import command_text, environment_text, readme_text
from tests.sketched_histories import job

ODD = 'it\'s "a" $(touch broken) `touch broken` \\ ; & * | name'


def line(*argv: str, **more: Any) -> TaskLine:
    known: dict[str, Any] = {
        "id": "t1",
        "inputs": (),
        "outputs": (),
        "env": {},
        "transformation": "lab::t:1.0",
        **more,
    }
    return TaskLine(
        bag=0,
        name="t",
        cluster="",
        index=7,
        argv=argv,
        after=(),
        tries=1,
        **known,
    )


def use(lfn: str, **more: Any) -> FileUse:
    return FileUse(lfn=lfn, url=f"data/{lfn}", **more)


def run(folder: Path, task: TaskLine) -> subprocess.CompletedProcess[str]:
    (folder / "inputs").mkdir(exist_ok=True)
    script = folder / "command.sh"
    script.write_text(command_text(task, ("PATH", "NOT_SET")))
    return subprocess.run(
        ["sh", script], capture_output=True, text=True, check=False, cwd=folder.parent
    )


def test_words_and_variables_arrive_as_they_are(tmp_path: Path) -> None:
    show = 'printf "%s|" "$@"; printf "%s|%s" "$ODD" "$PEGBATCH_TASK_INDEX"'
    task = line("/bin/sh", "-c", show, "sh", ODD, "two\nlines", "", env={"ODD": ODD})
    result = run(tmp_path, task)
    assert (result.stdout, result.stderr) == (f"{ODD}|two\nlines||{ODD}|7", "")
    assert not list(tmp_path.rglob("broken"))


def test_nothing_else_of_the_environment_is_there(tmp_path: Path) -> None:
    result = run(tmp_path, line("env"))
    names = {row.partition("=")[0] for row in result.stdout.splitlines()}
    assert names == {"PATH", "PEGBATCH_TASK_INDEX"}


def test_streams_go_where_the_workflow_says(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "&1").write_text("given\n")
    task = line("/bin/sh", "-c", "cat; echo bad >&2", stdin="&1", stdout="out/a b", stderr="-e")
    assert run(tmp_path, task).returncode == 0
    made = tmp_path / "task"
    assert (made / "out" / "a b").read_text() == "given\n"
    assert (made / "-e").read_text() == "bad\n"


def test_both_streams_may_share_a_file(tmp_path: Path) -> None:
    task = line("/bin/sh", "-c", "echo a; echo b >&2; echo c", stdout="o", stderr="o")
    assert run(tmp_path, task).returncode == 0
    assert (tmp_path / "task" / "o").read_text() == "a\nb\nc\n"


def test_each_run_begins_with_fresh_inputs(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "f").write_text("1\n")
    task = line("/bin/sh", "-c", "echo 2 >>f; cat f", inputs=(use("f"),))
    assert run(tmp_path, task).stdout == run(tmp_path, task).stdout == "1\n2\n"


@pytest.mark.parametrize("name", ["prog", "a=b", "sub/prog", "-x"])
def test_a_staged_program_is_found_in_the_directory(tmp_path: Path, name: str) -> None:
    program = tmp_path / "inputs" / name
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho mine $1\n")
    program.chmod(0o755)
    task = line(f"./{name}", "x", inputs=(use(name, executable=True),))
    result = run(tmp_path, task)
    assert (result.stdout, result.stderr) == ("mine x\n", "")


def test_folders_of_outputs_are_there(tmp_path: Path) -> None:
    task = line("/bin/sh", "-c", "echo 1 >a/b/c", outputs=(use("a/b/c"),))
    assert run(tmp_path, task).returncode == 0


def test_a_name_forges_no_line(tmp_path: Path) -> None:
    task = line("true", id="t\ntouch broken\n", transformation="t")
    assert run(tmp_path, task).returncode == 0
    assert not list(tmp_path.rglob("broken"))
    readme = readme_text(task, job("L0"), ["exit code 3"])
    assert "\ntouch" not in readme and "exit code 3" in readme


def test_the_readme_says_what_the_task_should_make_and_may_take() -> None:
    task = line("true", outputs=(use("a"), use("b", optional=True)), timeout_seconds=60)
    text = readme_text(task, job("L0"), [])
    assert "  a\n  b (need not be there)\n" in text
    assert "1 vCPUs and 2,048 MiB" in text and "after 60 s (maxwalltime)" in text
    odd = line("true", failure_message="ERROR", hooks=(("end", "mail me"),))
    told = readme_text(odd, job("L0", resources=Resources(2, 512, gpus=1)), [])
    assert "exitcode.failuremsg" in told and "Its hooks are not run" in told and "1 GPUs" in told
    assert environment_text(line("true", env={"A": "b c"})) == "A='b c'\nPEGBATCH_TASK_INDEX=7\n"

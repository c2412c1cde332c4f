"""TAB in a real bash, and what the scripts for the other shells are made of."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pegbatch.cli.commands.status import command as status
from pegbatch.cli.completing import complete_array, complete_submit_dir, complete_task
from tests.functional.commands import EXAMPLES, ROOT, called, pegbatch, planned

DIAMOND = EXAMPLES / "black-diamond"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `runs/…/run0001`, a plan, and `bin/pegbatch`."""
    here = tmp_path_factory.mktemp("completion")
    options = ("--conf", str(DIAMOND / "pegasus.properties"), "--relative-submit-dir")
    planned(DIAMOND / "diamond.dax", here / "runs", *options, "me/pegasus/diamond/run0001")
    planned(DIAMOND / "diamond.dax", here / "runs", *options, "me/odd $(touch pwned)/run0001")
    (here / "bin").mkdir()
    (here / "bin" / "pegbatch").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pegbatch "$@"\n'
    )
    (here / "bin" / "pegbatch").chmod(0o755)
    return here


TYPED = {
    "pegbatch canc": {"cancel"},
    "pegbatch plan --cleanup ": {"none", "leaf", "inplace"},
    "pegbatch fetch --js": {"--json"},
    "pegbatch wait ": {"runs/me/pegasus/diamond/run0001"},
    "pegbatch run runs/me/peg": {"runs/me/pegasus/diamond/run0001"},
}
_PRESS = """
eval "$(pegbatch completion bash)"
while IFS= read -r typed; do
    read -r -a COMP_WORDS <<< "$typed"
    [[ $typed == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _pegbatch_completion pegbatch
    printf '%s\\t' "${COMPREPLY[@]}"; echo
done
"""


def test_bash_completes_commands_options_values_and_submit_directories(folder: Path) -> None:
    shell = subprocess.run(
        ["bash", "--norc", "-c", _PRESS],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{folder}/bin:{os.environ['PATH']}"},
        input="".join(f"{line}\n" for line in TYPED),
        capture_output=True,
        text=True,
        check=True,
    )
    offered = [set(filter(None, line.split("\t"))) for line in shell.stdout.splitlines()]
    assert dict(zip(TYPED, offered, strict=True)) == TYPED, shell.stderr
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_for_both_tools(shell: str) -> None:
    code, printed, said = called("completion", shell)
    assert (code, said) == (0, "")
    assert f"_PEGBATCH_COMPLETE={shell}_complete" in printed
    assert f"_PEGBATCH_AWS_BATCH_COMPLETE={shell}_complete" in printed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_commands_with_what_they_do(shell: str, folder: Path) -> None:
    # fish names the word itself, zsh its number.
    number = "est" if shell == "fish" else "1"
    asked = {"COMP_WORDS": "pegbatch est", "COMP_CWORD": number}
    result = pegbatch(cwd=folder, environment={"_PEGBATCH_COMPLETE": f"{shell}_complete", **asked})
    assert "estimate" in result.stdout and "how long a plan would take" in result.stdout
    assert result.stderr == ""


def offers(complete, folder: Path, incomplete: str) -> list[tuple[str, str]]:
    context = click.Context(status)
    context.params["submit_dir"] = folder
    items = complete(context, status.params[0], incomplete)
    return [(item.value, item.type) for item in items]


def test_arrays_and_tasks_of_the_named_plan_are_offered(folder: Path) -> None:
    run = folder / "runs" / "me" / "pegasus" / "diamond" / "run0001"
    assert ("L1-findrange", "plain") in offers(complete_array, run, "L1")
    assert offers(complete_task, run, "ID00000") == [
        (f"ID000000{number}", "plain") for number in range(1, 5)
    ]
    assert offers(complete_task, run, "L2-") == [("L2-analyze", "plain")]
    assert offers(complete_task, folder, "") == []


def test_no_name_that_a_shell_would_run_is_offered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert offers(complete_submit_dir, folder, "runs/me/odd") == [("runs/me/odd", "dir")]


@pytest.mark.parametrize("word", ["s3://bucket/", "~/", "no-such-folder/x", "bin/"])
def test_where_there_is_no_submit_directory_the_shell_completes_directories(
    word: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert offers(complete_submit_dir, folder, word) == [(word, "dir")]

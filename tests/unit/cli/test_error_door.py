"""How commands end that cannot do what they were asked."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import click
import pytest

from pegbatch.cli.main import run_command_line
from pegbatch.errors import OutsideError, PegbatchError, PlanError, Problem, RunLocked

END = {
    "locked": RunLocked("held", where="run0001", hint="wait"),
    "full": OSError(28, "No space left on device", "/data/f"),
    "two": PlanError(problems=[Problem("one", "w.yml:1"), Problem("two", hint="mend it")]),
    "bug": RuntimeError("odd"),
    "interrupted": KeyboardInterrupt(),
    "wrong": click.UsageError("no such thing"),
}


@click.command()
@click.argument("how")
@click.option("-j", "--json", "as_json", is_flag=True)
def command(how: str, as_json: bool) -> None:
    """End as asked."""
    raise END[how]


def ended(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as end:
        run_command_line(command, "pegbatch-x", list(words))
    out, err = capsys.readouterr()
    return end.value.code, out, err


@pytest.mark.parametrize(
    ("how", "exit_code", "code"),
    [
        ("locked", 5, "run-locked"),
        ("full", 5, OutsideError.code),
        ("two", 4, PlanError.code),
        ("bug", 70, "bug"),
        ("interrupted", 130, "interrupted"),
        ("wrong", 2, "usage"),
    ],
)
def test_each_end_has_its_code_and_is_an_object_only_where_asked_for(
    how: str, exit_code: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(capsys, how)[:2] == (exit_code, "")
    for option in ("-j", "--json"):
        found, out, err = ended(capsys, option, how)
        assert found == exit_code and err
        error = json.loads(out)["error"]
        assert (error["code"], error["exit_code"]) == (code, exit_code)
        assert all(problem["message"] for problem in error["problems"])


def test_the_user_reads_what_is_wrong_and_then_the_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(capsys, "two")[2] == (
        "pegbatch: w.yml:1: one\n"
        "pegbatch: two\n"
        "  mend it\n"
        "  (error cannot-plan: `pegbatch help cannot-plan`)\n"
    )


def test_a_program_reads_where_what_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ended(capsys, "--json", "two")
    assert json.loads(out)["error"]["problems"] == [
        {"where": "w.yml:1", "message": "one", "hint": None},
        {"where": None, "message": "two", "hint": "mend it"},
    ]


def test_every_error_of_ours_has_a_code_of_its_own() -> None:
    below = [PegbatchError]
    for kind in below:
        below.extend(kind.__subclasses__())
    ours = [kind for kind in below if kind.__module__ == "pegbatch.errors"]
    codes = [kind.code for kind in ours]
    assert len(set(codes)) == len(codes)


def test_an_object_that_stdout_does_not_take_changes_no_exit_code() -> None:
    script = f"from pegbatch.cli.main import main; main({['status', '--json', 'no-such-dir']!r})"
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    assert b"not a submit directory" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_command_whose_modules_cannot_be_imported_ends_as_a_bug(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Broken(click.Group):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            raise ImportError("no module named x")

    with pytest.raises(SystemExit) as end:
        run_command_line(Broken("broken"), "pegbatch-x", ["any"])
    assert end.value.code == 70
    assert "no module named x" in capsys.readouterr().err


def test_a_command_whose_stdout_was_closed_before_it_began_does_its_work() -> None:
    script = "from pegbatch.cli.main import main; main(['help', 'usage'])"
    words = f"{shlex.quote(sys.executable)} -c {shlex.quote(script)} >&-"
    done = subprocess.run(["/bin/sh", "-c", words], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")

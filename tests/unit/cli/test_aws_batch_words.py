"""The command line of `pegbatch-aws-batch`: Pegasus's options, and what cannot be meant."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.aws_batch.talk import open_talk
from pegbatch.cli.aws_batch_main import command, main
from pegbatch.errors import OutsideError

PEGASUS = {
    "-C": "--conf",
    "-L": "--log-level",
    "-l": "--log-file",
    "-m": "--merge-logs",
    "-a": "--account",
    "-r": "--region",
    "-c": "--create",
    "-d": "--delete",
    "-p": "--prefix",
    "-j": "--job-definition",
    "--ce": "--compute-environment",
    "-q": "--job-queue",
    "-s": "--s3",
    "-f": "--files",
}


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert isinstance(end.value.code, int)
    return end.value.code, capsys.readouterr().err


def test_every_option_of_pegasus_is_there_in_both_forms() -> None:
    forms = [option.opts for option in command.params if isinstance(option, click.Option)]
    for short, long in PEGASUS.items():
        assert any(short in opts and long in opts for opts in forms), long


def test_levels_of_logging_may_be_in_capitals() -> None:
    result = CliRunner().invoke(command, ["-L", "INFO"])
    assert "nothing to do is named" in str(result.exception)


def test_every_option_is_explained() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert all(option.help for option in command.params if isinstance(option, click.Option))


@click.command(cls=PrefixCommand)
@click.option("--region")
@click.option("--ce", "--compute-environment", "environment")
@click.option("--create", is_flag=True)
@click.argument("words", nargs=-1)
def echo(**given: object) -> None:
    """Print what was understood."""
    click.echo(json.dumps(given))


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        (["--reg", "x"], {"region": "x"}),
        (["--r=x"], {"region": "x"}),
        (["--cr"], {"create": True}),
        (["--comp", "x"], {"environment": "x"}),
        (["--ce", "x"], {"environment": "x"}),
        (["--", "--reg"], {"words": ["--reg"]}),
    ],
)
def test_long_options_may_be_cut_short(words: list[str], understood: dict[str, object]) -> None:
    result = CliRunner().invoke(echo, words)
    assert result.exit_code == 0, result.output
    given = json.loads(result.output)
    assert {key: given[key] for key in understood} == understood


def test_a_beginning_of_several_options_is_refused_with_all_of_them() -> None:
    result = CliRunner().invoke(echo, ["--c"])
    assert result.exit_code == 2
    assert "--compute-environment and for --create" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing to do is named"),
        (["--create", "--delete"], "--create and --delete exclude each other"),
        (["--create", "--unknown"], "--unknown"),
        (["--create", "-L", "loud"], "loud"),
        (["--create"], "no AWS region is named"),
        (["--create"], "no prefix is named"),
        (["--create", "-p", "p", "-r", "r", "-a", "1"], "12 digits"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, *words)
    assert code == 2
    assert told in said


def test_properties_stand_in_for_options(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    conf = tmp_path / "c.properties"
    conf.write_text(
        "pegasus.aws.region = us-east-1\npegasus.aws.account = 123456789012\n"
        "pegasus.aws.batch.prefix = p\npegasus.aws.batch.job_definition = ./none.json\n"
    )
    code, said = run(capsys, "--create", "-C", str(conf))
    assert code == 3
    assert "none.json: no such file" in said


def test_a_property_that_cannot_be_meant_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    conf = tmp_path / "c.properties"
    conf.write_text("pegasus.aws.batch.job_queue = arn:aws:sqs:us-east-1:123456789012:q\n")
    code, said = run(capsys, "--create", "-C", str(conf), "-p", "p", "-r", "us-east-1")
    assert code == 2
    assert f"{conf}:1: arn:aws:sqs" in said


def test_log_files_are_numbered_and_take_the_first_free_number(tmp_path: Path) -> None:
    name = tmp_path / "log"
    (tmp_path / "log.000").write_text("old")
    with open_talk("debug", str(name)):
        logging.getLogger("pegbatch.any").debug("said")
    assert (tmp_path / "log.000").read_text() == "old"
    assert (tmp_path / "log.001").read_text().endswith("DEBUG said\n")


def test_what_is_below_the_level_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    with open_talk("warn", None):
        logging.getLogger("pegbatch.any").info("quiet")
        logging.getLogger("pegbatch.any").warning("loud")
    assert capsys.readouterr().err == "pegbatch: loud\n"


def test_a_log_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(OutsideError, match="cannot write"),
        open_talk("info", str(tmp_path / "a/b")),
    ):
        pass
    for number in range(1000):
        (tmp_path / f"log.{number:03}").touch()
    with pytest.raises(OutsideError, match="1000 log files"), open_talk("info", f"{tmp_path}/log"):
        pass

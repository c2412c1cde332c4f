"""The examples at the end of `--help`: every command has some, and they are what they promise."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from pegbatch.cli.aws_batch_main import command as aws_batch
from pegbatch.cli.main import COMMANDS, pegbatch


def tool(name: str) -> click.Command:
    """Return a command by what a user types for it."""
    if name == "pegbatch-aws-batch":
        return aws_batch
    found = pegbatch if name == "pegbatch" else pegbatch.get_command(None, name)
    assert found is not None
    return found


NAMES = ["pegbatch", "pegbatch-aws-batch", *COMMANDS]
LINES = [(name, line) for name in NAMES for line in getattr(tool(name), "examples", {})]


def words_of(line: str) -> list[str]:
    """Return the words of pegbatch's own command in a shell line."""
    own = re.search(r"pegbatch(-aws-batch)?\b[^|>&)]*", line)
    assert own, f"no command of pegbatch: {line}"
    return shlex.split(own[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_every_command_ends_with_examples(name: str) -> None:
    command = tool(name)
    result = CliRunner().invoke(command, ["--help"], terminal_width=80)
    assert result.exit_code == 0, result.output
    _, heading, shown = result.output.partition("\nExamples:\n")
    assert heading, "no examples"
    examples: dict[str, str] = command.examples  # type: ignore[attr-defined]
    lines = [line.strip() for line in shown.strip().splitlines()]
    assert lines == [one for line, text in examples.items() for one in (f"# {text}", line)]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_an_example_is_a_command_line_that_is_understood(name: str, line: str) -> None:
    first, *words = words_of(line)
    if first == "pegbatch":
        assert name in ("pegbatch", words[0]), "an example of another command"
        first, *words = words
    if "--help" in words:
        return
    with tool(first).make_context(first, words) as context:
        assert context.params


@pytest.mark.parametrize("name", NAMES)
def test_no_command_stumbles_over_an_empty_command_line(name: str) -> None:
    # So that TAB behind its name finds something.
    with tool(name).make_context(name, [], resilient_parsing=True) as context:
        assert context.command is tool(name)

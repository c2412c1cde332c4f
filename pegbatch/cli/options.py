"""Options that several commands share."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pegbatch.cli.completing import complete_submit_dir
from pegbatch.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])


_URL = re.compile(r"(s3|file):/").match


def submit_dir_argument(function: Command) -> Command:
    """Take the submit directory; the current directory where none is given."""
    return click.argument(
        "submit_dir",
        default=".",
        metavar="[DIR]",
        callback=_directory,
        shell_complete=complete_submit_dir,
    )(function)


def is_url(word: str) -> bool:
    """Say whether a word is the URL of a run, and no directory."""
    return bool(_URL(word))


def submit_dir_path(word: str) -> Path:
    """Return the submit directory that a word names.

    Errors: UsageError where it is the URL of a run.
    """
    if is_url(word):
        raise UsageError(
            f"{word} is a run, and this command wants its submit directory",
            hint=f"`pegbatch run {shlex.quote(word)}` brings the directory back where it is lost",
        )
    return Path(word)


def _directory(_: click.Context, __: click.Parameter, word: str) -> Path:
    return submit_dir_path(word)


def json_option(function: Command) -> Command:
    """Take `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)

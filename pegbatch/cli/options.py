"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def submit_dir_argument(function: Command) -> Command:
    """Take the submit directory; the current directory where none is given."""
    kind = click.Path(path_type=Path, readable=False)
    return click.argument("submit_dir", type=kind, default=".", metavar="[DIR]")(function)


def json_option(function: Command) -> Command:
    """Take `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)

"""Options that Pegasus's commands have and that mean little here, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pegbatch.cli.telling import echo_warnings
from pegbatch.errors import Problem

Command = TypeVar("Command", bound=Callable[..., Any])


def meaningless(*names: str, takes_value: bool = False) -> Callable[[Command], Command]:
    """Accept an option of Pegasus that changes nothing here, with a warning."""
    if takes_value:
        return click.option(
            *names, multiple=True, metavar="X", hidden=True, expose_value=False, callback=_warn
        )
    return click.option(*names, count=True, hidden=True, expose_value=False, callback=_warn)


def verbose_option(function: Command) -> Command:
    """Take `-v`: once it logs more, twice everything."""
    return click.option(
        "-v", "--verbose", count=True, expose_value=False, callback=_log_more, help="Log more."
    )(function)


def _warn(_: click.Context, option: click.Parameter, value: object) -> None:
    if value:
        spelt = "/".join(option.opts)
        echo_warnings([Problem(f"{spelt} means nothing to pegbatch; it is passed over")])


def _log_more(_: click.Context, __: click.Parameter, times: int) -> None:
    if times:
        level = logging.INFO if times == 1 else logging.DEBUG
        logging.getLogger("pegbatch").setLevel(level)

"""`pegasus-statistics`: what a run has taken, in files of the submit directory and in brief."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.planning import without_collection
from pegbatch.cli.pricing import Pricing
from pegbatch.cli.shims.options import meaningless, verbose_option
from pegbatch.cli.statistics import (
    LEVELS,
    SPANS,
    FileType,
    gather_statistics,
    screen_lines,
    write_files,
)
from pegbatch.cli.telling import echo_warnings, show
from pegbatch.cli.wiring import open_run
from pegbatch.errors import Problem
from pegbatch.model.statistics import Level

FOLDER = "statistics"
"""Below the submit directory, where `--output` names no other."""


def _levels(_: click.Context, __: click.Parameter, value: str) -> tuple[Level, ...]:
    """Read a comma list; what is no level is passed over, as by pegasus-statistics."""
    words = [word.strip().lower() for word in value.split(",") if word.strip()]
    unknown = [word for word in words if word not in ("all", *LEVELS)]
    echo_warnings([Problem(f"no statistics level {word!r}; it is passed over") for word in unknown])
    return tuple(level for level in LEVELS if level in words or "all" in words) or ("summary",)


@click.command(cls=PrefixCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("submit_dirs", nargs=-1, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("-s", "--statistics-level", "levels", default="summary", callback=_levels,
              metavar="LEVELS", help=f"Comma list of all, {', '.join(LEVELS)}.")  # fmt: skip
@click.option("-f", "--filetype", "--file", default="text",
              type=click.Choice(("text", "csv"), case_sensitive=False),
              help="Form of files.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of the files  [statistics below DIR].")  # fmt: skip
@click.option("-t", "--time-filter", "span", default="day",
              type=click.Choice(tuple(SPANS), case_sensitive=False),
              help="Rows of ti_stats.")  # fmt: skip
@verbose_option
@meaningless("-c", "--conf", takes_value=True)
@meaningless("-i", "--ignore-db-inconsistency")
@meaningless("-q", "--quiet")
@meaningless("-m", "--multiple-wf")
@meaningless("-p", "--ispmc")
def command(
    submit_dirs: Sequence[Path],
    levels: tuple[Level, ...],
    filetype: FileType,
    output: Path | None,
    span: str,
) -> None:
    """Write what the runs of each DIR have taken, and show the summary.

    DIR is the current directory where it is not given.
    """
    for submit_dir in submit_dirs or (Path(),):
        run = open_run(submit_dir)
        with without_collection():
            made = gather_statistics(run, read_history(run), levels, Pricing(), span=span)
        folder = output or run.directory.path / FOLDER
        written = write_files(made, levels, filetype, folder)
        if "summary" in levels:
            show("".join(screen_lines(made, ("summary",), "text", at_most=None)))
        show(os.linesep.join(f"{path.stem.capitalize():30}: {path}" for path in written))

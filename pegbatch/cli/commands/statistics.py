"""`pegbatch statistics [DIR]`: what a run has taken, in the tables of pegasus-statistics."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.exporting import export_wfformat
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.planning import without_collection
from pegbatch.cli.pricing import Pricing, pricing_options
from pegbatch.cli.statistics import (
    DEFAULT_LEVELS,
    LEVELS,
    SHOWN_ROWS,
    SPANS,
    FileType,
    gather_statistics,
    screen_lines,
    write_files,
)
from pegbatch.cli.telling import echo_json, say, show
from pegbatch.cli.wiring import open_run
from pegbatch.errors import UsageError
from pegbatch.model.statistics import Level, Statistics
from pegbatch.report.statistics_json import statistics_to_json

_BLOCK_LINES = 2_000
"""Printed at once: a table may have a line for each of a million children."""
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_FILETYPE = click.Choice(("text", "csv"), case_sensitive=False)


def _levels(_: click.Context, __: click.Parameter, value: str | None) -> tuple[Level, ...] | None:
    """Read a comma list; None where it was not given."""
    if value is None:
        return None
    words = [word.strip().lower() for word in value.split(",") if word.strip()]
    unknown = [word for word in words if word != "all" and word not in LEVELS]
    if unknown or not words:
        raise UsageError(
            f"no statistics level {', '.join(map(repr, unknown)) or repr(value)}",
            hint=f"one or several of all, {', '.join(LEVELS)}",
        )
    return tuple(level for level in LEVELS if level in words or "all" in words)


@click.command(
    cls=ExampledCommand,
    short_help="Say what a run has taken: times, memory, bytes, cost.",
    examples={
        "pegbatch statistics run0001": "summary, cost, and a breakdown by transformation",
        "pegbatch statistics -s all -o statistics run0001": "every table, a file each",
        "pegbatch statistics -s jb_stats -f csv run0001": "a row for each attempt at a child",
        "pegbatch statistics --machine fargate --discount 70 run0001": "priced on Fargate Spot",
        "pegbatch statistics --export-wfformat run.json run0001": "a trace for wfcommons, and for "
        "`pegbatch estimate`",
        "pegbatch statistics --json run0001": "for a program",
    },
)
@submit_dir_argument
@click.option("-s", "--statistics-level", "levels", metavar="LEVELS", callback=_levels,
              help=f"Comma list of all, {', '.join(LEVELS)}.  "
              f"[{','.join(DEFAULT_LEVELS)}; with -o: all]")  # fmt: skip
@click.option("-f", "--filetype", "--file", type=_FILETYPE, default="text", show_default=True,
              help="Form of tables.")  # fmt: skip
@click.option("-o", "--output", type=_FOLDER, metavar="FOLDER",
              help="Write files as pegasus-statistics does: summary.txt, jobs.csv, …")  # fmt: skip
@click.option("-t", "--time-filter", "span", type=click.Choice(tuple(SPANS), case_sensitive=False),
              default="day", show_default=True, help="Rows of the time table.")  # fmt: skip
@click.option("--export-wfformat", "trace", type=_FILE, metavar="FILE",
              help="Write the run as a WfFormat 1.5 instance, for wfcommons.")  # fmt: skip
@pricing_options
@json_option
def command(
    submit_dir: Path,
    levels: tuple[Level, ...] | None,
    filetype: FileType,
    output: Path | None,
    span: str,
    trace: Path | None,
    as_json: bool,
    **prices: Any,
) -> None:
    """Say what the run of DIR has taken, also while it is running.

    DIR is the current directory where it is not given. Levels are those of pegasus-statistics:
    summary (tasks and jobs, wall times, badput, cost), wf_stats (by array), jb_stats (a row for
    each attempt at a child), tf_stats (by transformation: runtime, CPU, memory, bytes, queue wait;
    what was asked for against what was used), ti_stats (by day or hour, and host), int_stats
    (checksums).
    """
    known = levels or (LEVELS if output is not None else DEFAULT_LEVELS)
    pricing = Pricing(
        machine=prices["machine"], discount_percent=prices["discount"], prices=prices["prices"]
    )
    run = open_run(submit_dir)
    with without_collection():
        history = read_history(run)
        made = gather_statistics(run, history, known, pricing, span=span)
    if trace is not None:
        export_wfformat(run, history, trace)
    if output is not None:
        _write(made, known, filetype, output)
    if as_json:
        echo_json(statistics_to_json(made))
    elif output is None:
        _print(made, known, filetype, at_most=SHOWN_ROWS if levels is None else None)
    elif "summary" in known:
        # Files hold all of it; the summary is printed beside them, as pegasus-statistics does.
        _print(made, ("summary",), "text")


def _write(made: Statistics, levels: Sequence[Level], filetype: FileType, folder: Path) -> None:
    for path in write_files(made, levels, filetype, folder):
        say(f"pegbatch: wrote {path}")


def _print(
    made: Statistics, levels: Sequence[Level], filetype: FileType, *, at_most: int | None = None
) -> None:
    lines = screen_lines(made, levels, filetype, at_most=at_most)
    while block := "".join(islice(lines, _BLOCK_LINES)):
        show(block.removesuffix("\n"))

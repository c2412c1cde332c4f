"""The use case behind `pegbatch statistics`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from pegbatch.adapters.files import make_folder, write_pieces
from pegbatch.adapters.planned_tasks import read_playable
from pegbatch.cli.pricing import Pricing, priced_machine
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.statistics.actual_cost import actual_cost
from pegbatch.engine.statistics.tables import statistics
from pegbatch.engine.statistics.time_rows import DAY_SECONDS, HOUR_SECONDS
from pegbatch.model.estimate import Conditions
from pegbatch.model.history import History
from pegbatch.model.statistics import ActualCost, Level, Statistics
from pegbatch.planner.estimate import estimate
from pegbatch.report.statistics_csv import csv_lines
from pegbatch.report.statistics_tables import tables_of
from pegbatch.report.statistics_text import level_lines, text_lines

FileType = Literal["text", "csv"]
LEVELS: tuple[Level, ...] = get_args(Level)
DEFAULT_LEVELS: tuple[Level, ...] = ("summary", "tf_stats")
SHOWN_ROWS = 20
"""Transformations on the screen, where nobody has asked for all."""
SPANS = {"day": DAY_SECONDS, "hour": HOUR_SECONDS}
TEXT_NAMES: dict[Level, str] = {
    "summary": "summary",
    "wf_stats": "workflow",
    "jb_stats": "jobs",
    "tf_stats": "breakdown",
    "ti_stats": "time",
    "int_stats": "integrity",
}
"""Files of pegasus-statistics, without suffix."""


def gather_statistics(
    run: OpenRun, history: History, levels: Sequence[Level], pricing: Pricing, *, span: str = "day"
) -> Statistics:
    """Fold the history of a run into the tables that are asked for.

    Errors: InputError for a damaged plan or price table; UsageError for an unknown machine.
    """
    cost = cost_of_run(run, history, pricing) if "summary" in levels else None
    return statistics(history, levels, cost=cost, span_seconds=SPANS[span])


def cost_of_run(run: OpenRun, history: History, pricing: Pricing) -> ActualCost:
    """Price what was taken, beside the estimate of the plan by its expected runtimes.

    Errors: InputError for a damaged plan or price table; UsageError for an unknown machine.
    """
    machine, prices = priced_machine(pricing)
    discount = pricing.discount_percent
    conditions = Conditions(vcpus=float("inf"), start_seconds=0.0, losses_per_hour=0.0)
    plan = read_playable(run.directory)
    expected = None
    if plan.without_runtime < len(plan.seconds):
        expected = estimate(plan, conditions, machine, prices, discount_percent=discount)
    return actual_cost(history, machine, prices, discount_percent=discount, estimate=expected)


def screen_lines(
    made: Statistics, levels: Sequence[Level], filetype: FileType, *, at_most: int | None
) -> Iterator[str]:
    """Yield what is printed, each line with its end; tables of CSV with an empty line between."""
    if filetype == "text":
        yield from (f"{line}\n" for line in text_lines(made, levels, at_most=at_most))
        return
    tables = [table for level in levels for table in tables_of(made, level)]
    for number, table in enumerate(tables):
        if number:
            yield "\n"
        yield from csv_lines(table)


def write_files(
    made: Statistics, levels: Sequence[Level], filetype: FileType, folder: Path
) -> list[Path]:
    """Write the files of pegasus-statistics into a folder; return them.

    Shapes: text is a file a level, CSV a file a table.
    Errors: OutsideError where the folder cannot be written.
    """
    make_folder(folder)
    written = []
    for level in levels:
        for name, pieces in _files(made, level, filetype):
            path = folder / name
            write_pieces(path, pieces)
            written.append(path)
    return written


def _files(
    made: Statistics, level: Level, filetype: FileType
) -> Iterator[tuple[str, Iterator[str]]]:
    if filetype == "csv":
        for table in tables_of(made, level):
            yield f"{table.name}.csv", csv_lines(table)
        return
    yield f"{TEXT_NAMES[level]}.txt", (f"{line}\n" for line in level_lines(made, level))

"""The statistics of a run as people read them: Pegasus's tables as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from pegbatch.model.plain import plain_line
from pegbatch.model.statistics import Level, ResourceRow, Statistics, TransformationRow
from pegbatch.report.advice import advice_lines
from pegbatch.report.cost_text import cost_lines
from pegbatch.report.estimate_text import duration
from pegbatch.report.statistics_tables import (
    COUNT_COLUMNS,
    FIGURES,
    MEASURES,
    Cell,
    Row,
    Table,
    figures_of,
    spreads,
    tables_of,
    wall_times,
)
from pegbatch.report.status import SERVICES, size_text

_TITLES = ("Runtime, s", "CPU time, s", "Memory, MiB", "Bytes in", "Bytes out", "Queue wait, s")
"""Of the tables of MEASURES."""
_NAME_MAX = 60
"""Characters of a name; files and JSON have all of it."""


def text_lines(
    statistics: Statistics, levels: Sequence[Level], *, at_most: int | None = None
) -> Iterator[str]:
    """Yield the lines of the levels, after a line that names the run.

    Shapes: at_most are the transformations that are shown, those with the most runtime; None: all.
    """
    yield _headline(statistics)
    for level in levels:
        yield ""
        yield from level_lines(statistics, level, at_most=at_most)


def level_lines(
    statistics: Statistics, level: Level, *, at_most: int | None = None
) -> Iterator[str]:
    """Yield the lines of one level."""
    if level == "summary":
        return _summary(statistics)
    if level == "tf_stats":
        return _breakdown(statistics, at_most)
    return _tables(tables_of(statistics, level))


def _headline(statistics: Statistics) -> str:
    where = SERVICES.get(statistics.service)
    on = f" on {where}" if where else ""
    how_often = f", {statistics.tries} tries" if statistics.tries > 1 else ""
    name = plain_line(statistics.workflow)
    return f"{name}: {statistics.state}{on}{how_often}"


def _summary(statistics: Statistics) -> Iterator[str]:
    summary = statistics.summary
    if summary is None:
        return
    table = tables_of(statistics, "summary")[0]
    yield from _aligned(COUNT_COLUMNS, table.rows)
    if summary.skipped:
        why = "the run was ended" if statistics.state == "cancelled" else "a parent had failed"
        was = "was" if summary.skipped == 1 else "were"
        yield f"Of the incomplete tasks {summary.skipped:,} {was} skipped: {why}."
    yield ""
    times = [row for row in wall_times(summary) if statistics.tries > 1 or "tries" not in row[0]]
    width = max(len(name) for name, _ in times)
    for name, seconds in times:
        yield f"{name:<{width}} : {duration(seconds)}"
    if summary.planner_seconds:
        yield (
            f"Planners of sub-workflows waited {duration(summary.planner_seconds)} more, which is "
            "no job time; their containers are in the cost."
        )
    if statistics.cost is not None:
        yield ""
        yield from cost_lines(statistics.cost, is_local=statistics.service == "local")
        if statistics.cost.estimate is None:
            yield "  estimate  none: no task has an expected runtime (profile `runtime`)"


def _breakdown(statistics: Statistics, at_most: int | None) -> Iterator[str]:
    transformations, resources = statistics.transformations, statistics.resources
    if transformations is None or resources is None:
        return
    shown = _largest(transformations, at_most)
    for number, title in enumerate(_TITLES):
        yield from _measure(shown, title, number)
    if len(shown) < len(transformations):
        more = len(transformations) - len(shown)
        yield f"… and {more:,} rows with less runtime: `-s tf_stats` shows all"
        yield ""
    kept = _resources_of(shown, resources, at_most)
    yield "Asked for, and used at most"
    columns = ("Transformation", "Memory, MiB", "used", "Cores", "used")
    yield from _aligned(columns, lambda: map(_resource_row, kept))
    yield from advice_lines(resources, at_most=at_most)


def _largest(rows: Sequence[TransformationRow], at_most: int | None) -> Sequence[TransformationRow]:
    if at_most is None or len(rows) <= at_most:
        return rows
    return sorted(rows, key=lambda row: -row.runtime_seconds.total)[:at_most]


def _resources_of(
    shown: Sequence[TransformationRow], resources: Sequence[ResourceRow], at_most: int | None
) -> Sequence[ResourceRow]:
    if at_most is None or len(resources) <= at_most:
        return resources
    names = {row.transformation for row in shown}
    return [row for row in resources if row.transformation in names]


def _measure(rows: Sequence[TransformationRow], title: str, number: int) -> Iterator[str]:
    """Yield the table of one measure, where anything is known of it."""
    if not any(spreads(row)[number] for row in rows):
        return
    # A sum says something of time and bytes, and nothing of memory.
    figure_names = FIGURES[:-1] if MEASURES[number] == "mem" else FIGURES
    columns = ("Transformation", "Type", "Count", *figure_names)
    is_bytes = MEASURES[number].startswith("bytes")

    def lines() -> Iterator[Row]:
        for row in rows:
            spread = spreads(row)[number]
            figures = figures_of(spread)[: len(figure_names)]
            told = (_size(figure) if is_bytes else figure for figure in figures)
            count = spread.count if spread is not None else None
            yield (row.transformation, row.ending, count, *told)

    yield title
    yield from _aligned(columns, lines, right=range(2, len(columns)))
    yield ""


def _size(size_bytes: float | None) -> str | None:
    return None if size_bytes is None else size_text(round(size_bytes))


def _resource_row(row: ResourceRow) -> Row:
    memory = (row.memory_asked_mib, row.memory_used_mib)
    return (row.transformation, *memory, row.cores_asked, row.cores_used)


def _tables(tables: Sequence[Table]) -> Iterator[str]:
    for number, table in enumerate(tables):
        if number:
            yield ""
        yield from _aligned(table.columns, table.rows)


def _aligned(
    columns: Sequence[str], rows: Callable[[], Iterator[Row]], *, right: Sequence[int] = ()
) -> Iterator[str]:
    """Yield a table, numbers to the right; the rows are gone through twice, and never held."""
    widths = [len(name) for name in columns]
    is_right = [place in right for place in range(len(columns))]
    for row in rows():
        for place, value in enumerate(row):
            widths[place] = max(widths[place], len(_cell(value)))
            is_right[place] = is_right[place] or isinstance(value, int | float)
    for row in chain([tuple(columns)], rows()):
        cells = map(_cell, row)
        fitted = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, is_right, strict=True)
        )
        yield ("  " + "  ".join(fitted)).rstrip()


def _cell(value: Cell) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    text = plain_line(value)
    return text if len(text) <= _NAME_MAX else text[: _NAME_MAX - 1] + "…"

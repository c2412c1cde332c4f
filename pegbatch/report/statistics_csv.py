"""Tables as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from pegbatch.model.plain import plain_line
from pegbatch.report.statistics_tables import Cell, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run as a formula by spreadsheets."""
_DECIMALS = 6


def csv_lines(table: Table) -> Iterator[str]:
    """Yield the lines of a table, each with its end; the first names the columns."""
    yield _line(table.columns)
    for row in table.rows():
        yield _line(row)


def _line(row: tuple[Cell, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([_cell(value) for value in row])
    return buffer.getvalue()


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{plain_line(value)}" if value.startswith(_FORMULA) else plain_line(value)
    return round(value, _DECIMALS)

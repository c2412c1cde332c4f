"""The levels of a run as a table with bars, folded to as many rows as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Literal

from pegbatch.model.run_status import LevelStatus, TaskCounts
from pegbatch.report.lines import Line, Piece, Style

BAR_MOST = 40
BAR_LEAST = 8
"""Cells; with less room there are no bars."""
_COLUMNS = ("total", "succeeded", "running", "waiting", "failed", "skipped")
_HEADS = ("TASKS", "SUCCEEDED", "RUNNING", "WAITING", "FAILED", "SKIPPED")
_SHORT_HEADS = ("TASKS", "DONE", "RUN", "WAIT", "FAIL", "SKIP")
_STYLES: dict[str, Style] = {
    "succeeded": "green", "running": "cyan", "failed": "red", "skipped": "yellow",
}  # fmt: skip
_BAR = (
    ("succeeded", "█", "#"),
    ("failed", "▚", "x"),
    ("skipped", "▒", "-"),
    ("running", "▓", ">"),
    ("waiting", "·", "."),
)
"""What a bar is made of, from the left, and the same for terminals that know ASCII alone."""


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One level, or several that follow each other."""

    label: str
    tasks: TaskCounts


def level_table(
    levels: Sequence[LevelStatus], *, width: int | None, rows: int | None, unicode: bool
) -> list[Line]:
    """Return a head and a row for each level, and one for all where there are several.

    Shapes: levels that follow each other share a row where there is no room for all of them: first
    those that are done or have not begun, then others; None: there is room. At least two lines.
    """
    if not levels:
        return []
    several = len(levels) > 1
    room = None if rows is None else max(1, rows - 1 - several)
    found = fold(levels, room)
    if several and (rows is None or rows > 2):
        found.append(LevelRow("all", sum((level.tasks for level in levels), TaskCounts())))
    return _table(found, width or 100, unicode)


def fold(levels: Sequence[LevelStatus], room: int | None) -> list[LevelRow]:
    """Return at most so many rows that hold all levels."""
    groups = [[level] for level in levels]
    if room is not None and len(groups) > room:
        groups = [list(alike) for _, alike in groupby(levels, key=_kind)]
    if room is not None and len(groups) > room:
        step = -(-len(groups) // room)
        parts = (groups[at : at + step] for at in range(0, len(groups), step))
        groups = [list(chain.from_iterable(part)) for part in parts]
    return [_row(group) for group in groups]


def _kind(level: LevelStatus) -> Literal["done", "untouched"] | int:
    """Return what levels that share a row have in common; others are by themselves."""
    tasks = level.tasks
    if tasks.succeeded == tasks.total:
        return "done"
    return "untouched" if tasks.waiting == tasks.total else level.level


def _row(group: Sequence[LevelStatus]) -> LevelRow:
    first, last = group[0].level, group[-1].level
    label = str(first) if first == last else f"{first}-{last}"
    return LevelRow(label, sum((level.tasks for level in group), TaskCounts()))


def _table(rows: Sequence[LevelRow], width: int, unicode: bool) -> list[Line]:
    label = max(5, *(len(row.label) for row in rows))
    for heads in (_HEADS, _SHORT_HEADS):
        widths = [
            max(len(head), *(len(_number(row.tasks, name)) for row in rows))
            for head, name in zip(heads, _COLUMNS, strict=True)
        ]
        bar = min(BAR_MOST, width - label - 2 - sum(widths) - 2 * len(widths))
        if bar >= BAR_LEAST:
            break
    bar = bar if bar >= BAR_LEAST else 0
    titles = "".join(f"  {head:>{size}}" for head, size in zip(heads, widths, strict=True))
    head = (Piece(f"{'LEVEL':<{label}}  {'':{bar}}{titles}", "dim"),)
    return [head, *(_line(row, label, bar, widths, unicode) for row in rows)]


def _line(row: LevelRow, label: int, bar: int, widths: Sequence[int], unicode: bool) -> Line:
    numbers = (
        Piece(
            f"  {_number(row.tasks, name):>{size}}",
            _STYLES.get(name, "") if getattr(row.tasks, name) else "dim",
        )
        for name, size in zip(_COLUMNS, widths, strict=True)
    )
    return (Piece(f"{row.label:<{label}}  "), *bar_pieces(row.tasks, bar, unicode), *numbers)


def _number(tasks: TaskCounts, name: str) -> str:
    count: int = getattr(tasks, name)
    return f"{count:,}" if count else "-"


def bar_pieces(tasks: TaskCounts, cells: int, unicode: bool) -> Line:
    """Return a bar; of what there is any, it has one cell at least, as far as they suffice."""
    counts = [getattr(tasks, name) for name, _, _ in _BAR]
    sizes = _share(counts, cells)
    return tuple(
        Piece((shown if unicode else ascii_) * size, _STYLES.get(name, "dim"))
        for (name, shown, ascii_), size in zip(_BAR, sizes, strict=True)
        if size
    )


def _share(counts: Sequence[int], cells: int) -> list[int]:
    """Divide cells by counts."""
    total, seen, placed = sum(counts), 0, 0
    sizes: list[int] = []
    for count in counts:
        seen += count
        upto = round(cells * seen / total) if total else 0
        sizes.append(upto - placed)
        placed = upto
    for number, count in enumerate(counts):
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        if count and not sizes[number] and sizes[largest] > 1:
            sizes[largest] -= 1
            sizes[number] = 1
    return sizes

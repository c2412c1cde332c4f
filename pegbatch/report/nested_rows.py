"""Sub-workflows of a run as a table, each below the one it lies in; the first where many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pegbatch.model.nested import NestedStatus, every_status
from pegbatch.model.plain import plain_line
from pegbatch.report.lines import Line, Piece, Style

SHOWN = 10
"""Rows, where nobody asked for all."""
_STYLES: dict[str, Style] = {"succeeded": "green", "failed": "red", "running": "cyan"}
_RANKS = {"failed": 0, "cancelled": 1, "running": 2, "submitting": 3, "planned": 4, "succeeded": 5}
_ID_MAX = 60
"""Characters of an id that are shown."""


def nested_table(runs: Sequence[NestedStatus], *, rows: int | None) -> list[Line]:
    """Return a head and a row for each sub-workflow that is planned in the run.

    Shapes: where there are more than rows, those that failed or are under way come first, and one
    line counts the rest; None: there is room.
    """
    known = list(every_status(runs))
    if not known:
        return []
    shown, left = known, ""
    if rows is not None and len(known) + 1 > rows:
        shown, left = _most_telling(known, max(1, rows - 2))
    names = [_name(depth, one) for depth, one in shown]
    width = max(12, *map(len, names))
    head: Line = (Piece(f"{'SUB-WORKFLOW':<{width}}  {'STATE':<10}  TASKS", "dim"),)
    body = [_row(name, one, width) for name, (_, one) in zip(names, shown, strict=True)]
    rest: list[Line] = [(Piece(left, "dim"),)] if left else []
    return [head, *body, *rest]


_Placed = tuple[int, NestedStatus]


def _most_telling(known: Sequence[_Placed], room: int) -> tuple[list[_Placed], str]:
    order = sorted(range(len(known)), key=lambda place: (_RANKS[known[place][1].state], place))
    words = Counter(_word(known[place][1]) for place in order[room:])
    counts = ", ".join(f"{count:,} {word}" for word, count in words.most_common())
    left = f"… and {len(known) - room:,} more: {counts}"
    return [known[place] for place in sorted(order[:room])], left


def _name(depth: int, run: NestedStatus) -> str:
    whole = plain_line(run.id)
    name = whole if len(whole) <= _ID_MAX else f"…{whole[1 - _ID_MAX :]}"
    return "  " * depth + name


def _row(name: str, run: NestedStatus, width: int) -> Line:
    word = _word(run)
    return (
        Piece(f"{name:<{width}}  "),
        Piece(f"{word:<10}", _STYLES.get(word, "")),
        Piece(f"  {_counts(run)}".rstrip()),
    )


def _word(run: NestedStatus) -> str:
    return "not begun" if run.state == "planned" else run.state


def _counts(run: NestedStatus) -> str:
    if run.trouble:
        return plain_line(run.trouble)
    tasks = run.tasks
    if not tasks.total:
        return ""
    parts = [f"{tasks.succeeded + tasks.failed + tasks.skipped:,} of {tasks.total:,} done"]
    counts = ((tasks.running, "running"), (tasks.failed, "failed"), (tasks.skipped, "skipped"))
    return ", ".join([*parts, *(f"{count:,} {word}" for count, word in counts if count)])

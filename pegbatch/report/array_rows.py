"""The array jobs of a run as a table, the first rows where there is not room for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pegbatch.model.plain import plain_line
from pegbatch.model.run_status import ArrayStatus
from pegbatch.report.lines import Line, Piece, Style

_ORDER = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
_STYLES: dict[str, Style] = {"SUCCEEDED": "green", "FAILED": "red", "RUNNING": "cyan"}


def array_table(arrays: Sequence[ArrayStatus], *, rows: int | None) -> list[Line]:
    """Return a head and a row for each array.

    Shapes: where there are more than rows, those that failed or are under way come first, and one
    line counts the rest; None: there is room.
    """
    if not arrays:
        return []
    shown, left = list(arrays), ""
    if rows is not None and len(arrays) + 1 > rows:
        shown, left = _most_telling(arrays, max(1, rows - 2))
    width = max(5, *(len(array.name) for array in shown))
    head: Line = (Piece(f"{'ARRAY':<{width}}  {'STATE':<11}  CHILDREN", "dim"),)
    rest: list[Line] = [(Piece(left, "dim"),)] if left else []
    return [head, *(_row(array, width) for array in shown), *rest]


def _most_telling(arrays: Sequence[ArrayStatus], room: int) -> tuple[list[ArrayStatus], str]:
    ranked = sorted(range(len(arrays)), key=lambda place: (_rank(arrays[place]), place))
    chosen = sorted(ranked[:room])
    states = Counter(arrays[place].state for place in ranked[room:])
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    return [arrays[place] for place in chosen], f"… and {len(arrays) - room:,} more: {counts}"


def _rank(array: ArrayStatus) -> int:
    if array.state == "FAILED" or array.children.get("FAILED"):
        return 0
    if any(array.children.get(state) for state in ("STARTING", "RUNNING")):
        return 1
    return {"PENDING": 2, "RUNNABLE": 2, "SUBMITTED": 3, "UNSUBMITTED": 4}.get(array.state, 5)


def _row(array: ArrayStatus, width: int) -> Line:
    return (
        Piece(f"{plain_line(array.name):<{width}}  "),
        Piece(f"{array.state:<11}", _STYLES.get(array.state, "")),
        Piece(f"  {_children(array)}"),
    )


def _children(array: ArrayStatus) -> str:
    known = sorted(array.children.items(), key=lambda item: _place(item[0]))
    counts = ", ".join(f"{count:,} {status}" for status, count in known)
    shown = counts if array.size > 1 else ""
    return f"{shown}  {plain_line(array.reason)}".strip() if array.state == "FAILED" else shown


def _place(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)

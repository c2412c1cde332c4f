"""What the charts of the report are drawn from: one JSON object of columns.

Columns, not objects: 100,000 attempts are a few arrays of numbers. Words stand once, in `words`;
a column whose values are all the same is that value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.plain import plain_line
from pegbatch.model.run_view import (
    METRICS,
    ArrayOutcome,
    Grid,
    Ran,
    Timeline,
    TransformationShape,
    Usage,
)
from pegbatch.report.layers import ordered_layers

STATES = ("succeeded", "skipped", "running", "lost", "failed")
"""Of bars, the worst last; `skipped` is one that has ended well, having run nothing."""
LONGEST_NAME = 160
"""Characters of a name or reason; what is longer is cut."""
MOST_BOXES = 150
"""Jobs that are drawn one by one; more are folded by layer."""
MOST_LAYERS = 50
"""That are drawn each; of more, some are one."""
MOST_SHAPES = 100
"""Transformations with distributions: those that took most time."""


def shown(text: str) -> str:
    """Return words of the workflow's as one harmless line of limited length."""
    line = plain_line(text[: LONGEST_NAME + 1])
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


@dataclass(slots=True)
class Words:
    """Words by number: each stands once in the page."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return the number of a word."""
        return self._numbers.setdefault(shown(text), len(self._numbers))

    def all(self) -> list[str]:
        """Return the words in the order of their numbers."""
        return list(self._numbers)


def bars_data(
    history: History,
    timeline: Timeline,
    ran: Mapping[tuple[str, int, int, int], Ran],
) -> dict[str, Any]:
    """Return the attempts in drawing order, those without a place last.

    Units: milliseconds since the run began; null where nobody knows.
    """
    words = Words()
    words.number("")
    order = [*timeline.bars, *timeline.unplaced]
    attempts = [history.attempts[number] for number in order]
    did = [ran.get((one.array, one.bag, one.try_, one.attempt)) for one in attempts]
    return {
        "coarse": False,
        "bands": [
            {"name": shown(band.array), "count": band.count, "lanes": band.lanes}
            for band in timeline.bands
        ],
        "count": len(order),
        "array": _same([words.number(one.array) for one in attempts]),
        "lane": _same(timeline.lanes),
        "start": _same([_milliseconds(one.start, timeline.started) for one in attempts]),
        "length": _same([_length(one, timeline) for one in attempts]),
        "state": _same([bar_state(one, what) for one, what in zip(attempts, did, strict=True)]),
        "bag": _same([one.bag for one in attempts]),
        "try": _same([one.try_ for one in attempts]),
        "attempt": _same([one.attempt for one in attempts]),
        "waited": _same([_rounded(one.waited_seconds) for one in attempts]),
        "host": _same([words.number(one.host) for one in attempts]),
        "exit": _same([one.exit_code for one in attempts]),
        "reason": _same([words.number(one.reason) for one in attempts]),
        "task": _same([words.number(what.first if what else "") for what in did]),
        "tasks": _same([what.tasks if what else 0 for what in did]),
        "bad": _same([what.not_succeeded if what else 0 for what in did]),
        "words": words.all(),
    }


def cells_data(grid: Grid) -> dict[str, Any]:
    """Return a grid as bars that say no more than their state and how many attempts they hold."""
    step = grid.step_seconds * 1000
    return {
        "coarse": True,
        "bands": [
            {"name": shown(band.array), "count": band.count, "lanes": band.lanes}
            for band in grid.bands
        ],
        "count": len(grid.cells),
        "lane": _same([cell.row for cell in grid.cells]),
        "start": _same([round(cell.column * step) for cell in grid.cells]),
        "length": _same([round(cell.length * step) for cell in grid.cells]),
        "state": _same([STATES.index(cell.state) for cell in grid.cells]),
        "most": _same([cell.most for cell in grid.cells]),
    }


def bar_state(attempt: ChildAttempt, ran: Ran | None) -> int:
    """Return the place in STATES that a bar is drawn with."""
    if attempt.state == "succeeded" and ran is not None and ran.tasks == ran.not_succeeded:
        return STATES.index("skipped")
    return STATES.index(attempt.state)


def drawn_states(bars: Mapping[str, Any]) -> frozenset[str]:
    """Return the states that there are bars of."""
    column = bars["state"]
    numbers = set(column) if isinstance(column, list) else {column} - {None}
    return frozenset(STATES[number] for number in numbers)


def graph_data(outcomes: Sequence[ArrayOutcome]) -> dict[str, Any]:
    """Return the jobs as boxes in rows, and their links.

    Shapes: more than MOST_BOXES jobs, or MOST_LAYERS layers, are folded into one box a layer.
    """
    fold = _fold(outcomes)
    boxes: dict[str, dict[str, Any]] = {}
    key_of = {one.job.name: _box_key(one, fold) for one in outcomes}
    layers: dict[str, int] = {}
    for one in outcomes:
        key = key_of[one.job.name]
        box = boxes.setdefault(key, _empty_box(one, fold))
        layers[key] = one.layer // (fold or 1)
        box["jobs"] += 1
        box["children"] += one.job.size
        for what in ("succeeded", "failed", "skipped"):
            box[what] += getattr(one, what)
        box["tasks"] += one.job.tasks
        box["word"] = _worse(box["word"], one.word)
    links = {
        (key_of[link.array], key_of[one.job.name], link.type.value)
        for one in outcomes
        for link in one.job.depends_on
        if link.array in key_of and key_of[link.array] != key_of[one.job.name]
    }
    rows = ordered_layers(layers, sorted((start, end) for start, end, _ in links))
    number = {key: place for place, key in enumerate(key for row in rows for key in row)}
    return {
        "folded": fold > 0,
        "rows": [len(row) for row in rows],
        "boxes": [boxes[key] for row in rows for key in row],
        "links": sorted([number[start], number[end], kind] for start, end, kind in links),
    }


def shapes_data(shapes: Sequence[TransformationShape]) -> list[dict[str, Any]]:
    """Return the distributions of the transformations that took most time.

    Shapes: `box` holds least, lower quarter, median, upper quarter, most.
    """
    return [
        {
            "name": shown(shape.transformation),
            "metrics": {
                metric: {
                    "count": one.count,
                    "mean": _rounded(one.mean),
                    "box": [
                        _rounded(value)
                        for value in (one.least, one.lower, one.median, one.upper, one.most)
                    ],
                    "edges": [_rounded(edge) for edge in one.edges],
                    "counts": list(one.counts),
                }
                for metric in METRICS
                if (one := shape.metrics.get(metric)) is not None
            },
        }
        for shape in shapes[:MOST_SHAPES]
    ]


def usage_data(usage: Usage) -> dict[str, Any]:
    """Return the curves; those of which nothing is on record are null."""
    return {
        "step": round(usage.step_seconds, 6),
        "vcpus_taken": [_rounded(one) for one in usage.vcpus_taken],
        "vcpus_used": [_rounded(one) for one in usage.vcpus_used] if usage.knows_cpu else None,
        "memory_taken": [_rounded(one) for one in usage.memory_taken_mib],
        "memory_used": [_rounded(one) for one in usage.memory_used_mib]
        if usage.knows_memory
        else None,
    }


def _fold(outcomes: Sequence[ArrayOutcome]) -> int:
    """Return how many layers are one box; 0 where each job has its own."""
    layers = 1 + max((one.layer for one in outcomes), default=0)
    if len(outcomes) <= MOST_BOXES and layers <= MOST_LAYERS:
        return 0
    return -(-layers // MOST_LAYERS)


def _box_key(one: ArrayOutcome, fold: int) -> str:
    return str(one.layer // fold) if fold else one.job.name


def _empty_box(one: ArrayOutcome, fold: int) -> dict[str, Any]:
    return {
        "name": _steps(one.layer, fold) if fold else shown(one.job.name),
        "kind": "layer" if fold else one.job.kind,
        "word": one.word,
        "batch": "" if fold else one.batch,
        "jobs": 0,
        "children": 0,
        "tasks": 0,
        "succeeded": 0,
        "failed": 0,
        "skipped": 0,
    }


def _steps(layer: int, fold: int) -> str:
    first = layer - layer % fold + 1
    return f"step {first}" if fold == 1 else f"steps {first} to {first + fold - 1}"


_BETTER_FIRST = ("succeeded", "waiting", "running", "skipped", "failed")


def _worse(one: str, other: str) -> str:
    return max(one, other, key=_BETTER_FIRST.index)


def _milliseconds(moment: float | None, started: float) -> int | None:
    return None if moment is None else max(0, round((moment - started) * 1000))


def _length(one: ChildAttempt, timeline: Timeline) -> int | None:
    if one.start is None:
        return None
    end = timeline.ended if one.end is None else one.end
    return max(0, round((end - one.start) * 1000))


def _rounded(value: float | None) -> float | None:
    """Return a number with the digits that a chart can show: four, and no zeros behind them."""
    if value is None:
        return None
    short = float(f"{value:.4g}") if abs(value) < 1000 else round(value, 1)
    return int(short) if short == int(short) else short


def _same(values: Iterable[Any]) -> Any:
    """Return a column, or the one value that all of it has."""
    column = list(values)
    first = column[0] if column else None
    return first if all(one == first for one in column) else column

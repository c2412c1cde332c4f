"""Where boxes and links of a drawing lie, in pixels: layers from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pegbatch.model.drawing import BOX_STATES, Box, BoxState, Drawing
from pegbatch.model.plain import plain_line
from pegbatch.report.layers import ordered_layers

CHARACTER_PX = 7.2
LINE_PX = 17
PADDING_PX = 10
GAP_PX = 24
ROW_GAP_PX = 14
LAYER_GAP_PX = 56
MARGIN_PX = 20
ROW_PX = 2400
"""Boxes of a layer that is wider than this stand in several rows."""
BAR_PX = 4
"""Height of the bar that says how many of a box's tasks are in which state."""
BAR_UP_PX = 7
"""From its top to the lower edge of the box."""
LABEL_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box with its place, in pixels."""

    box: Box
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Return the horizontal place of its links and texts."""
        return self.x + self.width / 2

    def texts(self) -> Iterator[tuple[str, float]]:
        """Yield its lines, each with the vertical place of its baseline."""
        for number, line in enumerate(self.box.lines):
            yield shortened(line), self.y + PADDING_PX + LINE_PX * (number + 0.75)

    def bar(self) -> Iterator[tuple[BoxState, float, float]]:
        """Yield, where it holds tasks of several states, each state with left end and width."""
        counts = [(state, self.box.counts.get(state, 0)) for state in reversed(BOX_STATES)]
        total = sum(count for _, count in counts)
        left, whole = self.x + PADDING_PX, self.width - 2 * PADDING_PX
        for state, count in counts:
            if total > count > 0:
                yield state, left, whole * count / total
                left += whole * count / total

    @property
    def bar_top(self) -> float:
        """Return the vertical place of that bar."""
        return self.y + self.height - BAR_UP_PX


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole picture."""

    width: float
    height: float
    boxes: Mapping[str, PlacedBox]
    """By key."""
    legend: Sequence[PlacedBox]
    """A box a state, at the top; none where no run has begun."""


def place(drawing: Drawing) -> Layout:
    """Return where everything lies."""
    legend = _legend(drawing)
    top = MARGIN_PX + (legend[0].height + GAP_PX if legend else 0)
    boxes = _placed(drawing, top)
    everything = [*boxes.values(), *legend]
    return Layout(
        width=max((one.x + one.width for one in everything), default=0) + MARGIN_PX,
        height=max((one.y + one.height for one in everything), default=0) + MARGIN_PX,
        boxes=boxes,
        legend=legend,
    )


def shortened(text: str) -> str:
    """Return a line as it stands in a box: harmless, and not too long."""
    text = plain_line(text)
    return text if len(text) <= LABEL_CHARACTERS else text[: LABEL_CHARACTERS - 1] + "…"


def _legend(drawing: Drawing) -> list[PlacedBox]:
    placed: list[PlacedBox] = []
    x = float(MARGIN_PX)
    for state in drawing.states:
        box = Box(f"legend {state}", (state,), 0, "task", {state: 1})
        placed.append(PlacedBox(box, x, MARGIN_PX, _width(box), _height(box)))
        x += _width(box) + ROW_GAP_PX
    return placed


def _placed(drawing: Drawing, top: float) -> dict[str, PlacedBox]:
    layers = [_rows(layer) for layer in _layers(drawing)]
    widest = max((_row_width(row) for rows in layers for row in rows), default=0.0)
    placed: dict[str, PlacedBox] = {}
    y = top
    for rows in layers:
        for row in rows:
            x = MARGIN_PX + (widest - _row_width(row)) / 2
            height = max(map(_height, row))
            for box in row:
                placed[box.key] = PlacedBox(box, x, y, _width(box), height)
                x += _width(box) + GAP_PX
            y += height + ROW_GAP_PX
        y += LAYER_GAP_PX - ROW_GAP_PX
    return placed


def _layers(drawing: Drawing) -> list[list[Box]]:
    boxes = {box.key: box for box in drawing.boxes}
    layers = ordered_layers(
        {box.key: box.layer for box in drawing.boxes},
        [(link.start, link.end) for link in drawing.connections],
    )
    return [[boxes[key] for key in layer] for layer in layers]


def _rows(layer: Sequence[Box]) -> list[list[Box]]:
    """Break a layer like text; rows are about equally full."""
    whole = _row_width(layer)
    wanted = whole / (1 + int(whole / ROW_PX))
    rows: list[list[Box]] = [[]]
    for box in layer:
        if rows[-1] and _row_width([*rows[-1], box]) > max(wanted + GAP_PX, _width(box)):
            rows.append([])
        rows[-1].append(box)
    return rows


def _row_width(row: Sequence[Box]) -> float:
    return sum(map(_width, row)) + GAP_PX * (len(row) - 1)


def _width(box: Box) -> float:
    return 2 * PADDING_PX + CHARACTER_PX * max(len(shortened(line)) for line in box.lines)


def _height(box: Box) -> float:
    return 2 * PADDING_PX + LINE_PX * len(box.lines)

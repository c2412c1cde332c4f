"""A drawing as a self-contained SVG: layers from top to bottom, readable in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pegbatch.model.drawing import Box, Connection, Drawing
from pegbatch.model.plain import plain_line

CHARACTER_PX = 7.2
LINE_PX = 17
PADDING_PX = 10
GAP_PX = 24
LAYER_GAP_PX = 56
MARGIN_PX = 20
SWEEPS = 4
LABEL_CHARACTERS = 40

_STYLE = """
  svg { font: 12px ui-monospace, Menlo, Consolas, monospace; background: #fff }
  text { fill: #1b1f24; text-anchor: middle }
  .box { fill: #eef3f8; stroke: #57708a } .array { stroke-width: 2.5 }
  .helper { fill: #fff; stroke-dasharray: 4 3 }
  .link { fill: none; stroke: #57708a } .n_to_n { stroke: #0a7d55; stroke-width: 2.5 }
  .all { stroke-dasharray: 6 3 } marker path { fill: context-stroke }
  @media (prefers-color-scheme: dark) {
    svg { background: #14181d } text { fill: #e6edf3 } .box { fill: #222b35; stroke: #8aa4bf }
    .helper { fill: #14181d } .link { stroke: #8aa4bf } .n_to_n { stroke: #3fce97 }
  }
"""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A box with its place, in pixels."""

    box: Box
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def as_svg(drawing: Drawing) -> str:
    """Return the picture.

    Shapes: boxes of a layer side by side, ordered so that links cross little; link types are
    told by stroke (ALL dashed, N_TO_N thick) and by a title on each.
    """
    placed = _place(drawing)
    width = max((p.x + p.width for p in placed.values()), default=0) + MARGIN_PX
    height = max((p.y + p.height for p in placed.values()), default=0) + MARGIN_PX
    links = [_link(connection, placed) for connection in drawing.connections]
    boxes = [_box(p) for p in placed.values()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{_text(drawing.title)}</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
            *links,
            *boxes,
            "</svg>\n",
        ]
    )


def _text(text: str) -> str:
    """Return text as XML holds it, which has no place for control characters."""
    return escape(plain_line(text))


def _place(drawing: Drawing) -> dict[str, _Placed]:
    layers = _ordered_layers(drawing)
    widths = [_layer_width(layer) for layer in layers]
    widest = max(widths, default=0.0)
    placed: dict[str, _Placed] = {}
    y = float(MARGIN_PX)
    for layer, layer_width in zip(layers, widths, strict=True):
        x = MARGIN_PX + (widest - layer_width) / 2
        height = max(2 * PADDING_PX + LINE_PX * len(box.lines) for box in layer)
        for box in layer:
            placed[box.key] = _Placed(box, x, y, _width(box), height)
            x += _width(box) + GAP_PX
        y += height + LAYER_GAP_PX
    return placed


def _ordered_layers(drawing: Drawing) -> list[list[Box]]:
    """Return the layers, boxes moved towards the middle of what they are linked with."""
    layers: dict[int, list[Box]] = {}
    for box in drawing.boxes:
        layers.setdefault(box.layer, []).append(box)
    rows = [layers[number] for number in sorted(layers)]
    neighbours: dict[str, list[str]] = {box.key: [] for box in drawing.boxes}
    for link in drawing.connections:
        neighbours[link.start].append(link.end)
        neighbours[link.end].append(link.start)
    for _ in range(SWEEPS):
        places = {box.key: (i + 0.5) / len(row) for row in rows for i, box in enumerate(row)}
        for row in rows:
            row.sort(key=lambda box: _mean([places[key] for key in neighbours[box.key]]))
            places |= {box.key: (i + 0.5) / len(row) for i, box in enumerate(row)}
    return rows


def _mean(places: Sequence[float]) -> float:
    return sum(places) / len(places) if places else 0.5


def _layer_width(layer: Sequence[Box]) -> float:
    return sum(map(_width, layer)) + GAP_PX * (len(layer) - 1)


def _width(box: Box) -> float:
    return 2 * PADDING_PX + CHARACTER_PX * max(len(_shortened(line)) for line in box.lines)


def _shortened(text: str) -> str:
    return text if len(text) <= LABEL_CHARACTERS else text[: LABEL_CHARACTERS - 1] + "…"


def _link(connection: Connection, placed: Mapping[str, _Placed]) -> str:
    start, end = placed[connection.start], placed[connection.end]
    top, bottom = start.y + start.height, end.y
    bend = (bottom - top) / 2
    titles = {"edge": "waits for", "all": "ALL", "n_to_n": "N_TO_N"}
    names = f"{start.box.lines[0]} → {end.box.lines[0]}: {titles[connection.kind]}"
    return (
        f'<path class="link {connection.kind}" marker-end="url(#tip)" d="M{start.middle:.1f} '
        f"{top:.1f} C{start.middle:.1f} {top + bend:.1f} {end.middle:.1f} {bottom - bend:.1f} "
        f'{end.middle:.1f} {bottom:.1f}"><title>{_text(names)}</title></path>'
    )


def _box(placed: _Placed) -> str:
    box = placed.box
    texts = "".join(
        f'<text x="{placed.middle:.1f}" y="{placed.y + PADDING_PX + LINE_PX * (i + 0.75):.1f}">'
        f"{_text(_shortened(line))}</text>"
        for i, line in enumerate(box.lines)
    )
    radius = 14 if box.kind == "helper" else 4
    return (
        f'<g><title>{_text(" ".join(box.lines))}</title><rect class="box {box.kind}" '
        f'x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" '
        f'height="{placed.height:.1f}" rx="{radius}"/>{texts}</g>'
    )

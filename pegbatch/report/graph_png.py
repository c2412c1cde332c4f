"""A drawing as a PNG, from the same layout as the SVG; needs Pillow (extra `png`)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

from pegbatch.model.drawing import Connection, Drawing
from pegbatch.report.graph_colors import LINK, N_TO_N_LINK, PLAIN, SHADES, TEXT
from pegbatch.report.graph_layout import BAR_PX, Layout, PlacedBox, place

SCALE = 2.0
"""Pixels of the picture for one of the layout: sharp on screens of today, and in print."""
PIXELS_MAX = 30e6
"""Larger pictures are scaled down: about 90 MB while they are drawn."""
FONT_PX = 12
FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc")
"""The first that the machine has; else Pillow's own, which knows Latin letters alone."""
CURVE_STEPS = 24
DASH_STEPS = 2
TIP_PX = 7.0

_Point = tuple[float, float]


def as_png(drawing: Drawing) -> bytes:
    """Return the picture, on white."""
    layout = place(drawing)
    scale = min(SCALE, (PIXELS_MAX / (layout.width * layout.height)) ** 0.5)
    size = (max(1, round(layout.width * scale)), max(1, round(layout.height * scale)))
    image = Image.new("RGB", size, "white")
    _Painter(image, scale).paint(drawing, layout)
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


class _Painter:
    """Draws with the coordinates of the layout."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self._scale = scale
        self._font = _font(FONT_PX * scale)

    def paint(self, drawing: Drawing, layout: Layout) -> None:
        for box in layout.legend:
            self._box(box)
        for link in drawing.connections:
            self._link(link, layout.boxes[link.start], layout.boxes[link.end])
        for box in layout.boxes.values():
            self._box(box)

    def _box(self, placed: PlacedBox) -> None:
        box = placed.box
        shade = SHADES[box.state] if box.state else PLAIN
        corners = self._at(placed.x, placed.y, placed.width, placed.height)
        fill = "white" if box.kind == "helper" and not box.state else shade.fill
        radius = (14 if box.kind == "helper" else 4) * self._scale
        width = self._pen(2.5 if box.kind == "array" else 1)
        self._draw.rounded_rectangle(corners, radius, fill, shade.stroke, width)
        for state, x, wide in placed.bar():
            self._draw.rectangle(self._at(x, placed.bar_top, wide, BAR_PX), SHADES[state].stroke)
        for line, y in placed.texts():
            at = (placed.middle * self._scale, y * self._scale)
            self._draw.text(at, line, TEXT, self._font, anchor="ms")

    def _link(self, link: Connection, start: PlacedBox, end: PlacedBox) -> None:
        first = (start.middle, start.y + start.height)
        last = (end.middle, end.y)
        points = [self._scaled(point) for point in _curve(first, last)]
        color = N_TO_N_LINK if link.kind == "n_to_n" else LINK
        width = self._pen(2.5 if link.kind == "n_to_n" else 1)
        pieces = _dashes(points) if link.kind == "all" else iter([points])
        for piece in pieces:
            self._draw.line(piece, color, width, joint="curve")
        across, back = TIP_PX / 2 * self._scale, TIP_PX * self._scale
        x, y = points[-1]
        self._draw.polygon([(x, y), (x - across, y - back), (x + across, y - back)], color)

    def _at(self, x: float, y: float, width: float, height: float) -> tuple[_Point, _Point]:
        return self._scaled((x, y)), self._scaled((x + width, y + height))

    def _scaled(self, point: _Point) -> _Point:
        return round(point[0] * self._scale, 1), round(point[1] * self._scale, 1)

    def _pen(self, width: float) -> int:
        return max(1, round(width * self._scale))


def _curve(first: _Point, last: _Point) -> Iterator[_Point]:
    """Yield points of the curve that the SVG has, too."""
    bend = (last[1] - first[1]) / 2
    for step in range(CURVE_STEPS + 1):
        t = step / CURVE_STEPS
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        y = a * first[1] + b * (first[1] + bend) + c * (last[1] - bend) + d * last[1]
        yield (a + b) * first[0] + (c + d) * last[0], y


def _dashes(points: list[_Point]) -> Iterator[list[_Point]]:
    for start in range(0, len(points) - 1, 2 * DASH_STEPS):
        yield points[start : start + DASH_STEPS + 1]


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)

"""A drawing as a self-contained SVG, readable in light and dark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from pegbatch.model.drawing import Connection, Drawing
from pegbatch.model.plain import plain_line
from pegbatch.report.graph_colors import SHADES
from pegbatch.report.graph_layout import BAR_PX, PlacedBox, place

_STYLE = """
  svg { font: 12px ui-monospace, Menlo, Consolas, monospace; background: #fff }
  text { fill: #1b1f24; text-anchor: middle }
  .box { fill: #eef3f8; stroke: #57708a } .array { stroke-width: 2.5 }
  .helper { fill: #fff; stroke-dasharray: 4 3 }
  .link { fill: none; stroke: #57708a } .n_to_n { stroke: #0a7d55; stroke-width: 2.5 }
  .all { stroke-dasharray: 6 3 } marker path { fill: context-stroke }
"""
_DARK = """
    svg { background: #14181d } text { fill: #e6edf3 } .box { fill: #222b35; stroke: #8aa4bf }
    .helper { fill: #14181d } .link { stroke: #8aa4bf } .n_to_n { stroke: #3fce97 }
"""
_DEFINITIONS = """\
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"
markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>"""
# What XML has no place for, and plain_line leaves.
_NO_XML = re.compile("[\ufffe\uffff]")


def as_svg(drawing: Drawing) -> str:
    """Return the picture.

    Shapes: link types are told by stroke (ALL dashed, N_TO_N thick) and by a title on each;
    states by colour and by a line in the box, with a legend on top.
    """
    layout = place(drawing)
    width, height = f"{layout.width:.0f}", f"{layout.height:.0f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">',
            f"<title>{_text(drawing.title)}</title>",
            f"<style>{_style(drawing)}</style>",
            _DEFINITIONS,
            *map(_box, layout.legend),
            *(_link(connection, layout.boxes) for connection in drawing.connections),
            *map(_box, layout.boxes.values()),
            "</svg>\n",
        ]
    )


def _style(drawing: Drawing) -> str:
    """Return the rules, with those of the states that there are."""
    known = [(state, SHADES[state]) for state in drawing.states]
    light = [_rules(state, shade.fill, shade.stroke) for state, shade in known]
    dark = [_rules(state, shade.dark_fill, shade.dark_stroke) for state, shade in known]
    media = f"  @media (prefers-color-scheme: dark) {{{_DARK}{''.join(dark)}  }}\n"
    return f"{_STYLE}{''.join(light)}{media}"


def _rules(state: str, fill: str, stroke: str) -> str:
    return (
        f"  .box.{state} {{ fill: {fill}; stroke: {stroke} }} .bar.{state} {{ fill: {stroke} }}\n"
    )


def _text(text: str) -> str:
    """Return text as XML holds it, which has no place for control characters."""
    return escape(_NO_XML.sub("?", plain_line(text)))


def _link(connection: Connection, placed: Mapping[str, PlacedBox]) -> str:
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


def _box(placed: PlacedBox) -> str:
    box = placed.box
    texts = "".join(
        f'<text x="{placed.middle:.1f}" y="{y:.1f}">{_text(line)}</text>'
        for line, y in placed.texts()
    )
    bars = "".join(
        f'<rect class="bar {state}" x="{x:.1f}" y="{placed.bar_top:.1f}" '
        f'width="{width:.1f}" height="{BAR_PX}"/>'
        for state, x, width in placed.bar()
    )
    radius = 14 if box.kind == "helper" else 4
    classes = " ".join(["box", box.kind, *([box.state] if box.state else [])])
    return (
        f'<g><title>{_text(" ".join(box.lines))}</title><rect class="{classes}" '
        f'x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" '
        f'height="{placed.height:.1f}" rx="{radius}"/>{bars}{texts}</g>'
    )

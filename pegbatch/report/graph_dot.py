"""A drawing in Graphviz's DOT language."""

from __future__ import annotations

from pegbatch.model.drawing import Box, BoxKind, BoxState, Drawing, LinkKind
from pegbatch.model.plain import plain_line
from pegbatch.report.graph_colors import SHADES

_SHAPES: dict[BoxKind, tuple[str, str]] = {
    "task": ("box", "rounded"),
    "array": ("box3d", ""),
    "plain": ("box", ""),
    "helper": ("ellipse", "dashed"),
}
_LINKS: dict[LinkKind, str] = {
    "edge": "",
    "all": ' [label="all"]',
    "n_to_n": ' [label="i to i", style=bold, color="#0a7d55"]',
}


def as_dot(drawing: Drawing) -> str:
    """Return a digraph, top to bottom.

    Source: Graphviz, "DOT Language": quoted strings escape the quote and the backslash.
    """
    numbers = {box.key: f"n{number}" for number, box in enumerate(drawing.boxes)}
    lines = [f"digraph {_quoted(drawing.title)} {{", "  rankdir=TB;"]
    lines += [f"  {numbers[box.key]} [{_looks(box)}];" for box in drawing.boxes]
    for link in drawing.connections:
        lines.append(f"  {numbers[link.start]} -> {numbers[link.end]}{_LINKS[link.kind]};")
    return "\n".join([*lines, *_legend(drawing), "}", ""])


def _looks(box: Box) -> str:
    label = "\\n".join(_escaped(line) for line in box.lines)
    shape, style = _SHAPES[box.kind]
    styles = ",".join(filter(None, (style, "filled" if box.state else "")))
    named = f', style="{styles}"' if styles else ""
    return f'label="{label}", shape={shape}{named}{_colors(box.state)}'


def _colors(state: BoxState | None) -> str:
    if state is None:
        return ""
    return f', fillcolor="{SHADES[state].fill}", color="{SHADES[state].stroke}"'


def _legend(drawing: Drawing) -> list[str]:
    if not drawing.states:
        return []
    boxes = [Box("", (state,), 0, "task", {state: 1}) for state in drawing.states]
    rows = [f"    legend{number} [{_looks(box)}];" for number, box in enumerate(boxes)]
    return ["  subgraph cluster_legend {", '    label="legend";', *rows, "  }"]


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return plain_line(text).replace("\\", "\\\\").replace('"', '\\"')

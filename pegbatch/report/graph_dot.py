"""A drawing in Graphviz's DOT language."""

from __future__ import annotations

from pegbatch.model.drawing import BoxKind, Drawing, LinkKind
from pegbatch.model.plain import plain_line

_BOXES: dict[BoxKind, str] = {
    "task": "shape=box, style=rounded",
    "array": "shape=box3d",
    "plain": "shape=box",
    "helper": "shape=ellipse, style=dashed",
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
    for box in drawing.boxes:
        label = "\\n".join(_escaped(line) for line in box.lines)
        lines.append(f'  {numbers[box.key]} [label="{label}", {_BOXES[box.kind]}];')
    for link in drawing.connections:
        lines.append(f"  {numbers[link.start]} -> {numbers[link.end]}{_LINKS[link.kind]};")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return plain_line(text).replace("\\", "\\\\").replace('"', '\\"')

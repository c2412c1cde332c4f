"""A drawing in Mermaid's flowchart language, which GitHub and many editors show."""

from __future__ import annotations

from html import escape

from pegbatch.model.drawing import Box, Drawing, LinkKind
from pegbatch.model.plain import plain_line

_ARROWS: dict[LinkKind, str] = {"edge": "-->", "all": "-->|all|", "n_to_n": "==>|i to i|"}


def as_mermaid(drawing: Drawing) -> str:
    """Return a flowchart, top to bottom.

    Source: Mermaid, "Flowcharts": labels in quotes, special characters as entities.
    """
    numbers = {box.key: f"n{number}" for number, box in enumerate(drawing.boxes)}
    lines = ["flowchart TB"]
    lines += [f"  {numbers[box.key]}{_shape(box)}" for box in drawing.boxes]
    lines += [
        f"  {numbers[link.start]} {_ARROWS[link.kind]} {numbers[link.end]}"
        for link in drawing.connections
    ]
    return "\n".join(lines) + "\n"


def _shape(box: Box) -> str:
    label = "<br/>".join(escape(plain_line(line)).replace("#", "&num;") for line in box.lines)
    match box.kind:
        case "array":
            return f'[["{label}"]]'
        case "helper":
            return f'(["{label}"])'
        case "plain" | "task":
            return f'["{label}"]'

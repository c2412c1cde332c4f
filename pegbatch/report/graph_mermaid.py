"""A drawing in Mermaid's flowchart language, which GitHub and many editors show."""

from __future__ import annotations

from html import escape

from pegbatch.model.drawing import Box, Drawing, LinkKind
from pegbatch.model.plain import plain_line
from pegbatch.report.graph_colors import SHADES, TEXT

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
    return "\n".join([*lines, *_colors(drawing)]) + "\n"


def _shape(box: Box) -> str:
    label = "<br/>".join(escape(plain_line(line)).replace("#", "&num;") for line in box.lines)
    ending = f":::{box.state}" if box.state else ""
    match box.kind:
        case "array":
            return f'[["{label}"]]{ending}'
        case "helper":
            return f'(["{label}"]){ending}'
        case "plain" | "task":
            return f'["{label}"]{ending}'


def _colors(drawing: Drawing) -> list[str]:
    """Return the class of each state; its text is dark on either page, as its box is light."""
    if not drawing.states:
        return []
    boxes = [f'    legend{n}["{state}"]:::{state}' for n, state in enumerate(drawing.states)]
    classes = [
        f"  classDef {state} fill:{SHADES[state].fill},stroke:{SHADES[state].stroke},color:{TEXT}"
        for state in drawing.states
    ]
    return ["  subgraph legend", *boxes, "  end", *classes]

"""A graph to be drawn, whatever the format: boxes in layers, and links between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BoxKind = Literal["task", "array", "plain", "helper"]
LinkKind = Literal["edge", "all", "n_to_n"]


@dataclass(frozen=True, slots=True)
class Box:
    """One node."""

    key: str
    """Unique in the drawing."""
    lines: tuple[str, ...]
    """What stands in it; may hold any character."""
    layer: int
    """From 0, top to bottom."""
    kind: BoxKind


@dataclass(frozen=True, slots=True)
class Connection:
    """One link, from what ends first to what waits for it."""

    start: str
    end: str
    kind: LinkKind


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes in reading order, layer by layer, and their links."""

    title: str
    boxes: tuple[Box, ...]
    connections: tuple[Connection, ...]

"""A graph to be drawn, whatever the format: boxes in layers, and links between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pegbatch.model.history import TaskStanding

BoxKind = Literal["task", "array", "plain", "helper"]
LinkKind = Literal["edge", "all", "n_to_n"]
BoxState = TaskStanding
"""How a task stands, or a helper."""
BOX_STATES: tuple[BoxState, ...] = get_args(BoxState)
"""A box that holds tasks of several states has the colour of the first of these."""


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
    counts: Mapping[BoxState, int] = field(default_factory=dict)
    """Tasks by state, more than none each; empty where no run has begun."""

    @property
    def state(self) -> BoxState | None:
        """Return the state that gives the box its colour."""
        return next((state for state in BOX_STATES if self.counts.get(state)), None)


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

    @property
    def states(self) -> tuple[BoxState, ...]:
        """Return the states that its colours stand for, for the legend."""
        found = {state for box in self.boxes for state, count in box.counts.items() if count}
        return tuple(state for state in reversed(BOX_STATES) if state in found)

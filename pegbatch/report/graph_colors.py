"""The colours of states in drawings; chosen so that the usual kinds of colour blindness tell them.

What a colour says, a line in the box says, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pegbatch.model.drawing import BoxState


@dataclass(frozen=True, slots=True)
class Shade:
    """How boxes of a state look, as CSS colours."""

    fill: str
    stroke: str
    dark_fill: str
    """On a dark page, as `dark_stroke`."""
    dark_stroke: str


PLAIN = Shade("#eef3f8", "#57708a", "#222b35", "#8aa4bf")
"""Boxes of a plan that has not begun."""
SHADES: Mapping[BoxState, Shade] = {
    "succeeded": Shade("#d5efe1", "#0a7d55", "#12382b", "#3fce97"),
    "running": Shade("#d6e7fb", "#1f66c1", "#14305a", "#6aaeff"),
    "waiting": Shade("#f2f4f6", "#7b8794", "#20262d", "#8b98a6"),
    "skipped": Shade("#eee3f4", "#7f5a9c", "#33264a", "#bf9be6"),
    "failed": Shade("#fcd9cf", "#c4330f", "#4d1d12", "#ff8a66"),
}
TEXT = "#1b1f24"
LINK = "#57708a"
N_TO_N_LINK = "#0a7d55"

"""The section of the report that shows when each child ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from pegbatch.model.history import History
from pegbatch.model.run_view import Timeline
from pegbatch.report.counts import count_text
from pegbatch.report.estimate_text import duration
from pegbatch.report.markup import Markup, element, joined
from pegbatch.report.page_data import STATES
from pegbatch.report.page_pieces import badge, chart, section

_BUTTONS = (
    ("left", "←", "Earlier"),
    ("right", "→", "Later"),
    ("in", "+", "Zoom in"),
    ("out", "−", "Zoom out"),
    ("whole", "Whole run", "Show the whole run"),
)
_KEYS = (
    "Keys: ← and → move, ↑ and ↓ (or + and −) zoom, with Shift in the arrays, Page Up and Page "
    "Down move through them, Home shows the whole run. Drag to move; Ctrl and the wheel, or "
    "two fingers, zoom. A click tells of an attempt."
)


def timeline_section(
    history: History, timeline: Timeline, drawn: Collection[str], *, coarse: bool
) -> Markup:
    """Return the place of the timeline with its controls, and of its table.

    Shapes: drawn are the states that bars have; a coarse timeline has no table, a child a row.
    """
    badges = (joined([badge(one), " "]) for one in STATES if one in drawn)
    return section(
        "timeline",
        "Timeline",
        _controls(),
        element("p", *badges, class_="legend"),
        chart("timeline", _in_words(history, timeline), keys=True),
        element("p", id="timeline-picked", class_="picked", role="status", aria_live="polite"),
        element("p", _KEYS, id="timeline-keys", class_="hint scripted"),
        _unplaced_note(len(timeline.unplaced)) if timeline.unplaced else None,
        _coarse_note(len(history.attempts))
        if coarse
        else element("div", id="attempts", class_="scripted"),
    )


def _in_words(history: History, timeline: Timeline) -> str:
    """Return what the chart shows, for who cannot see it."""
    states = Counter(one.state for one in history.attempts)
    bad = [f", {states[one]:,} {one}" for one in ("failed", "lost", "running") if one in states]
    return (
        f"{count_text(len(timeline.bars), 'attempt')} of children of "
        f"{count_text(len(timeline.bands), 'array')} over {duration(timeline.seconds)}"
        + "".join(bad)
    )


def _controls() -> Markup:
    return element(
        "div",
        *(
            element("button", text, type="button", data_zoom=key, aria_label=name, title=name)
            for key, text, name in _BUTTONS
        ),
        element("span", id="timeline-range", role="status", aria_live="polite"),
        class_="controls scripted",
    )


def _unplaced_note(attempts: int) -> Markup:
    return element(
        "p",
        "Not drawn, because nobody knows when they ran: "
        f"{count_text(attempts, 'attempt')}. The table has all.",
        class_="hint",
    )


def _coarse_note(attempts: int) -> Markup:
    return element(
        "p",
        f"{attempts:,} attempts are too many to be drawn one by one: a bar stands for several and "
        "shows what most of them are, with marks where some failed or were lost. ",
        element("code", "pegbatch statistics -s jb_stats"),
        " lists each.",
        class_="hint",
    )

"""The report of a run: what is folded from its history, put into the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pegbatch.model.analysis import Analysis
from pegbatch.model.history import History
from pegbatch.model.run_view import ArrayOutcome, Grid, Ran, Timeline, TransformationShape, Usage
from pegbatch.model.statistics import ActualCost, ResourceRow, Summary
from pegbatch.report.html import Contents, PageParts, page
from pegbatch.report.markup import Markup
from pegbatch.report.page_charts import (
    arrays_section,
    resources_section,
    transformations_section,
)
from pegbatch.report.page_data import (
    bars_data,
    cells_data,
    drawn_states,
    graph_data,
    shapes_data,
    shown,
    usage_data,
)
from pegbatch.report.page_findings import asked_table, cost_section, failures_section
from pegbatch.report.page_pieces import when
from pegbatch.report.page_sections import headline, summary_section
from pegbatch.report.page_sub_workflows import sub_workflows_section
from pegbatch.report.page_timeline import timeline_section


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """What a report is made of."""

    history: History
    timeline: Timeline
    ran: Mapping[tuple[str, int, int, int], Ran]
    """By array, bag, try and attempt; empty where there is a grid."""
    grid: Grid | None
    """Stands for the timeline where there are too many attempts to draw each."""
    outcomes: Sequence[ArrayOutcome]
    shapes: Sequence[TransformationShape]
    usage: Usage
    resources: Sequence[ResourceRow]
    analysis: Analysis
    summary: Summary
    cost: ActualCost
    submit_dir: str
    """As a shell takes it."""
    version: str
    """Of pegbatch."""
    now: float
    """Seconds since the epoch."""


def report(view: RunView, parts: PageParts) -> str:
    """Return the HTML file."""
    history, data = view.history, _data(view)
    sections = {
        "summary": summary_section(history, view.summary),
        "failures": failures_section(view.analysis, view.submit_dir),
        "arrays": arrays_section(view.outcomes),
    }
    if history.nested:
        sections["sub-workflows"] = sub_workflows_section(history)
    if history.attempts:
        sections |= _what_ran(view, drawn_states(data["bars"]))
    contents = Contents(
        title=shown(history.status.workflow),
        head=headline(history),
        sections=sections,
        data=data,
        made=f"Made by pegbatch {view.version}, {when(view.now)}.",
    )
    return page(contents, parts)


def _what_ran(view: RunView, drawn: Collection[str]) -> dict[str, Markup]:
    """Return the sections that are empty before anything has run."""
    return {
        "timeline": timeline_section(
            view.history, view.timeline, drawn, coarse=view.grid is not None
        ),
        "transformations": transformations_section(view.shapes),
        "resources": resources_section(view.usage, asked_table(view.resources)),
        "cost": cost_section(view.cost, is_local=view.history.status.service != "aws"),
    }


def _data(view: RunView) -> Mapping[str, Any]:
    return {
        "seconds": round(view.timeline.seconds, 3),
        "bars": bars_data(view.history, view.timeline, view.ran)
        if view.grid is None
        else cells_data(view.grid),
        "graph": graph_data(view.outcomes),
        "shapes": shapes_data(view.shapes),
        "usage": usage_data(view.usage),
    }

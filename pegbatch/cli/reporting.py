"""The use case behind `pegbatch report`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from pegbatch.adapters.files import write_output
from pegbatch.adapters.private_files import write_private
from pegbatch.cli.analyzing import makers_of
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.planning import without_collection
from pegbatch.cli.pricing import Pricing
from pegbatch.cli.results import place
from pegbatch.cli.statistics import cost_of_run
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.analysis.grouping import analyse
from pegbatch.engine.looking.array_outcomes import array_outcomes
from pegbatch.engine.statistics.distributions import shapes_of
from pegbatch.engine.statistics.overall import summarize
from pegbatch.engine.statistics.resource_use import resource_rows
from pegbatch.engine.statistics.timeline import lay_out, tasks_by_attempt
from pegbatch.engine.statistics.timeline_grid import coarsen
from pegbatch.engine.statistics.usage import usage_of
from pegbatch.model.analysis import Analysis
from pegbatch.model.history import History
from pegbatch.model.statistics import ActualCost
from pegbatch.report.html import PageParts
from pegbatch.report.run_report import RunView, report

DEFAULT_NAME = "report.html"
"""In the submit directory."""
LIBRARY = "vendor/echarts/echarts.min.js"
SCRIPTS = ("base.js", "timeline.js", "attempts.js", "charts.js")
"""Of the page, in the order in which they lean on each other."""
MOST_BARS = 150_000
"""Attempts that are drawn each; more are drawn as a grid."""
NOTICE = (
    "Charts: Apache ECharts, copyright The Apache Software Foundation, Apache License 2.0; parts "
    "of d3, copyright Mike Bostock, BSD-3-Clause."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report that lies on the disk."""

    path: Path
    size_bytes: int
    history: History

    def to_json(self) -> dict[str, Any]:
        """Return the object of `report --json`."""
        return {
            "report": str(self.path),
            "size_bytes": self.size_bytes,
            "run": self.history.status.run,
            "state": self.history.status.state,
            "tasks": self.history.status.tasks.total,
            "attempts": len(self.history.attempts),
        }


def write_report(run: OpenRun, output: Path | None, pricing: Pricing) -> WrittenReport:
    """Read the history of a run and write its report.

    Shapes: output None is `report.html` in the submit directory.
    Errors: those of reading a run; OutsideError where the file cannot be written.
    """
    with without_collection():
        history = read_history(run)
        view = run_view(
            history,
            analyse(history, makers_of(run, history)),
            cost_of_run(run, history, pricing),
            submit_dir=place(run),
            now=run.clock.now(),
        )
        text = report(view, page_parts())
    data = text.encode()
    path = output or run.directory.path / DEFAULT_NAME
    if output is None:
        write_private(path, data)  # as everything there
    else:
        write_output(path, data)
    return WrittenReport(path=path, size_bytes=len(data), history=history)


def run_view(
    history: History, analysis: Analysis, cost: ActualCost, *, submit_dir: str, now: float
) -> RunView:
    """Fold everything that the report shows.

    Shapes: submit_dir is as a shell takes it.
    Units: now is in seconds since the epoch.
    """
    timeline = lay_out(history, now=now)
    is_large = len(history.attempts) > MOST_BARS
    return RunView(
        history=history,
        timeline=timeline,
        ran={} if is_large else tasks_by_attempt(history),
        grid=coarsen(history, timeline) if is_large else None,
        outcomes=array_outcomes(history),
        shapes=shapes_of(history),
        usage=usage_of(history, now=now),
        resources=resource_rows(history),
        analysis=analysis,
        summary=summarize(history),
        cost=cost,
        submit_dir=submit_dir,
        version=version("pegbatch"),
        now=now,
    )


def page_parts() -> PageParts:
    """Return the files of the package that every report carries."""
    folder = files("pegbatch.report")
    return PageParts(
        style=folder.joinpath("page/style.css").read_text("utf-8"),
        scripts=tuple(
            folder.joinpath(name).read_text("utf-8")
            for name in (LIBRARY, *(f"page/{script}" for script in SCRIPTS))
        ),
        notice=NOTICE,
    )

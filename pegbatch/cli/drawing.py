"""The use case behind `pegbatch graph`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pegbatch.adapters.planned_tasks import read_task_graph
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.planning import read_given
from pegbatch.cli.telling import echo_warnings
from pegbatch.cli.wiring import open_run
from pegbatch.engine.looking.array_outcomes import job_counts
from pegbatch.model.drawing import Drawing
from pegbatch.model.history import History
from pegbatch.planner.draw import draw_arrays
from pegbatch.planner.draw_tasks import TaskLabel, draw_tasks, task_graph
from pegbatch.planner.pipeline import finish, refine

Subject = Literal["tasks", "arrays"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingStyle:
    """What is drawn, and how."""

    of: Subject | None
    """None: tasks of a workflow file, array jobs of a submit directory."""
    label: TaskLabel
    simple: bool
    """Leave out edges that a longer way tells already."""
    states: bool
    """Colour what a run has begun."""


def draw(request: PlanRequest, style: DrawingStyle) -> Drawing:
    """Return the drawing of a workflow file, or of a submit directory.

    Errors: InputError, PlanError; where states are asked for, those of store and Batch.
    """
    if request.workflow.is_dir():
        return _of_directory(request.workflow, style)
    linked = refine(read_given(request, echo_warnings)[0])
    if style.of == "arrays":
        return draw_arrays(finish(linked).plan)
    return draw_tasks(task_graph(linked), label=style.label, simple=style.simple)


def _of_directory(path: Path, style: DrawingStyle) -> Drawing:
    run = open_run(path)
    history: History | None = None
    if style.states and run.state().started is not None:
        history = read_history(run)
    if style.of == "tasks":
        tasks = read_task_graph(run.directory, history.states if history else None)
        return draw_tasks(tasks, label=style.label, simple=style.simple)
    return draw_arrays(run.plan, job_counts(history) if history else None)

"""The use case behind `pegbatch graph`."""

from __future__ import annotations

from typing import Literal

from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.cli.planning import PlanRequest, read_given
from pegbatch.cli.telling import echo_warnings
from pegbatch.errors import UsageError
from pegbatch.model.drawing import Drawing
from pegbatch.planner.draw import draw_arrays, draw_tasks
from pegbatch.planner.pipeline import finish, refine


def draw(request: PlanRequest, of: Literal["tasks", "arrays"] | None) -> Drawing:
    """Return the drawing of a workflow file, or of a submit directory.

    Errors: InputError, PlanError; UsageError for the tasks of a submit directory.
    """
    if request.workflow.is_dir():
        if of == "tasks":
            raise UsageError(
                "a submit directory is drawn as array jobs",
                hint="give the workflow file to draw its tasks",
            )
        return draw_arrays(SubmitDirectory(request.workflow).plan())
    linked = refine(read_given(request, echo_warnings)[0])
    return draw_arrays(finish(linked).plan) if of == "arrays" else draw_tasks(linked)

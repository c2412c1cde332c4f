"""What a plan says of the sub-workflows whose tasks are its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pegbatch.planner.stages import Given


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedIn:
    """A sub-workflow whose tasks are in the plan."""

    id: str
    """The ids of its job and of those around it, joined by dots: its tasks' ids begin so."""
    workflow: str
    file: str
    tasks: int
    """Its own, before any is spared; not those of sub-workflows in it."""


def planned_in(given: Given) -> tuple[PlannedIn, ...]:
    """Return the sub-workflows of a workflow whose tasks stand among its own, in their order."""
    workflow = given.workflow
    of = workflow.transformation_scopes
    if of is None:
        return ()
    counts = Counter(of[number] for number in workflow.tasks.transformations)
    return tuple(
        PlannedIn(
            id=workflow.scopes[number],
            workflow=one.workflow.name,
            file=one.workflow.source,
            tasks=counts[number],
        )
        for number, one in enumerate(given.scopes)
        if number
    )

"""Scopes: what the tasks of each workflow of a plan are planned with.

A plan holds the tasks of one workflow and of those of its sub-workflows whose file was at hand
(expand). Each has catalogs, properties and options of its own; what concerns the plan as a whole
is that of the first, number 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pegbatch.errors import PlanError, Problem
from pegbatch.model.catalogs import Site
from pegbatch.model.workflow import Workflow
from pegbatch.planner.sites import choose_site
from pegbatch.planner.stages import Given


@dataclass(frozen=True, slots=True)
class Scope:
    """One workflow of a plan."""

    path: str
    """Ids of the jobs that stand for it, joined by dots; empty for the first."""
    given: Given
    """Its catalogs, properties and options; facts are of the plan as a whole."""
    site: Site
    """Where its tasks run."""

    def label(self, name: str) -> str:
        """Return a name that is its own: `name`, or `<path>.name` in a sub-workflow."""
        return f"{self.path}.{name}" if self.path else name


def scopes_of(given: Given) -> tuple[Scope, ...]:
    """Return the workflows of a plan, by number.

    Errors: PlanError where the site of one cannot be chosen.
    """
    numbers = range(max(1, len(given.scopes)))
    return tuple(
        _scope(given.workflow.scopes[number], given_of(given, number)) for number in numbers
    )


def _scope(path: str, given: Given) -> Scope:
    try:
        return Scope(path, given, choose_site(given.sites, given.options.sites))
    except PlanError as error:
        if not path:
            raise
        raise PlanError(problems=[_of_sub_workflow(path, one) for one in error.problems]) from error


def _of_sub_workflow(path: str, problem: Problem) -> Problem:
    """Return a problem with whose it is: others are planned with the same catalogs."""
    return replace(problem, message=f"sub-workflow {path}: {problem.message}")


def given_of(given: Given, number: int) -> Given:
    """Return what the workflow of that number is planned with; but for facts, which are whole."""
    return given.scopes[number] if number else given


def scope_of(workflow: Workflow, task: int) -> int:
    """Return the number of the workflow that a task belongs to."""
    of = workflow.transformation_scopes
    return 0 if of is None else of[workflow.tasks.transformations[task]]


def scope_of_file(workflow: Workflow, lfn: int) -> int:
    """Return the number of the workflow whose catalogs know a file, and whose outputs it joins."""
    return 0 if workflow.lfn_scopes is None else workflow.lfn_scopes[lfn]


def source_of(given: Given, task: int) -> str:
    """Return the file that a task is written in."""
    return given_of(given, scope_of(given.workflow, task)).workflow.source


def where_of(given: Given, task: int) -> str:
    """Return `file:line` of a task; the file alone for one of a trace, whose lines nobody knows."""
    line = given.workflow.tasks.lines[task]
    return f"{source_of(given, task)}:{line}" if line else source_of(given, task)

"""Map to a site: which site runs the tasks, with which executable, under which profiles.

One execution site a plan, as in Pegasus's own AWS Batch mode. Profiles are resolved once for
each pair of transformation and profile set, not once a task.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace

from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.bags import TaskSettings
from pegbatch.model.sub_workflows import GATE
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.barriers import SMALL
from pegbatch.planner.choose_executables import choose_executables
from pegbatch.planner.locate_inputs import inputs_nowhere
from pegbatch.planner.profile_layers import Layer, profile_layers, shared_layers
from pegbatch.planner.resolve_profiles import ProfileResolver, Resolved
from pegbatch.planner.run_sub_workflows import planner_settings, runs_sub_workflow
from pegbatch.planner.scopes import Scope, scope_of, scopes_of, where_of
from pegbatch.planner.stages import Checked, Mapped, grow


def map_to_site(checked: Checked) -> Mapped:
    """Choose the execution site and an executable for every transformation in use.

    Errors: PlanError for an unknown site or a transformation without an entry that fits,
    InputError for a profile whose value does not fit; all of them at once, together with inputs
    that lie nowhere.
    """
    scopes = scopes_of(checked)
    chosen = choose_executables(checked, scopes)
    settings, table, wrong = _resolve_all(checked, scopes)
    if chosen.problems or wrong:
        problems = [*chosen.problems, *wrong, *inputs_nowhere(checked)]
        raise InputError(problems=problems) if wrong else PlanError(problems=problems)
    return grow(
        Mapped,
        checked,
        warnings=checked.warnings + chosen.warnings,
        site=scopes[0].site,
        executables=chosen.executables,
        task_settings=settings,
        settings_table=table,
    )


def _resolve_all(
    checked: Checked, scopes: Sequence[Scope]
) -> tuple[array[int], tuple[TaskSettings, ...], list[Problem]]:
    """Resolve profiles; numbers of equal settings are shared between tasks."""
    workflow, tasks = checked.workflow, checked.workflow.tasks
    shared = [shared_layers(scope) for scope in scopes]
    resolvers = [ProfileResolver(scope.given.tuning) for scope in scopes]
    numbers: dict[tuple[int, int], int] = {}
    distinct: dict[TaskSettings, int] = {}
    problems: list[Problem] = []
    column = array("i")
    for task, pair in enumerate(zip(tasks.transformations, tasks.profiles, strict=True)):
        number = numbers.get(pair)
        if number is None:
            of = scope_of(workflow, task)
            layers = profile_layers(checked, scopes[of], task, shared[of])
            name = workflow.transformations[pair[0]]
            settings, wrong = _resolve(resolvers[of], name, layers)
            problems.extend(
                Problem(f"job {tasks.ids[task]} ({name}): {message}", where_of(checked, task), hint)
                for message, hint in wrong
            )
            number = numbers[pair] = distinct.setdefault(settings, len(distinct))
        column.append(number)
    return column, tuple(distinct), problems


def _resolve(
    resolver: ProfileResolver, name: TransformationName, layers: Sequence[Layer]
) -> Resolved:
    if name == GATE:
        settings, wrong = resolver.resolve(())
        return replace(settings, resources=SMALL, side_by_side=SMALL), wrong
    settings, wrong = resolver.resolve([layer.profiles for layer in layers])
    return planner_settings(settings) if runs_sub_workflow(name) else settings, wrong

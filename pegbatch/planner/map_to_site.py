"""Map to a site: which site runs the tasks, with which executable, under which profiles.

One execution site a plan, as in Pegasus's own AWS Batch mode. Profiles are resolved once for
each pair of transformation and profile set, not once a task.
"""

from __future__ import annotations

from array import array

from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.bags import TaskSettings
from pegbatch.model.catalogs import Site
from pegbatch.planner.choose_executables import choose_executables
from pegbatch.planner.locate_inputs import inputs_nowhere
from pegbatch.planner.profile_layers import profile_layers, shared_layers
from pegbatch.planner.resolve_profiles import resolve_profiles
from pegbatch.planner.sites import choose_site
from pegbatch.planner.stages import Checked, Mapped, grow


def map_to_site(checked: Checked) -> Mapped:
    """Choose the execution site and an executable for every transformation in use.

    Errors: PlanError for an unknown site or a transformation without an entry that fits,
    InputError for a profile whose value does not fit; all of them at once, together with inputs
    that lie nowhere.
    """
    site = choose_site(checked.sites, checked.options.sites)
    chosen = choose_executables(checked, site)
    settings, table, wrong = _resolve_all(checked, site)
    if chosen.problems or wrong:
        problems = [*chosen.problems, *wrong, *inputs_nowhere(checked)]
        raise InputError(problems=problems) if wrong else PlanError(problems=problems)
    return grow(
        Mapped,
        checked,
        warnings=checked.warnings + chosen.warnings,
        site=site,
        executables=chosen.executables,
        task_settings=settings,
        settings_table=table,
    )


def _resolve_all(
    checked: Checked, site: Site
) -> tuple[array[int], tuple[TaskSettings, ...], list[Problem]]:
    """Resolve profiles; numbers of equal settings are shared between tasks."""
    workflow, tasks = checked.workflow, checked.workflow.tasks
    shared = shared_layers(checked, site)
    numbers: dict[tuple[int, int], int] = {}
    distinct: dict[TaskSettings, int] = {}
    problems: list[Problem] = []
    column = array("i")
    for task, pair in enumerate(zip(tasks.transformations, tasks.profiles, strict=True)):
        number = numbers.get(pair)
        if number is None:
            layers = [layer.profiles for layer in profile_layers(checked, site, task, shared)]
            settings, wrong = resolve_profiles(layers, checked.tuning)
            where = f"{workflow.source}:{tasks.lines[task]}"
            name = workflow.transformations[pair[0]]
            problems.extend(
                Problem(f"job {tasks.ids[task]} ({name}): {message}", where, hint)
                for message, hint in wrong
            )
            number = numbers[pair] = distinct.setdefault(settings, len(distinct))
        column.append(number)
    return column, tuple(distinct), problems

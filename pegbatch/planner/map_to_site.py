"""Map to a site: which site runs the tasks, with which executable, under which profiles.

One execution site a plan, as in Pegasus's own AWS Batch mode. Profiles are resolved once for
each pair of transformation and profile set, not once a task.
"""

from __future__ import annotations

from array import array

from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.bags import TaskSettings
from pegbatch.model.catalogs import Site
from pegbatch.model.profiles import Profiles
from pegbatch.planner.choose_executables import choose_executables
from pegbatch.planner.resolve_profiles import (
    profiles_of_properties,
    profiles_of_site_properties,
    resolve_profiles,
)
from pegbatch.planner.sites import choose_site
from pegbatch.planner.stages import Checked, Mapped, grow


def map_to_site(checked: Checked) -> Mapped:
    """Choose the execution site and an executable for every transformation in use.

    Errors: PlanError for an unknown site, a transformation without an entry that fits, or a
    profile whose value does not fit; all of them at once.
    """
    site = choose_site(checked.sites, checked.options.sites)
    executables, missing = choose_executables(checked, site)
    settings, table, wrong = _resolve_all(checked, site)
    if missing:
        raise PlanError(problems=missing)
    if wrong:
        raise InputError(problems=wrong)
    return grow(
        Mapped,
        checked,
        site=site,
        executables=executables,
        task_settings=settings,
        settings_table=table,
    )


def _resolve_all(
    checked: Checked, site: Site
) -> tuple[array[int], tuple[TaskSettings, ...], list[Problem]]:
    """Resolve profiles; numbers of equal settings are shared between tasks."""
    workflow, tasks = checked.workflow, checked.workflow.tasks
    weakest = profiles_of_properties(checked.settings)
    of_site = site.profiles + profiles_of_site_properties(checked.settings, site.name)
    numbers: dict[tuple[int, int], int] = {}
    distinct: dict[TaskSettings, int] = {}
    problems: list[Problem] = []
    column = array("i")
    for task, pair in enumerate(zip(tasks.transformations, tasks.profiles, strict=True)):
        number = numbers.get(pair)
        if number is None:
            layers = (weakest, workflow.profile_sets[pair[1]], of_site)
            settings = _resolve_one(checked, site, task, layers, problems)
            number = numbers[pair] = distinct.setdefault(settings, len(distinct))
        column.append(number)
    return column, tuple(distinct), problems


def _resolve_one(
    checked: Checked,
    site: Site,
    task: int,
    layers: tuple[Profiles, ...],
    problems: list[Problem],
) -> TaskSettings:
    workflow = checked.workflow
    name = workflow.transformations[workflow.tasks.transformations[task]]
    entry = checked.transformations.transformations.get(name)
    of_transformation: Profiles = ()
    if entry is not None:
        at_site = [place.profiles for place in entry.sites if place.site == site.name]
        fallback = [place.profiles for place in entry.sites if place.kind == "stageable"]
        of_transformation = entry.profiles + (at_site or fallback or [()])[0]
    where = f"{workflow.source}:{workflow.tasks.lines[task]}"
    settings, wrong = resolve_profiles((*layers, of_transformation), checked.tuning)
    problems.extend(
        Problem(f"job {workflow.tasks.ids[task]} ({name}): {message}", where, hint)
        for message, hint in wrong
    )
    return settings

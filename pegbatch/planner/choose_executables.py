"""Which executable each transformation starts with at the execution site, and in what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pegbatch.errors import Problem
from pegbatch.model.bags import Executable
from pegbatch.model.catalogs import Site, Transformation, TransformationSite
from pegbatch.model.facts import Facts
from pegbatch.model.manifest import FileUse
from pegbatch.model.sub_workflows import GATE
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.choose_containers import ContainerDesk, ContainerNames
from pegbatch.planner.places import Places, UnusablePlaceError, places_of
from pegbatch.planner.run_sub_workflows import planner_program, runs_sub_workflow
from pegbatch.planner.scopes import Scope, scope_of, where_of
from pegbatch.planner.stages import Checked
from pegbatch.planner.urls import local_path


@dataclass(frozen=True, slots=True)
class Chosen:
    """What transformations start with, and what is wrong or odd about it."""

    executables: tuple[Executable, ...]
    """By transformation number."""
    problems: tuple[Problem, ...] = ()
    """One for each that has none, and those of containers."""
    warnings: tuple[Problem, ...] = ()


def choose_executables(checked: Checked, scopes: Sequence[Scope]) -> Chosen:
    """Choose an executable, and a container where one is named, for each transformation in use."""
    workflow = checked.workflow
    if not checked.options.catalogs:
        return Chosen(tuple(map(_installed, workflow.transformations)))
    first_users: dict[int, int] = {}
    for task, number in enumerate(workflow.tasks.transformations):
        first_users.setdefault(number, task)
    desks = _desks(scopes, checked.facts)
    chosen: list[Executable] = []
    problems: list[Problem] = []
    for number, name in enumerate(workflow.transformations):
        if number not in first_users:
            chosen.append(_installed(name))
            continue
        if runs_sub_workflow(name):
            program, wrong = planner_program(checked.settings)
            chosen.append(program)
            problems.extend(wrong)
            continue
        if name == GATE:
            chosen.append(_installed(name))
            continue
        user = first_users[number]
        try:
            chosen.append(_choose(desks[scope_of(workflow, user)], name))
        except UnusablePlaceError as error:
            where = error.where or where_of(checked, user)
            problems.append(Problem(str(error), where, error.hint))
    containers = [desk.containers for desk in desks]
    problems += (problem for one in containers for problem in one.problems)
    warnings = (warning for one in containers for warning in one.warnings)
    return Chosen(tuple(chosen), _once(problems), _once(warnings))


def _installed(name: TransformationName) -> Executable:
    """Return what a transformation starts with where no catalog says so."""
    return Executable("true" if name == GATE else name.name)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What one workflow of the plan chooses from."""

    scope: Scope
    places: Places
    containers: ContainerDesk


def _desks(scopes: Sequence[Scope], facts: Facts) -> list[_Desk]:
    names = ContainerNames()
    return [
        _Desk(
            scope,
            places,
            ContainerDesk(scope.given.transformations.containers, names, scope.path),
        )
        for scope, places in zip(scopes, places_of(scopes, facts), strict=True)
    ]


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each problem once: sub-workflows often have the same catalogs."""
    return tuple(dict.fromkeys(problems))


def _choose(desk: _Desk, name: TransformationName) -> Executable:
    places, site = desk.places, desk.scope.site
    entry = _entry(desk.scope, name)
    place = pick_place(entry, site)
    staged: list[FileUse] = []
    argv0 = local_path(place.pfn) or place.pfn
    if place.kind == "stageable":
        argv0 = f"./{staged_name(name)}"
        staged.append(places.executable(place, staged_name(name)))
    for required in entry.requires:
        helper = pick_place(_entry(desk.scope, required), site)
        if helper.kind == "stageable":
            staged.append(places.executable(helper, staged_name(required)))
    container = None
    if place.container:
        container = desk.containers.take(place.container, place.where or entry.where)
    return Executable(argv0, tuple(staged), entry.hooks, container)


def _entry(scope: Scope, name: TransformationName) -> Transformation:
    entry = scope.given.transformations.transformations.get(name)
    if entry is None:
        raise UnusablePlaceError(
            f"there is no entry for transformation {name} in the transformation catalog",
            hint="add it there, with the path of its executable, or plan with --no-catalogs "
            "to look at the shape of the workflow only",
        )
    return entry


def pick_place(entry: Transformation, site: Site) -> TransformationSite:
    """Return the place that serves the site: one at the site, else one that travels.

    Shapes: a program travels by itself where it is stageable, and with its image in a container,
    whatever site the catalog names for it (`incontainer` is usual).
    Errors: UnusablePlaceError where no place fits.
    Source: Pegasus user guide, transformation types "installed" and "stageable"; its mapper All.
    """
    here = [place for place in entry.sites if place.site == site.name]
    elsewhere = [place for place in entry.sites if place.kind == "stageable" or place.container]
    fitting = here + elsewhere
    if not fitting:
        known = _listing(f"{place.kind} at {place.site}" for place in entry.sites)
        raise UnusablePlaceError(
            f"transformation {entry.name} is not for site {site.name!r} ({known})",
            where=entry.where,
            hint=f"add site {site.name!r} to the entry, or make it stageable; "
            "or choose the execution site with --sites",
        )
    return fitting[0]


def staged_name(name: TransformationName) -> str:
    """Return the file name of a staged executable in the task's directory.

    Source: Pegasus, which joins namespace, name and version in this way.
    """
    parts = [part for part in (name.namespace, name.name, name.version) if part]
    return re.sub(r"[^A-Za-z0-9_-]", "_", "-".join(parts))


def _listing(words: Iterable[str]) -> str:
    return ", ".join(words) or "its entry names no site"

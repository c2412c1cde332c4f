"""Which executable each transformation starts with at the execution site, and in what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pegbatch.errors import Problem
from pegbatch.model.bags import Executable
from pegbatch.model.catalogs import Site, Transformation, TransformationSite
from pegbatch.model.manifest import FileUse
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.choose_containers import ContainerDesk
from pegbatch.planner.places import Places, UnusablePlaceError
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


def choose_executables(checked: Checked, site: Site) -> Chosen:
    """Choose an executable, and a container where one is named, for each transformation in use."""
    workflow = checked.workflow
    if not checked.options.catalogs:
        return Chosen(tuple(Executable(name.name) for name in workflow.transformations))
    first_users: dict[int, int] = {}
    for task, number in enumerate(workflow.tasks.transformations):
        first_users.setdefault(number, task)
    places = Places.of(checked, site, checked.facts)
    containers = ContainerDesk(checked.transformations.containers)
    chosen: list[Executable] = []
    problems: list[Problem] = []
    for number, name in enumerate(workflow.transformations):
        if number not in first_users:
            chosen.append(Executable(name.name))
            continue
        where = f"{workflow.source}:{workflow.tasks.lines[first_users[number]]}"
        try:
            chosen.append(_choose(checked, site, places, containers, name))
        except UnusablePlaceError as error:
            problems.append(Problem(str(error), error.where or where, error.hint))
    found = (*problems, *containers.problems)
    return Chosen(tuple(chosen), found, tuple(containers.warnings))


def _choose(
    checked: Checked,
    site: Site,
    places: Places,
    containers: ContainerDesk,
    name: TransformationName,
) -> Executable:
    entry = _entry(checked, name)
    place = pick_place(entry, site)
    staged: list[FileUse] = []
    argv0 = local_path(place.pfn) or place.pfn
    if place.kind == "stageable":
        argv0 = f"./{staged_name(name)}"
        staged.append(places.executable(place, staged_name(name)))
    for required in entry.requires:
        helper = pick_place(_entry(checked, required), site)
        if helper.kind == "stageable":
            staged.append(places.executable(helper, staged_name(required)))
    container = None
    if place.container:
        container = containers.take(place.container, place.where or entry.where)
    return Executable(argv0, tuple(staged), entry.hooks, container)


def _entry(checked: Checked, name: TransformationName) -> Transformation:
    entry = checked.transformations.transformations.get(name)
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

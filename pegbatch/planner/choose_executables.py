"""Which executable each transformation starts with at the execution site."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pegbatch.errors import Problem
from pegbatch.model.bags import Executable
from pegbatch.model.catalogs import Site, Transformation, TransformationSite
from pegbatch.model.manifest import FileUse
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.stages import Checked
from pegbatch.planner.urls import local_path


def choose_executables(
    checked: Checked, site: Site
) -> tuple[tuple[Executable, ...], list[Problem]]:
    """Return an executable by transformation number, and a problem for each that has none."""
    workflow = checked.workflow
    if not checked.options.catalogs:
        return tuple(Executable(name.name) for name in workflow.transformations), []
    first_users: dict[int, int] = {}
    for task, number in enumerate(workflow.tasks.transformations):
        first_users.setdefault(number, task)
    places = Places.of(checked, site, checked.facts)
    chosen: list[Executable] = []
    problems: list[Problem] = []
    for number, name in enumerate(workflow.transformations):
        if number not in first_users:
            chosen.append(Executable(name.name))
            continue
        where = f"{workflow.source}:{workflow.tasks.lines[first_users[number]]}"
        try:
            chosen.append(_choose(checked, site, places, name))
        except UnusablePlaceError as error:
            problems.append(Problem(str(error), error.where or where, error.hint))
    return tuple(chosen), problems


def _choose(checked: Checked, site: Site, places: Places, name: TransformationName) -> Executable:
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
    return Executable(argv0, tuple(staged), entry.hooks)


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
    """Return the place that serves the site: one at the site, else a stageable one elsewhere.

    Errors: UnusablePlaceError where no place fits, or the place needs a container.
    Source: Pegasus user guide, transformation types "installed" and "stageable".
    """
    here = [place for place in entry.sites if place.site == site.name]
    elsewhere = [place for place in entry.sites if place.kind == "stageable"]
    fitting = here + elsewhere
    if not fitting:
        known = _listing(f"{place.kind} at {place.site}" for place in entry.sites)
        raise UnusablePlaceError(
            f"transformation {entry.name} is not for site {site.name!r} ({known})",
            where=entry.where,
            hint=f"add site {site.name!r} to the entry, or make it stageable; "
            "or choose the execution site with --sites",
        )
    if fitting[0].container:
        raise UnusablePlaceError(
            f"transformation {entry.name} asks for container {fitting[0].container!r}, and "
            "containers of a transformation are not supported",
            where=fitting[0].where or entry.where,
            hint="put the program into the image of the job definition, or make it stageable",
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

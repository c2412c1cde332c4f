"""What has to be looked up before planning: the local files that a run would send.

Planning asks nobody, so this lists the files that the catalogs name on this machine and the
workflow needs; whoever calls the planner brings the facts about them.
"""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.model.catalogs import Site
from pegbatch.model.facts import Facts
from pegbatch.model.workflow import INPUT, OUTPUT, Workflow
from pegbatch.planner.choose_executables import pick_place
from pegbatch.planner.locate_inputs import choose_replica, replicas_of
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.sites import choose_site
from pegbatch.planner.stages import Given


def files_to_look_up(given: Given) -> tuple[str, ...]:
    """Return absolute paths, sorted: local replicas of inputs, and stageable executables.

    Errors: PlanError where the site cannot be chosen.
    """
    if not given.options.catalogs:
        return ()
    site = choose_site(given.sites, given.options.sites)
    places = Places.of(given, site, Facts())
    return tuple(sorted({*_inputs(given, site, places), *_executables(given, site, places)}))


def _inputs(given: Given, site: Site, places: Places) -> Iterator[str]:
    for lfn in _made_by_no_task(given.workflow):
        replica = choose_replica(replicas_of(given, lfn), site.name)
        if replica is not None:
            path = places.path_to_send(replica.pfn, replica.site, replica.where)
            if path is not None:
                yield path


def _made_by_no_task(workflow: Workflow) -> Iterator[str]:
    tasks = workflow.tasks
    written, read = bytearray(len(workflow.lfns)), bytearray(len(workflow.lfns))
    for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True):
        if flags & OUTPUT:
            written[lfn] = 1
        elif flags & INPUT:
            read[lfn] = 1
    return (lfn for number, lfn in enumerate(workflow.lfns) if read[number] and not written[number])


def _executables(given: Given, site: Site, places: Places) -> Iterator[str]:
    catalog = given.transformations.transformations
    used = [catalog[name] for name in given.workflow.transformations if name in catalog]
    required = [catalog[name] for entry in used for name in entry.requires if name in catalog]
    for entry in (*used, *required):
        try:
            place = pick_place(entry, site)
        except UnusablePlaceError:
            continue  # the planner reports it, with the job that asks
        if place.kind == "stageable":
            path = places.path_to_send(place.pfn, place.site, place.where)
            if path is not None:
                yield path

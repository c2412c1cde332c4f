"""What has to be looked up before planning: the local files that a run would send.

Planning asks nobody, so this lists the files that the catalogs name on this machine and the
workflow needs; whoever calls the planner brings the facts about them.
"""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.model.catalogs import Site, TransformationSite
from pegbatch.model.workflow import CHECKPOINT, INPUT, OUTPUT, Workflow
from pegbatch.planner.adopt_executables import adopt_executables
from pegbatch.planner.check import check
from pegbatch.planner.choose_executables import pick_place
from pegbatch.planner.deliver_reused import files_to_copy
from pegbatch.planner.locate_inputs import choose_replica, external_inputs, replicas_of
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.reduce import may_reduce, reduce
from pegbatch.planner.require_files import require_files
from pegbatch.planner.sites import choose_site
from pegbatch.planner.stages import Given
from pegbatch.planner.staging import output_places
from pegbatch.planner.urls import s3_user


def files_to_look_up(given: Given) -> tuple[str, ...]:
    """Return absolute paths, sorted: local replicas of inputs, and stageable executables.

    Errors: PlanError where the site cannot be chosen; where tasks may be reused, those of `check`.
    """
    if not given.options.catalogs:
        return ()
    given = adopt_executables(given)
    given = require_files(given)
    site = choose_site(given.sites, given.options.sites)
    places = Places.of(given, site, given.facts)
    return tuple(sorted({*_inputs(given, site, places), *_executables(given, site, places)}))


def objects_to_bring(given: Given) -> tuple[str, ...]:
    """Return the URLs, sorted, of inputs and programs that only the client can read.

    Shapes: of several replicas only the one that is read first.
    Errors: as `files_to_look_up`.
    """
    if not given.options.catalogs or not given.options.own_s3:
        return ()
    given = require_files(adopt_executables(given))
    site = choose_site(given.sites, given.options.sites)
    firsts = (choose_replica(replicas_of(given, lfn), site.name) for lfn in _wanted(given))
    pfns = {replica.pfn for replica in firsts if replica is not None}
    pfns.update(place.pfn for place in _stageable(given, site))
    return tuple(sorted(pfn for pfn in pfns if s3_user(pfn) in given.options.own_s3))


def _inputs(given: Given, site: Site, places: Places) -> Iterator[str]:
    for lfn in _wanted(given):
        for replica in replicas_of(given, lfn):
            path = places.path_to_send(replica.pfn, replica.site, replica.where)
            if path is not None:
                yield path


def _wanted(given: Given) -> Iterator[str]:
    """Yield the files that the client may have to send; data reuse has a say in that."""
    if not may_reduce(given):
        yield from _made_by_no_task(given.workflow)
        return
    reduced = reduce(check(given))
    yield from (given.workflow.lfns[lfn] for lfn in external_inputs(reduced))
    yield from files_to_copy(reduced, remote=bool(output_places(given).remote))


def _made_by_no_task(workflow: Workflow) -> Iterator[str]:
    tasks = workflow.tasks
    written, read = bytearray(len(workflow.lfns)), bytearray(len(workflow.lfns))
    for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True):
        if flags & OUTPUT:
            written[lfn] = 1
        elif flags & (INPUT | CHECKPOINT):
            read[lfn] = 1
    return (lfn for number, lfn in enumerate(workflow.lfns) if read[number] and not written[number])


def _executables(given: Given, site: Site, places: Places) -> Iterator[str]:
    for place in _stageable(given, site):
        path = places.path_to_send(place.pfn, place.site, place.where)
        if path is not None:
            yield path


def _stageable(given: Given, site: Site) -> Iterator[TransformationSite]:
    """Yield where the programs lie that travel with their tasks."""
    catalog = given.transformations.transformations
    used = [catalog[name] for name in given.workflow.transformations if name in catalog]
    required = [catalog[name] for entry in used for name in entry.requires if name in catalog]
    for entry in (*used, *required):
        try:
            place = pick_place(entry, site)
        except UnusablePlaceError:
            continue  # the planner reports it, with the job that asks
        if place.kind == "stageable":
            yield place

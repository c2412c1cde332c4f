"""What has to be looked up before planning: the local files that a run would send.

Planning asks nobody, so this lists the files that the catalogs name on this machine and the
workflow needs; whoever calls the planner brings the facts about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pegbatch.model.catalogs import TransformationSite
from pegbatch.model.workflow import CHECKPOINT, INPUT, OUTPUT, Workflow
from pegbatch.planner.adopt_executables import adopt_executables
from pegbatch.planner.check import check
from pegbatch.planner.choose_executables import pick_place
from pegbatch.planner.deliver_reused import files_to_copy
from pegbatch.planner.locate_inputs import choose_replica, external_inputs, replicas_of
from pegbatch.planner.offer_programs import offered_programs
from pegbatch.planner.places import Places, UnusablePlaceError, places_of
from pegbatch.planner.reduce import may_reduce, reduce
from pegbatch.planner.require_files import require_files
from pegbatch.planner.scopes import Scope, scope_of_file, scopes_of
from pegbatch.planner.stages import Given
from pegbatch.planner.urls import s3_user


def files_to_look_up(given: Given) -> tuple[str, ...]:
    """Return absolute paths, sorted: local replicas of inputs, and stageable executables.

    Errors: PlanError where the site cannot be chosen; where tasks may be reused, those of `check`.
    """
    if not given.options.catalogs:
        return ()
    given = adopt_executables(given)
    given = require_files(given)
    scopes = scopes_of(given)
    places = places_of(scopes, given.facts)
    found = (*_inputs(given, places), *_executables(given, scopes, places))
    return tuple(sorted({*found, *offered_programs(given)}))


def objects_to_bring(given: Given) -> tuple[str, ...]:
    """Return the URLs, sorted, of inputs and programs that only the client can read.

    Shapes: of several replicas only the one that is read first.
    Errors: as `files_to_look_up`.
    """
    if not given.options.catalogs or not given.options.own_s3:
        return ()
    given = require_files(adopt_executables(given))
    scopes = scopes_of(given)
    found = set()
    for lfn in _wanted(given):
        scope = scopes[scope_of_file(given.workflow, lfn)]
        replica = choose_replica(replicas_of(given, lfn), scope.site.name)
        if replica is not None and s3_user(replica.pfn) in scope.given.options.own_s3:
            found.add(replica.pfn)
    for number, place in _stageable(given, scopes):
        if s3_user(place.pfn) in scopes[number].given.options.own_s3:
            found.add(place.pfn)
    return tuple(sorted(found))


def _inputs(given: Given, places: Sequence[Places]) -> Iterator[str]:
    for lfn in _wanted(given):
        of = places[scope_of_file(given.workflow, lfn)]
        for replica in replicas_of(given, lfn):
            path = of.path_to_send(replica.pfn, replica.site, replica.where)
            if path is not None:
                yield path


def _wanted(given: Given) -> Iterator[int]:
    """Yield the files that the client may have to send; data reuse has a say in that."""
    if not may_reduce(given):
        yield from _made_by_no_task(given.workflow)
        return
    reduced = reduce(check(given))
    yield from external_inputs(reduced)
    yield from files_to_copy(reduced)


def _made_by_no_task(workflow: Workflow) -> Iterator[int]:
    tasks = workflow.tasks
    written, read = bytearray(len(workflow.lfns)), bytearray(len(workflow.lfns))
    for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True):
        if flags & OUTPUT:
            written[lfn] = 1
        elif flags & (INPUT | CHECKPOINT):
            read[lfn] = 1
    return (lfn for lfn in range(len(read)) if read[lfn] and not written[lfn])


def _executables(given: Given, scopes: Sequence[Scope], places: Sequence[Places]) -> Iterator[str]:
    for number, place in _stageable(given, scopes):
        path = places[number].path_to_send(place.pfn, place.site, place.where)
        if path is not None:
            yield path


def _stageable(given: Given, scopes: Sequence[Scope]) -> Iterator[tuple[int, TransformationSite]]:
    """Yield where the programs lie that travel with their tasks, each with its workflow."""
    workflow = given.workflow
    of = workflow.transformation_scopes or [0] * len(workflow.transformations)
    for number, name in zip(of, workflow.transformations, strict=True):
        catalog = scopes[number].given.transformations.transformations
        if name not in catalog:
            continue
        required = [catalog[other] for other in catalog[name].requires if other in catalog]
        for entry in (catalog[name], *required):
            try:
                place = pick_place(entry, scopes[number].site)
            except UnusablePlaceError:
                continue  # the planner reports it, with the job that asks
            if place.kind == "stageable":
                yield number, place

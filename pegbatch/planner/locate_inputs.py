"""Locate inputs: a URL for every file that no task makes, a place for every output."""

from __future__ import annotations

from collections.abc import Collection

from pegbatch.errors import PlanError, Problem
from pegbatch.model.bags import Upload
from pegbatch.model.catalogs import Replica
from pegbatch.model.facts import Facts
from pegbatch.model.graph import NO_TASK
from pegbatch.model.layout import input_url
from pegbatch.model.manifest import FileUse
from pegbatch.model.workflow import CHECKPOINT, INPUT, OPTIONAL
from pegbatch.planner.choose_replicas import locate_file, order_replicas
from pegbatch.planner.compare_staging import compare_staging
from pegbatch.planner.deliver import delivered_files, drop_doubles
from pegbatch.planner.offer_programs import offered_urls
from pegbatch.planner.places import UnusablePlaceError, places_of
from pegbatch.planner.scopes import given_of, scope_of, scope_of_file, scopes_of, where_of
from pegbatch.planner.stages import Checked, Given, Located, Mapped, grow
from pegbatch.planner.staging import EMBEDDED_BUCKET_URL, output_places, staging_url

_ASKED_FOR = INPUT | CHECKPOINT


def locate_inputs(mapped: Mapped) -> Located:
    """Find every input from outside, and say what the client has to send.

    Errors: PlanError with every required input that lies nowhere, at the first job that reads it.
    """
    if not mapped.options.catalogs:
        return _without_catalogs(mapped)
    scopes = scopes_of(mapped)
    places = places_of(scopes, mapped.facts)
    inputs: dict[int, FileUse] = {}
    problems: list[Problem] = []
    passed_over: list[Problem] = []
    for lfn, (task, required) in external_inputs(mapped).items():
        replicas = replicas_of(mapped, lfn)
        of = places[scope_of_file(mapped.workflow, lfn)]
        if not replicas:
            problems += [_nowhere(mapped, lfn, task)] * required
            continue
        try:
            inputs[lfn], flaw = locate_file(replicas, of, mapped.workflow.lfns[lfn])
        except UnusablePlaceError as error:
            problems.append(_unusable(mapped, lfn, task, error))
            continue
        if flaw is not None:
            passed_over.append(_unusable(mapped, lfn, task, flaw))
    if problems:
        raise PlanError(problems=problems)
    staging = places[0].staging_url
    return _located(
        mapped,
        staging_url=staging,
        inputs=inputs,
        uploads=_uploads(mapped, inputs, staging),
        warnings=(*_passed_over(passed_over), *compare_staging(scopes, staging)),
    )


def _located(
    mapped: Mapped,
    *,
    staging_url: str,
    inputs: dict[int, FileUse],
    uploads: tuple[Upload, ...],
    warnings: tuple[Problem, ...] = (),
) -> Located:
    """Return the stage with the places that outputs go to.

    Errors: PlanError where an output site cannot be delivered to.
    """
    inner = tuple(output_places(given_of(mapped, number)) for number in range(len(mapped.scopes)))
    delivered = delivered_files(mapped.workflow, mapped.graph)
    lost = drop_doubles(mapped, inner, delivered) if inner else ()
    return grow(
        Located,
        mapped,
        staging_url=staging_url,
        inputs=inputs,
        uploads=uploads,
        output_places=output_places(mapped),
        inner_places=inner,
        delivered=delivered,
        warnings=mapped.warnings + warnings + lost,
    )


def inputs_nowhere(checked: Checked) -> list[Problem]:
    """Return a problem for each required input that no task makes and no catalog names."""
    if not checked.options.catalogs:
        return []
    return [
        _nowhere(checked, lfn, task)
        for lfn, (task, required) in external_inputs(checked).items()
        if required and not replicas_of(checked, lfn)
    ]


def external_inputs(checked: Checked) -> dict[int, tuple[int, bool]]:
    """Return the inputs that no task makes: LFN number to (first task that reads it, required).

    Shapes: in order of first use; required where at least one task cannot do without.
    """
    producers, read = checked.graph.producers, checked.graph.read
    found: dict[int, tuple[int, bool]] = {}
    for task, lfn, flags in checked.workflow.tasks.uses():
        # A catalog may be asked for a checkpoint file, be it only to begin with.
        is_wanted = not read[lfn] if flags & CHECKPOINT else producers[lfn] == NO_TASK
        if is_wanted and flags & _ASKED_FOR:
            earlier, required = found.get(lfn, (task, False))
            found[lfn] = (earlier, required or not flags & OPTIONAL)
    return found


def replicas_of(given: Given, lfn: int) -> tuple[Replica, ...]:
    """Return the replicas of a file by its number, from all that says where files lie."""
    workflow = given.workflow
    return given_of(given, scope_of_file(workflow, lfn)).replicas.find(workflow.lfns[lfn])


def choose_replica(replicas: tuple[Replica, ...], site: str) -> Replica | None:
    """Return the replica that is read before the others, or None where there is none."""
    return next(iter(order_replicas(replicas, site)), None)


def _unusable(mapped: Mapped, lfn: int, task: int, error: UnusablePlaceError) -> Problem:
    workflow = mapped.workflow
    return Problem(
        f"input {workflow.lfns[lfn]} of job {workflow.tasks.ids[task]}: {error}",
        error.where or where_of(mapped, task),
        error.hint,
    )


def _passed_over(flaws: list[Problem]) -> tuple[Problem, ...]:
    """Say in one warning that replicas were passed over, since others can serve."""
    if not flaws:
        return ()
    more = f" (and so for {len(flaws) - 1} more files)" if len(flaws) > 1 else ""
    message = f"{flaws[0].message}; another replica is used{more}"
    return (Problem(message, flaws[0].where, flaws[0].hint),)


def _nowhere(checked: Checked, lfn: int, task: int) -> Problem:
    workflow = checked.workflow
    scope = workflow.scopes[scope_of(workflow, task)]
    outside = f"; or name it in the uses of the job {scope}, where it is known" if scope else ""
    return Problem(
        f"input {workflow.lfns[lfn]} of job {workflow.tasks.ids[task]} is made by no job and is "
        "not in the replica catalog",
        where_of(checked, task),
        f"add it to the replica catalog, with site and place{outside}",
    )


def _uploads(mapped: Mapped, inputs: dict[int, FileUse], staging: str) -> tuple[Upload, ...]:
    used = {url for use in inputs.values() for url in (use.url, *use.others)}
    used.update(use.url for executable in mapped.executables for use in executable.staged)
    used.update(offered_urls(mapped, staging))
    return uploads_of(mapped.facts, used, staging)


def uploads_of(facts: Facts, used: Collection[str], staging: str) -> tuple[Upload, ...]:
    """Return one upload for each content whose URL is used, ordered by checksum."""
    uploads: dict[str, Upload] = {}
    for path, of_file in sorted(facts.files.items()):
        url = input_url(staging, of_file.sha256)
        if url in used:
            found = Upload(of_file.sha256, path, url, of_file.size_bytes)
            uploads.setdefault(of_file.sha256, found)
    return tuple(uploads[sha256] for sha256 in sorted(uploads))


def _without_catalogs(mapped: Mapped) -> Located:
    inputs = {
        lfn: FileUse(lfn=name, url=f"{EMBEDDED_BUCKET_URL}/inputs/{name}")
        for lfn in external_inputs(mapped)
        if mapped.graph.producers[lfn] == NO_TASK
        for name in (mapped.workflow.lfns[lfn],)
    }
    staging = staging_url(mapped, mapped.site)
    return _located(mapped, staging_url=staging, inputs=inputs, uploads=())

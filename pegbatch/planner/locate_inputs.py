"""Locate inputs: a URL for every file that no task makes, a place for every output."""

from __future__ import annotations

from pegbatch.errors import PlanError, Problem
from pegbatch.model.bags import Upload
from pegbatch.model.catalogs import Replica
from pegbatch.model.graph import NO_TASK
from pegbatch.model.layout import input_url
from pegbatch.model.manifest import FileUse
from pegbatch.model.workflow import INPUT, OPTIONAL
from pegbatch.planner.deliver import delivered_files
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.stages import Checked, Given, Located, Mapped, grow
from pegbatch.planner.staging import EMBEDDED_BUCKET_URL, output_places, staging_url
from pegbatch.planner.urls import s3_url, scheme_of


def locate_inputs(mapped: Mapped) -> Located:
    """Find every input from outside, and say what the client has to send.

    Errors: PlanError with every required input that lies nowhere, at the first job that reads it.
    """
    if not mapped.options.catalogs:
        return _without_catalogs(mapped)
    places = Places.of(mapped, mapped.site, mapped.facts)
    inputs: dict[int, FileUse] = {}
    problems: list[Problem] = []
    for lfn, (task, required) in external_inputs(mapped).items():
        try:
            use = _locate(mapped, places, mapped.workflow.lfns[lfn])
        except UnusablePlaceError as error:
            problems.append(_unusable(mapped, lfn, task, error))
            continue
        if use is not None:
            inputs[lfn] = use
        elif required:
            problems.append(_nowhere(mapped, lfn, task))
    if problems:
        raise PlanError(problems=problems)
    return grow(
        Located,
        mapped,
        staging_url=places.staging_url,
        inputs=inputs,
        uploads=_uploads(mapped, inputs, places.staging_url),
        output_places=output_places(mapped),
        delivered=delivered_files(mapped.workflow, mapped.graph),
    )


def external_inputs(checked: Checked) -> dict[int, tuple[int, bool]]:
    """Return the inputs that no task makes: LFN number to (first task that reads it, required).

    Shapes: in order of first use; required where at least one task cannot do without.
    """
    tasks, producers = checked.workflow.tasks, checked.graph.producers
    found: dict[int, tuple[int, bool]] = {}
    task = 0
    for use, (lfn, flags) in enumerate(zip(tasks.use_lfns, tasks.use_flags, strict=True)):
        while use >= tasks.use_offsets[task + 1]:
            task += 1
        if flags & INPUT and producers[lfn] == NO_TASK:
            required = not flags & OPTIONAL
            first, so_far = found.get(lfn, (task, False))
            found[lfn] = (first, so_far or required)
    return found


def replicas_of(given: Given, lfn: str) -> tuple[Replica, ...]:
    """Return the replicas of a file: those in the workflow itself hide the catalog's."""
    inline = given.workflow.replicas
    if inline is not None and lfn in inline.replicas:
        return inline.replicas[lfn]
    return given.replicas.replicas.get(lfn, ())


def choose_replica(replicas: tuple[Replica, ...], site: str) -> Replica | None:
    """Return the replica to read: at the execution site, else on S3, else the first local one.

    Shapes: a replica of another scheme is chosen only where there is no better one, so that the
    error can name it.
    """

    def rank(replica: Replica) -> int:
        if replica.site == site:
            return 0
        if s3_url(replica.pfn) is not None:
            return 1
        return 2 if scheme_of(replica.pfn) == "file" else 3

    return min(replicas, key=rank, default=None)


def _locate(mapped: Mapped, places: Places, lfn: str) -> FileUse | None:
    replica = choose_replica(replicas_of(mapped, lfn), mapped.site.name)
    return None if replica is None else places.input(replica, lfn)


def _unusable(mapped: Mapped, lfn: int, task: int, error: UnusablePlaceError) -> Problem:
    workflow = mapped.workflow
    return Problem(
        f"input {workflow.lfns[lfn]} of job {workflow.tasks.ids[task]}: {error}",
        error.where or f"{workflow.source}:{workflow.tasks.lines[task]}",
        error.hint,
    )


def _nowhere(mapped: Mapped, lfn: int, task: int) -> Problem:
    workflow = mapped.workflow
    return Problem(
        f"input {workflow.lfns[lfn]} of job {workflow.tasks.ids[task]} is made by no job and is "
        "not in the replica catalog",
        f"{workflow.source}:{workflow.tasks.lines[task]}",
        "add it to the replica catalog, with site and place",
    )


def _uploads(mapped: Mapped, inputs: dict[int, FileUse], staging: str) -> tuple[Upload, ...]:
    """Return one upload for each content that is used, ordered by checksum."""
    used = {use.url for use in inputs.values()}
    used.update(use.url for executable in mapped.executables for use in executable.staged)
    uploads: dict[str, Upload] = {}
    for path, facts in sorted(mapped.facts.files.items()):
        url = input_url(staging, facts.sha256)
        if url in used:
            uploads.setdefault(facts.sha256, Upload(facts.sha256, path, url, facts.size_bytes))
    return tuple(uploads[sha256] for sha256 in sorted(uploads))


def _without_catalogs(mapped: Mapped) -> Located:
    inputs = {
        lfn: FileUse(lfn=name, url=f"{EMBEDDED_BUCKET_URL}/inputs/{name}")
        for lfn in external_inputs(mapped)
        for name in (mapped.workflow.lfns[lfn],)
    }
    return grow(
        Located,
        mapped,
        staging_url=staging_url(mapped, mapped.site),
        inputs=inputs,
        uploads=(),
        output_places=output_places(mapped),
        delivered=delivered_files(mapped.workflow, mapped.graph),
    )

"""One job that stands for a workflow: what its planning reads, and what it is planned with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.reading.job_options import JobOptions, read_job_options
from pegbatch.cli.reading.places import Away, Frame, find_place, is_folder
from pegbatch.errors import InputError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SubJob:
    """A job that stands for a workflow, with its options read."""

    task: int
    id: str
    where: str
    """`file:line`."""
    file: str
    """LFN of the workflow's file."""
    text: str
    """Its options, as written."""
    options: JobOptions
    for_planning: frozenset[str]

    @property
    def named(self) -> frozenset[str]:
        """Return every file that its planning reads, as named."""
        options = self.options
        conf = () if options.conf is None else (str(options.conf),)
        more = (*conf, *options.caches, *options.inherited_rc_files)
        return self.for_planning | {self.file, *more}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFiles:
    """Where the files of a job's planning are."""

    paths: Mapping[str, Path]
    """Those at hand, by name."""
    away: frozenset[str]
    """Those that only the run will have."""
    unknown: frozenset[str]
    """Those that nobody knows."""


def job_name(identifier: str) -> str:
    """Return what messages call a job."""
    return f"the sub-workflow {identifier!r}"


def read_job(task: int, frame: Frame) -> SubJob:
    """Read what one job says.

    Errors: InputError where its arguments are no options of planning.
    """
    workflow = frame.workflow
    job, tasks = workflow.sub_workflows[task], workflow.tasks
    where, text = f"{workflow.source}:{tasks.lines[task]}", tasks.arguments[task]
    return SubJob(
        task=task,
        id=tasks.ids[task],
        where=where,
        file=job.file,
        text=text,
        options=read_job_options(text, job_name(tasks.ids[task]), where),
        for_planning=job.for_planning,
    )


def find_files(job: SubJob, frame: Frame) -> JobFiles:
    """Look for the files that the planning of a job reads.

    Errors: InputError where a catalog names one that is not there.
    """
    found = {name: find_place(name, frame) for name in sorted(job.named)}
    return JobFiles(
        paths={name: place for name, place in found.items() if isinstance(place, Path)},
        away=frozenset(name for name, place in found.items() if isinstance(place, Away)),
        unknown=frozenset(name for name, place in found.items() if place is None),
    )


def missing_files(job: SubJob, unknown: frozenset[str], frame: Frame) -> InputError:
    """Return the error of a job whose planning reads what nobody knows."""
    return InputError(problems=[_missing(name, job, frame) for name in sorted(unknown)])


def inner_request(job: SubJob, files: JobFiles, frame: Frame) -> PlanRequest:
    """Return what the workflow of a job is planned with: its own options, else those around it.

    Source: Pegasus, SUBDAXGenerator: the properties come with their file and all of `-D`.
    """
    outer, own, paths = frame.read.request, job.options, files.paths
    conf = paths.get(str(own.conf)) if own.conf else None
    base = replace(outer, definitions=(), transformations_dir=None) if conf else outer
    return replace(
        base,
        workflow=_shown(paths[job.file], frame),
        conf=_shown(conf, frame) if conf else outer.conf,
        definitions=(*base.definitions, *own.definitions),
        sites=outer.sites if own.sites is None else own.sites,
        output_sites=outer.output_sites if own.output_sites is None else own.output_sites,
        output_dir=outer.output_dir if own.output_dir is None else own.output_dir,
        staging_sites=outer.staging_sites if own.staging_sites is None else own.staging_sites,
        caches=tuple(_paths(own.caches, paths)),
        inherited_rc_files=tuple(_paths(own.inherited_rc_files, paths)),
        reuse=own.reuse,
        input_dirs=own.input_dirs,
        cluster=own.cluster,
        transformations_dir=own.transformations_dir or base.transformations_dir,
        force=own.force,
        cleanup="none",
        output_map={},
    )


def _paths(names: tuple[str, ...], paths: Mapping[str, Path]) -> Iterator[str]:
    return (str(paths[name]) for name in names if name in paths)


def _shown(path: Path, frame: Frame) -> Path:
    """Return a path as short as the user's own way of naming the workflow."""
    here = Path(frame.read.given.options.working_dir)
    if frame.read.request.workflow.is_absolute() or not path.is_relative_to(here):
        return path
    return path.relative_to(here)


def _missing(name: str, job: SubJob, frame: Frame) -> Problem:
    what = "its workflow" if name == job.file else "a file that it is planned with"
    request = frame.read.request
    here = Path(frame.read.given.options.working_dir)
    if is_folder(here / request.workflow.parent / name):
        message = f"{job_name(job.id)}: {what}, {name}, is a directory"
        return Problem(message, job.where, "name a file in it")
    return Problem(
        f"{job_name(job.id)}: {what}, {name}, is nowhere: no job makes it, no replica catalog "
        "knows it",
        job.where,
        _where_to_put(name, request),
    )


def _where_to_put(name: str, request: PlanRequest) -> str:
    """Return what is to be done about a missing file; in a run there is no folder of the user's."""
    if request.planned_by:
        return (
            f"name it as an input, forPlanning, in the uses of the job {request.planned_by} of the "
            "outer workflow"
        )
    return f"name it in a replica catalog, or put it into the folder {request.workflow.parent}"

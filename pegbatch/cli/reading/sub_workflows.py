"""Reading the sub-workflows of a workflow whose files are at hand, and theirs, as a tree.

Those that a job of the workflow writes, or that lie where only a container reaches them, are left
as they are: tasks that plan and run a workflow while the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pegbatch.adapters.planning_inputs import Catalogs
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.reading.jobs import (
    JobFiles,
    SubJob,
    find_files,
    inner_request,
    missing_files,
    read_job,
)
from pegbatch.cli.reading.places import Frame, made_by
from pegbatch.cli.reading.siblings import tasks_before
from pegbatch.cli.reading.sizes import TreeSizes, check_number
from pegbatch.cli.reading.told import Told
from pegbatch.cli.reading.workflow import (
    Inherited,
    ReadWorkflow,
    Surroundings,
    Wanted,
    catalogs_of,
    read_workflow,
    workflow_of,
)
from pegbatch.errors import Gathering, InputError, Problem, UsageError
from pegbatch.model.workflow import Workflow
from pegbatch.planner.stages import Given

DEEPEST = 50
"""Levels of workflows in workflows."""


@dataclass(frozen=True, slots=True)
class ReadTree:
    """A workflow with its sub-workflows, and the files that those were read from."""

    given: Given
    files: tuple[Path, ...] = ()


def read_sub_workflows(read: ReadWorkflow, around: Surroundings, told: Told) -> ReadTree:
    """Read the sub-workflows of a workflow whose files are at hand, and theirs.

    Errors: InputError with the problems of all of them.
    """
    workflow = read.given.workflow
    if not workflow.sub_workflows:
        return ReadTree(read.given)
    root = Path(around.here, read.request.workflow).resolve()
    reader = _Reader(around, told)
    given = reader.fill(Frame(read=read, files=(root,), made=made_by(workflow)))
    reader.finish(given)
    return ReadTree(given, tuple(reader.files))


class _Reader:
    """Reads each distinct sub-workflow once; what is wrong with any is told at the end."""

    def __init__(self, around: Surroundings, told: Told) -> None:
        self.files: dict[Path, None] = {}
        self._around = around
        self._told = told
        self._gathering = Gathering()
        self._sizes = TreeSizes()
        self._workflows: dict[Path, Workflow] = {}
        self._catalogs: dict[object, Catalogs] = {}
        self._passed_over: set[tuple[str, ...]] = set()
        self._read_so_far = 0

    def fill(self, frame: Frame) -> Given:
        """Return the workflow with its sub-workflows whose files are at hand."""
        jobs = self._jobs(frame)
        inner = self._inner_ones(jobs, frame)
        waiting = self._waiting(jobs, inner, frame.workflow)
        for job, files in jobs:
            if files.unknown and not files.away and job.task not in waiting:
                self._refuse(missing_files(job, files.unknown, frame), frame)
        at_hand = {task: one for task, one in inner.items() if task not in waiting}
        return replace(frame.read.given, inner=at_hand)

    def finish(self, root: Given) -> None:
        """Refuse if anything was refused, or there is too much of it.

        Errors: InputError with all problems, and the defects of all workflows.
        """
        read = (root.workflow, *self._workflows.values())
        if self._gathering.problems:
            defects = [defect for workflow in read for defect in workflow.defects]
            raise InputError(problems=dict.fromkeys((*self._gathering.problems, *defects)))
        self._sizes.check(root, sum(len(workflow.tasks) for workflow in read))

    def _refuse(self, error: InputError, frame: Frame) -> None:
        """Note what is wrong; a workflow that comes alone may lack everything."""
        if frame.read.request.catalogs:
            self._gathering.problems.extend(error.problems)

    def _jobs(self, frame: Frame) -> list[tuple[SubJob, JobFiles]]:
        """Return the jobs that can be read, in document order."""
        found = []
        for task in sorted(frame.workflow.sub_workflows):
            job = self._gathering.attempt(partial(read_job, task, frame))
            if job is None:
                continue
            files = self._gathering.attempt(partial(find_files, job, frame))
            if files is not None:
                found.append((job, files))
        return found

    def _inner_ones(
        self, jobs: Sequence[tuple[SubJob, JobFiles]], frame: Frame
    ) -> dict[int, Given]:
        """Return by task the workflows whose files are all at hand; equal ones are one value."""
        known: dict[object, Given | None] = {}
        found = {}
        for job, files in jobs:
            if not _is_at_hand(job, files, frame):
                continue
            key = (job.text, job.file, job.for_planning, *sorted(files.paths.items()))
            if key not in known:
                known[key] = self._gathering.attempt(partial(self._inner, job, files, frame))
            given = known[key]
            if given is not None:
                found[job.task] = given
        return found

    def _waiting(
        self, jobs: Sequence[tuple[SubJob, JobFiles]], inner: Mapping[int, Given], of: Workflow
    ) -> frozenset[int]:
        """Return the jobs whose planning reads what another sub-workflow makes before them."""
        wanted = frozenset[str]().union(*(job.named for job, _ in jobs))
        makers: dict[str, set[int]] = {}
        for tasks in _equal_ones(inner):
            for name in self._sizes.made(inner[tasks[0]]) & wanted:
                makers.setdefault(name, set()).update(tasks)
        found = set()
        for job, files in jobs if makers else ():
            before = {task for name in job.named for task in makers.get(name, ())} - {job.task}
            if before and (files.unknown or before & tasks_before(of, job.task)):
                found.add(job.task)
        return frozenset(found)

    def _inner(self, job: SubJob, files: JobFiles, frame: Frame) -> Given:
        """Read the workflow of one job, and its sub-workflows.

        Errors: InputError.
        """
        path = files.paths[job.file].resolve()
        _check_chain(path, job, frame)
        self._read_so_far += 1
        check_number(self._read_so_far, len(self._workflows), str(frame.files[0]))
        self._tell_of_others(job)
        request = inner_request(job, files, frame)
        inherited = Inherited(
            files={name: files.paths[name] for name in job.for_planning if name in files.paths},
            replicas=frame.workflow.replicas,
        )
        read = self._read(request, job, inherited)
        self._keep_files(read, frame)
        self._told.tell(_not_inherited(job, read, frame))
        made = made_by(read.given.workflow)
        return self.fill(Frame(read=read, files=(*frame.files, path), made=made, outer=frame))

    def _read(self, request: PlanRequest, job: SubJob, inherited: Inherited) -> ReadWorkflow:
        try:
            return read_workflow(
                request,
                self._around,
                self._told,
                load=self._load,
                load_catalogs=self._load_catalogs,
                inherited=inherited,
            )
        except UsageError as error:
            problems = [Problem(one.message, job.where, one.hint) for one in error.problems]
            raise InputError(problems=problems) from error

    def _load(self, request: PlanRequest, around: Surroundings) -> Workflow:
        """Read a workflow's file, once."""
        path = Path(around.here, request.workflow).resolve()
        if path not in self._workflows:
            self._workflows[path] = workflow_of(request, around)
        return self._workflows[path]

    def _load_catalogs(self, wanted: Wanted) -> Catalogs:
        """Read the catalogs that properties and options name, once."""
        asked = wanted.request
        key = (
            *(asked.conf, asked.definitions, asked.transformations_dir),
            *sorted(wanted.inherited.files.items()),
        )
        if key not in self._catalogs:
            self._catalogs[key] = catalogs_of(wanted)
        return self._catalogs[key]

    def _keep_files(self, read: ReadWorkflow, frame: Frame) -> None:
        """Note what is copied beside the plan: no properties, which may hold secrets."""
        files = (read.request.workflow, *read.files)
        self.files.update(dict.fromkeys(path for path in files if path not in frame.read.files))

    def _tell_of_others(self, job: SubJob) -> None:
        """Tell of options without a meaning here; of several jobs, for the first."""
        others = job.options.others
        if others and others not in self._passed_over:
            self._passed_over.add(others)
            names, verb = ", ".join(others), "have" if len(others) > 1 else "has"
            message = (
                f"{names} {verb} no meaning for a sub-workflow that is planned with the workflow "
                "around it"
            )
            self._told.tell([Problem(message, job.where)])


def _equal_ones(inner: Mapping[int, Given]) -> Iterable[list[int]]:
    """Return the tasks that stand for one and the same value, for each of them."""
    found: dict[int, list[int]] = {}
    for task, given in inner.items():
        found.setdefault(id(given), []).append(task)
    return found.values()


def _is_at_hand(job: SubJob, files: JobFiles, frame: Frame) -> bool:
    """Tell whether a workflow can be planned now; of one that comes alone, its file will do."""
    if not frame.read.request.catalogs:
        return job.file in files.paths
    return not (files.away or files.unknown)


def _check_chain(path: Path, job: SubJob, frame: Frame) -> None:
    """Refuse a workflow that is inside itself, or too deep in others.

    Errors: InputError.
    """
    if path in frame.files:
        here = Path(frame.read.given.options.working_dir)
        files = (*frame.files[frame.files.index(path) :], path)
        chain = " → ".join(
            str(one.relative_to(here) if one.is_relative_to(here) else one) for one in files
        )
        raise InputError(
            f"workflows contain each other without end: {chain}",
            where=job.where,
            hint="name another file"
            if frame.read.request.planned_by
            else "name another file, or let a job of the workflow write the file: then it is "
            "planned when it is there",
        )
    if len(frame.files) > DEEPEST:
        raise InputError(
            f"more than {DEEPEST} levels of sub-workflows", where=job.where, hint="use fewer"
        )


def _not_inherited(job: SubJob, read: ReadWorkflow, frame: Frame) -> list[Problem]:
    """Warn where a sub-workflow has to do without the catalogs inside the workflow around it.

    Source: Pegasus.api, Workflow.write, which warns likewise.
    """
    outer, given = frame.workflow, read.given
    lacks = (
        ("sites", outer.sites is not None and not given.sites.sites),
        (
            "transformations",
            outer.transformation_catalog is not None and not given.transformations.transformations,
        ),
    )
    names = " and ".join(name for name, is_lacking in lacks if is_lacking)
    if not (names and read.request.catalogs):
        return []
    return [
        Problem(
            f"{given.workflow.source} has no {names}: those inside the workflow around it are not "
            "inherited, as in Pegasus",
            job.where,
            "put them into files of their own, or into that workflow, too",
        )
    ]

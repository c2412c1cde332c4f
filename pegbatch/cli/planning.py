"""The use case behind `pegbatch plan`: read, look up, plan, write."""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pegbatch.adapters.files import load_settings
from pegbatch.adapters.gathered_replicas import Gathered, NamedReplicas, gather_replicas
from pegbatch.adapters.plan_writer import VOGROUP, PlannedWith, write_submit_directory
from pegbatch.adapters.planning_inputs import (
    NO_CATALOGS,
    Catalogs,
    load_catalogs,
    load_trace,
    load_workflow,
    with_inline,
)
from pegbatch.adapters.s3_logins import S3Logins, home_directory, load_logins
from pegbatch.adapters.transformations_folder import transformations_in
from pegbatch.cli.current_user import current_user
from pegbatch.cli.kept_files import CHECKSUMS, kept_file
from pegbatch.cli.listing import object_lister
from pegbatch.cli.looking_up import look_up_facts, own_services
from pegbatch.cli.notify_settings import notify_options, properties_file
from pegbatch.errors import Gathering, InputError, Problem
from pegbatch.model.explanation import Explanation
from pegbatch.model.facts import Facts
from pegbatch.model.options import CleanUpStrategy, PlanOptions
from pegbatch.model.plan import Plan, job_to_json
from pegbatch.model.replica_sources import ReplicaSources
from pegbatch.model.settings import Settings
from pegbatch.model.workflow import Workflow
from pegbatch.parse.variables import AsWritten
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import plan_workflow, refine
from pegbatch.planner.stages import Given
from pegbatch.planner.tuning import read_tuning, tuning_warnings

Warn = Callable[[Sequence[Problem]], None]
"""Told what is odd as soon as it is known, so that it is said even where planning fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What the command line asks for."""

    workflow: Path
    conf: Path | None
    definitions: tuple[str, ...]
    base_dir: Path
    sites: tuple[str, ...]
    output_sites: tuple[str, ...]
    output_dir: str | None
    staging_sites: Mapping[str, str]
    cluster: tuple[str, ...]
    catalogs: bool
    catalog_files: bool = True
    """Whether catalogs beside those in the workflow itself are read."""
    caches: tuple[str, ...] = ()
    reuse: tuple[str, ...] = ()
    input_dirs: tuple[str, ...] = ()
    inherited_rc_files: tuple[str, ...] = ()
    force: bool = False
    cleanup: CleanUpStrategy = "none"
    group: str = VOGROUP
    basename: str = ""
    job_prefix: str = ""
    run_folder: str = ""
    submit_folder: str | None = None
    transformations_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """A plan on disk, and what making it took."""

    plan: Plan
    submit_dir: Path
    warnings: tuple[Problem, ...]
    seconds: float
    peak_rss_mib: float


def make_plan(request: PlanRequest, warn: Warn) -> PlanResult:
    """Plan a workflow and write its submit directory.

    Errors: InputError, PlanError, OutsideError; then nothing is written.
    """
    with without_collection():
        return _make_plan(request, warn)


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep Python's cycle collector from walking millions of objects that are all in use.

    A plan makes no cycles to speak of: a fifth of the time, and none of the memory.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _make_plan(request: PlanRequest, warn: Warn) -> PlanResult:
    started = time.monotonic()
    given, catalogs = read_given(request, warn)
    planned = plan_workflow(given)
    warn(planned.warnings[len(given.warnings) :])
    submit_dir = write_submit_directory(
        planned,
        PlannedWith(
            user=current_user(),
            base_dir=Path(given.options.base_dir),
            workflow_file=Path(given.options.working_dir, request.workflow),
            catalogs=catalogs.files,
            vogroup=request.group,
            submit_folder=request.submit_folder,
            properties_file=properties_file(request.conf, Path(given.options.working_dir)),
        ),
    )
    return PlanResult(
        plan=planned.plan,
        submit_dir=submit_dir,
        warnings=planned.warnings,
        seconds=time.monotonic() - started,
        peak_rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def explain_task(request: PlanRequest, task: str, warn: Warn) -> Explanation:
    """Plan a workflow in memory and return what was decided about one task.

    Errors: InputError, PlanError.
    """
    return explain(refine(read_given(request, warn)[0]), task)


def read_given(request: PlanRequest, warn: Warn, *, traces: bool = False) -> tuple[Given, Catalogs]:
    """Read the workflow, the properties and the catalogs, and look up what planning must know.

    Shapes: with traces the workflow may be a WfFormat trace, which has nothing to run.

    Errors: InputError with the problems of all files.
    """
    environment = dict(os.environ)
    here = Path.cwd()
    settings = load_settings(
        request.conf, request.definitions, Path(), home_directory(environment), environment
    )
    warn(settings.warnings)
    gathering = Gathering()
    tuning = gathering.attempt(lambda: read_tuning(settings))
    notify = gathering.attempt(lambda: notify_options(settings))
    workflow = gathering.attempt(
        lambda: (
            (load_trace(request.workflow) if traces else None)
            or load_workflow(request.workflow, environment if request.catalogs else AsWritten())
        )
    )
    files = gathering.attempt(lambda: _catalogs(request, settings, environment))
    if tuning is None or notify is None or workflow is None or files is None:
        gathering.problems.extend(workflow.defects if workflow else ())
        raise InputError(problems=gathering.problems)
    catalogs = with_inline(files, workflow) if request.catalogs else files
    options = _options(request, settings, here)
    logins = load_logins(home_directory(environment), environment)
    replicas = _replicas(request, settings, workflow, catalogs, options, logins, environment)
    options = replace(options, own_s3=own_services(logins, catalogs, replicas.sources))
    others = (
        *tuning_warnings(settings),
        *_catalog_warnings(catalogs),
        *(workflow.replicas.warnings if workflow.replicas else ()),
        *replicas.warnings,
        *logins.warnings,
        *workflow.warnings,
    )
    warn(others)
    given = Given(
        workflow=workflow,
        sites=catalogs.sites,
        transformations=catalogs.transformations,
        replicas=replicas.sources,
        settings=settings,
        options=options,
        facts=Facts(),
        tuning=tuning,
        warnings=(*settings.warnings, *others),
    )
    given = replace(given, facts=look_up_facts(given, logins, kept_file(environment, CHECKSUMS)))
    return given, replace(catalogs, files=catalogs.files + replicas.files)


def plan_result_json(result: PlanResult) -> dict[str, Any]:
    """Return the object that `plan --json` prints."""
    plan = result.plan
    return {
        "submit_dir": str(result.submit_dir),
        "workflow": plan.workflow,
        "tasks": plan.tasks,
        "files": plan.files,
        "levels": plan.levels,
        "arrays": [job_to_json(job) for job in plan.jobs],
        "requests": len(plan.jobs),
        "uploads": plan.uploads,
        "outputs": plan.outputs,
        "reused": plan.reused,
        "runnable": plan.runnable,
        "warnings": [str(warning) for warning in result.warnings],
        "seconds": round(result.seconds, 3),
        "peak_rss_mib": round(result.peak_rss_mib, 1),
    }


def _catalogs(request: PlanRequest, settings: Settings, environment: Mapping[str, str]) -> Catalogs:
    if not (request.catalogs and request.catalog_files):
        return NO_CATALOGS
    found = load_catalogs(settings, Path(), request.conf, environment)
    if request.transformations_dir is None:
        return found
    return replace(found, transformations=transformations_in(request.transformations_dir))


def _replicas(
    request: PlanRequest,
    settings: Settings,
    workflow: Workflow,
    catalogs: Catalogs,
    options: PlanOptions,
    logins: S3Logins,
    environment: Mapping[str, str],
) -> Gathered:
    if not request.catalogs:
        return Gathered(sources=ReplicaSources(), files=(), warnings=())
    named = NamedReplicas(
        caches=request.caches,
        reuse=request.reuse,
        input_dirs=request.input_dirs,
        inherited=request.inherited_rc_files,
    )
    listed = object_lister(Path(options.base_dir), logins, amazon=options.amazon)
    return gather_replicas(
        named, settings, workflow.replicas, catalogs.replicas, workflow.lfns, environment, listed
    )


def _catalog_warnings(catalogs: Catalogs) -> tuple[Problem, ...]:
    return (
        *catalogs.sites.warnings,
        *catalogs.transformations.warnings,
        *catalogs.replicas.warnings,
    )


def _options(request: PlanRequest, settings: Settings, here: Path) -> PlanOptions:
    return PlanOptions(
        base_dir=str((here / request.base_dir).resolve()),
        working_dir=str(here),
        sites=request.sites,
        output_sites=request.output_sites,
        output_dir=_output_dir(request.output_dir, here) if request.output_dir else None,
        staging_sites=request.staging_sites,
        user=current_user(),
        cleanup=request.cleanup,
        cluster=request.cluster,
        basename=request.basename,
        job_prefix=request.job_prefix,
        run_folder=request.run_folder,
        force=request.force,
        catalogs=request.catalogs,
        amazon=bool(settings.get("pegasus.aws.region") and settings.get("pegasus.aws.account")),
    )


def _output_dir(text: str, here: Path) -> str:
    """Return a URL as it is, and a path made absolute."""
    return text if "://" in text else str((here / text).resolve())

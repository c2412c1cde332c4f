"""Reading one workflow: its file, its properties, its catalogs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pegbatch.adapters.files import load_settings
from pegbatch.adapters.gathered_replicas import Gathered, NamedReplicas, gather_replicas
from pegbatch.adapters.planning_inputs import (
    NO_CATALOGS,
    Catalogs,
    load_trace,
    load_workflow,
    with_inline,
)
from pegbatch.adapters.planning_inputs import load_catalogs as read_catalogs
from pegbatch.adapters.s3_logins import S3Logins, home_directory, load_logins
from pegbatch.adapters.transformations_folder import transformations_in
from pegbatch.cli.current_user import current_user
from pegbatch.cli.listing import object_lister
from pegbatch.cli.looking_up import own_services
from pegbatch.cli.notify_settings import notify_options
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.reading.told import Told
from pegbatch.errors import Gathering, InputError, Problem
from pegbatch.model.catalogs import ReplicaCatalog
from pegbatch.model.facts import Facts
from pegbatch.model.options import PlanOptions
from pegbatch.model.replica_sources import ReplicaSources
from pegbatch.model.settings import Settings
from pegbatch.model.workflow import Workflow
from pegbatch.parse.variables import AsWritten
from pegbatch.planner.stages import Given
from pegbatch.planner.tuning import read_tuning, tuning_warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is the same for all workflows of a plan."""

    environment: Mapping[str, str]
    here: Path
    """The working directory."""
    home: Path | None
    logins: S3Logins


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a sub-workflow has from the workflow around it, besides its request."""

    files: Mapping[str, Path] = field(default_factory=dict)
    """Catalogs and properties by the names under which its planning finds them (`forPlanning`)."""
    replicas: ReplicaCatalog | None = None
    """The catalog inside the workflow around it."""


NOTHING = Inherited()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What says where the catalogs of one workflow are."""

    request: PlanRequest
    settings: Settings
    around: Surroundings
    inherited: Inherited


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWorkflow:
    """One workflow with all that it is planned with, but for its sub-workflows and the facts."""

    request: PlanRequest
    given: Given
    files: tuple[Path, ...]
    """Its catalogs, as they were read."""


def look_around(environment: Mapping[str, str]) -> Surroundings:
    """Return what surrounds this command.

    Errors: those of files of logins.
    """
    home = home_directory(environment)
    return Surroundings(
        environment=environment,
        here=Path.cwd(),
        home=home,
        logins=load_logins(home, environment),
    )


def read_workflow(
    request: PlanRequest,
    around: Surroundings,
    told: Told,
    *,
    load: Callable[[PlanRequest, Surroundings], Workflow] | None = None,
    load_catalogs: Callable[[Wanted], Catalogs] | None = None,
    inherited: Inherited = NOTHING,
) -> ReadWorkflow:
    """Read one workflow, its properties and its catalogs.

    Shapes: load reads the workflow's file, in place of `workflow_of`; load_catalogs its catalogs,
    in place of `catalogs_of`.
    Errors: InputError with the problems of all files.
    """
    environment = around.environment
    settings = load_settings(request.conf, request.definitions, Path(), around.home, environment)
    told.tell(settings.warnings)
    gathering = Gathering()
    tuning = gathering.attempt(lambda: read_tuning(settings))
    notify = gathering.attempt(lambda: notify_options(settings))
    workflow = gathering.attempt(lambda: (load or workflow_of)(request, around))
    wanted = Wanted(request=request, settings=settings, around=around, inherited=inherited)
    files = gathering.attempt(lambda: (load_catalogs or catalogs_of)(wanted))
    if tuning is None or notify is None or workflow is None or files is None:
        gathering.problems.extend(workflow.defects if workflow else ())
        raise InputError(problems=gathering.problems)
    catalogs = with_inline(files, workflow) if request.catalogs else files
    options = _options(request, settings, around.here)
    found = _replicas(request, settings, workflow, catalogs, options, around)
    sources = found.sources
    if inherited.replicas is not None and request.catalogs:
        sources = sources.inheriting(inherited.replicas)
    others = _warnings(settings, catalogs, workflow, found, around.logins)
    told.tell(others)
    given = Given(
        workflow=workflow,
        sites=catalogs.sites,
        transformations=catalogs.transformations,
        replicas=sources,
        settings=settings,
        options=replace(options, own_s3=own_services(around.logins, catalogs, sources)),
        facts=Facts(),
        tuning=tuning,
        warnings=(*settings.warnings, *others),
    )
    return ReadWorkflow(request=request, given=given, files=catalogs.files + found.files)


def workflow_of(request: PlanRequest, around: Surroundings) -> Workflow:
    """Read the file of a workflow.

    Errors: InputError.
    """
    return load_workflow(request.workflow, around.environment if request.catalogs else AsWritten())


def workflow_or_trace(request: PlanRequest, around: Surroundings) -> Workflow:
    """Read the file of a workflow, or a WfFormat trace, which has nothing to run.

    Errors: InputError.
    """
    return load_trace(request.workflow) or workflow_of(request, around)


def catalogs_of(wanted: Wanted) -> Catalogs:
    """Read the catalogs of a workflow that are files.

    Errors: InputError.
    """
    request, around = wanted.request, wanted.around
    if not (request.catalogs and request.catalog_files):
        return NO_CATALOGS
    found = read_catalogs(
        wanted.settings,
        Path(),
        request.conf,
        around.environment,
        wanted.inherited.files,
        request.copies,
    )
    if request.transformations_dir is None:
        return found
    return replace(found, transformations=transformations_in(request.transformations_dir))


def _replicas(
    request: PlanRequest,
    settings: Settings,
    workflow: Workflow,
    catalogs: Catalogs,
    options: PlanOptions,
    around: Surroundings,
) -> Gathered:
    if not request.catalogs:
        return Gathered(sources=ReplicaSources(), files=(), warnings=())
    named = NamedReplicas(
        handed_over=request.handed_over,
        caches=request.caches,
        reuse=request.reuse,
        input_dirs=request.input_dirs,
        inherited=request.inherited_rc_files,
    )
    listed = object_lister(Path(options.base_dir), around.logins, amazon=options.amazon)
    return gather_replicas(
        named,
        settings,
        workflow.replicas,
        catalogs.replicas,
        workflow.lfns,
        around.environment,
        listed,
    )


def _warnings(
    settings: Settings,
    catalogs: Catalogs,
    workflow: Workflow,
    replicas: Gathered,
    logins: S3Logins,
) -> tuple[Problem, ...]:
    return (
        *tuning_warnings(settings),
        *catalogs.sites.warnings,
        *catalogs.transformations.warnings,
        *catalogs.replicas.warnings,
        *(workflow.replicas.warnings if workflow.replicas else ()),
        *replicas.warnings,
        *logins.warnings,
        *workflow.warnings,
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
        output_map=request.output_map,
        catalogs=request.catalogs,
        amazon=bool(settings.get("pegasus.aws.region") and settings.get("pegasus.aws.account")),
    )


def _output_dir(text: str, here: Path) -> str:
    """Return a URL as it is, and a path made absolute."""
    return text if "://" in text else str((here / text).resolve())

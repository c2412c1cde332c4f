"""The use case behind `pegbatch plan`: read, look up, plan, write."""

from __future__ import annotations

import getpass
import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pegbatch.adapters.files import load_settings
from pegbatch.adapters.local_facts import look_up
from pegbatch.adapters.plan_writer import PlannedWith, write_submit_directory
from pegbatch.adapters.planning_inputs import (
    NO_CATALOGS,
    Catalogs,
    load_catalogs,
    load_workflow,
    with_inline,
)
from pegbatch.errors import Problem
from pegbatch.model.explanation import Explanation
from pegbatch.model.facts import Facts
from pegbatch.model.options import PlanOptions
from pegbatch.model.plan import Plan, job_to_json
from pegbatch.model.settings import Settings
from pegbatch.model.workflow import Workflow
from pegbatch.parse.variables import AsWritten
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import plan_workflow, refine
from pegbatch.planner.stages import Given
from pegbatch.planner.survey import files_to_look_up
from pegbatch.planner.tuning import read_tuning


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What the command line asks for."""

    workflow: Path
    conf: Path | None
    definitions: tuple[str, ...]
    base_dir: Path
    sites: tuple[str, ...]
    output_sites: tuple[str, ...]
    output_dir: Path | None
    staging_sites: Mapping[str, str]
    cluster: tuple[str, ...]
    catalogs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """A plan on disk, and what making it took."""

    plan: Plan
    submit_dir: Path
    warnings: tuple[Problem, ...]
    seconds: float
    peak_rss_mib: float


def make_plan(request: PlanRequest) -> PlanResult:
    """Plan a workflow and write its submit directory.

    Errors: InputError, PlanError, OutsideError; then nothing is written.
    """
    started = time.monotonic()
    given, catalogs = read_given(request)
    planned = plan_workflow(given)
    submit_dir = write_submit_directory(
        planned,
        PlannedWith(
            user=_user(),
            base_dir=Path(given.options.base_dir),
            workflow_file=Path(given.options.working_dir, request.workflow),
            catalogs=catalogs.files,
        ),
    )
    return PlanResult(
        plan=planned.plan,
        submit_dir=submit_dir,
        warnings=planned.warnings,
        seconds=time.monotonic() - started,
        peak_rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def explain_task(request: PlanRequest, task: str) -> Explanation:
    """Plan a workflow in memory and return what was decided about one task.

    Errors: InputError, PlanError.
    """
    return explain(refine(read_given(request)[0]), task)


def read_given(request: PlanRequest) -> tuple[Given, Catalogs]:
    """Read the workflow, the properties and the catalogs, and look up what planning must know.

    Errors: InputError, PlanError.
    """
    environment = dict(os.environ)
    here = Path.cwd()
    settings = load_settings(
        request.conf, request.definitions, Path(), _home(environment), environment
    )
    tuning = read_tuning(settings)
    workflow = load_workflow(request.workflow, environment if request.catalogs else AsWritten())
    catalogs = _catalogs(request, settings, workflow, environment)
    given = Given(
        workflow=workflow,
        sites=catalogs.sites,
        transformations=catalogs.transformations,
        replicas=catalogs.replicas,
        settings=settings,
        options=_options(request, settings, here),
        facts=Facts(),
        tuning=tuning,
        warnings=(*settings.warnings, *_catalog_warnings(catalogs), *workflow.warnings),
    )
    facts = look_up(files_to_look_up(given), _memory(environment))
    return replace(given, facts=facts), catalogs


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
        "runnable": plan.runnable,
        "warnings": [str(warning) for warning in result.warnings],
        "seconds": round(result.seconds, 3),
        "peak_rss_mib": round(result.peak_rss_mib, 1),
    }


def _catalogs(
    request: PlanRequest, settings: Settings, workflow: Workflow, environment: Mapping[str, str]
) -> Catalogs:
    if not request.catalogs:
        return NO_CATALOGS
    return with_inline(load_catalogs(settings, Path(), request.conf, environment), workflow)


def _catalog_warnings(catalogs: Catalogs) -> tuple[Problem, ...]:
    return (
        *catalogs.sites.warnings,
        *catalogs.transformations.warnings,
        *catalogs.replicas.warnings,
    )


def _options(request: PlanRequest, settings: Settings, here: Path) -> PlanOptions:
    output_dir = (here / request.output_dir).resolve() if request.output_dir else None
    return PlanOptions(
        base_dir=str((here / request.base_dir).resolve()),
        working_dir=str(here),
        sites=request.sites,
        output_sites=request.output_sites,
        output_dir=str(output_dir) if output_dir else None,
        staging_sites=request.staging_sites,
        cluster=request.cluster,
        catalogs=request.catalogs,
        amazon=bool(settings.get("pegasus.aws.region") and settings.get("pegasus.aws.account")),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _home(environment: Mapping[str, str]) -> Path | None:
    home = environment.get("HOME")
    return Path(home) if home else None


def _memory(environment: Mapping[str, str]) -> Path | None:
    """Return where checksums are remembered (XDG base directories)."""
    cache = environment.get("XDG_CACHE_HOME")
    home = _home(environment)
    if cache and Path(cache).is_absolute():
        return Path(cache) / "pegbatch" / "checksums.db"
    return home / ".cache" / "pegbatch" / "checksums.db" if home else None

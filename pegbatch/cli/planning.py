"""The use case behind `pegbatch plan`: read, look up, plan, write."""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pegbatch.adapters.plan_writer import PlannedWith, write_submit_directory
from pegbatch.cli.current_user import current_user
from pegbatch.cli.kept_files import CHECKSUMS, kept_file
from pegbatch.cli.looking_up import look_up_facts
from pegbatch.cli.nesting.handing_down import hand_down
from pegbatch.cli.notify_settings import properties_file
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.reading.planned_in import PlannedIn, planned_in
from pegbatch.cli.reading.sub_workflows import read_sub_workflows
from pegbatch.cli.reading.told import Told, Warn
from pegbatch.cli.reading.workflow import (
    look_around,
    read_workflow,
    workflow_of,
    workflow_or_trace,
)
from pegbatch.errors import Problem
from pegbatch.model.explanation import Explanation
from pegbatch.model.plan import Plan, job_to_json
from pegbatch.planner.expand import expand
from pegbatch.planner.explain import explain
from pegbatch.planner.pipeline import plan_workflow, refine
from pegbatch.planner.stages import Given


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """A plan on disk, and what making it took."""

    plan: Plan
    submit_dir: Path
    warnings: tuple[Problem, ...]
    seconds: float
    peak_rss_mib: float
    planned_in: tuple[PlannedIn, ...] = ()
    """Sub-workflows whose tasks are in the plan, in document order."""


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
            catalogs=catalogs,
            vogroup=request.group,
            submit_folder=request.submit_folder,
            properties_file=properties_file(request.conf, Path(given.options.working_dir)),
            handed_down=hand_down(given, planned, catalogs),
        ),
    )
    return PlanResult(
        plan=planned.plan,
        submit_dir=submit_dir,
        warnings=planned.warnings,
        seconds=time.monotonic() - started,
        peak_rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        planned_in=planned_in(given),
    )


def explain_task(request: PlanRequest, task: str, warn: Warn) -> Explanation:
    """Plan a workflow in memory and return what was decided about one task.

    Errors: InputError, PlanError.
    """
    return explain(refine(read_given(request, warn)[0]), task)


def read_given(
    request: PlanRequest, warn: Warn, *, traces: bool = False
) -> tuple[Given, tuple[Path, ...]]:
    """Read the workflow, the properties, the catalogs and the sub-workflows that are at hand, and
    look up what planning must know.

    Shapes: with traces the workflow may be a WfFormat trace, which has nothing to run; beside what
    is given come the files of the catalogs and of the sub-workflows.
    Errors: InputError with the problems of all files.
    """
    environment = dict(os.environ)
    around = look_around(environment)
    told = Told(warn)
    load = workflow_or_trace if traces else workflow_of
    read = read_workflow(request, around, told, load=load)
    tree = read_sub_workflows(read, around, told)
    given = expand(replace(tree.given, warnings=told.all))
    told.tell(given.warnings)
    facts = look_up_facts(
        given, around.logins, kept_file(environment, CHECKSUMS), request.known_files
    )
    return replace(given, facts=facts), (*read.files, *tree.files)


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
        "sub_workflows": [
            *({**asdict(one), "planned_in": True} for one in result.planned_in),
            *({"id": one.id, "file": one.file, "planned_in": False} for one in plan.sub_workflows),
        ],
        "warnings": [str(warning) for warning in result.warnings],
        "seconds": round(result.seconds, 3),
        "peak_rss_mib": round(result.peak_rss_mib, 1),
    }

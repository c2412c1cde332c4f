"""The plan: what will run, as data. `plan.json` is this, in both directions.

A plan has no run identity and no time in it: the same inputs give the same bytes. URLs without
a scheme are relative to the run's URL, which is chosen at the first submission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pegbatch.errors import InputError
from pegbatch.model.containers import TaskContainer, container_from_json, container_to_json
from pegbatch.model.hooks import Hooks, hooks_from_json, hooks_to_json
from pegbatch.model.sub_workflows import (
    SubWorkflowTask,
    sub_workflow_task_from_json,
    sub_workflow_task_to_json,
)

PLAN_FORMAT = 1

JobKind = Literal["compute", "stage-in", "barrier", "clean-up", "verdict"]


class LinkType(StrEnum):
    """How one array job waits for another (AWS Batch `dependsOn`)."""

    ALL = "ALL"
    """Every child of the parent has succeeded."""
    N_TO_N = "N_TO_N"
    """Child i waits for child i of the parent alone; both have the same size."""


@dataclass(frozen=True, slots=True)
class JobLink:
    """One dependency of a job."""

    array: str
    type: LinkType


@dataclass(frozen=True, slots=True, order=True)
class Resources:
    """What one child asks of its compute environment."""

    vcpus: int
    memory_mib: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """How long the tasks of a job are expected to take (profile `runtime`)."""

    seconds: float
    """Of all tasks together."""
    longest: float
    """Of the largest bag, its tasks one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One SubmitJob call: an array job, or a plain job where size is 1."""

    name: str
    """Unique in the plan; letters, digits, `-` and `_`, at most 60 characters."""
    kind: JobKind
    level: int | None
    """From 0; None but for compute jobs."""
    size: int
    """Children (bags); 1 is a plain job."""
    tasks: int
    transformations: tuple[str, ...]
    """Complete names, sorted."""
    resources: Resources
    attempts: int
    timeout_seconds: int | None
    """`attemptDurationSeconds`, or None for no limit."""
    depends_on: tuple[JobLink, ...]
    """At most 20, in plan order."""
    expected: Expected | None = None
    """None where a task of it has no such profile."""
    container: str = ""
    """Name of one of the plan's containers; empty: the image of the base job definition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The header of a plan; the tasks themselves lie in `arrays/`."""

    workflow: str
    """Label of the workflow, as written."""
    tasks: int
    files: int
    """Distinct LFNs that tasks use."""
    levels: int
    jobs: tuple[Job, ...]
    """In an order in which every job comes after those it depends on; the verdict last,
    except for clean-up jobs that depend on it."""
    staging_url: str
    """URL of the staging directory: `s3://bucket/prefix` or `file:///path`, no slash at the end."""
    uploads: int
    """Lines of uploads.jsonl.gz."""
    outputs: int
    """Lines of outputs.jsonl.gz."""
    reused: int = 0
    """Tasks of the workflow that are not run, since their outputs exist already."""
    s3_users: Mapping[str, str] = field(default_factory=dict)
    """By bucket: the `user@site` of the site catalog, whose login the client takes on Amazon."""
    runnable: bool = True
    """False for a plan made without catalogs."""
    hooks: Hooks = ()
    """Of the workflow as a whole."""
    containers: tuple[TaskContainer, ...] = ()
    """That its jobs run in, by name."""
    sub_workflows: tuple[SubWorkflowTask, ...] = ()
    """Tasks that plan and run a workflow while the run goes on, in plan order."""
    planned_in: tuple[str, ...] = ()
    """Ids of sub-workflows whose tasks are among those of the plan, joined by dots (their tasks'
    ids begin so)."""
    label: str = ""
    """What names of run and jobs begin with, where it is not the workflow's name."""
    run_folder: str = ""
    """Folder below the staging URL in which the run's own is made; empty: right below."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Properties in force, sorted by key."""

    def job(self, name: str) -> Job:
        """Return the job of that name.

        Errors: KeyError where there is none.
        """
        for job in self.jobs:
            if job.name == name:
                return job
        raise KeyError(name)


def layers_of(jobs: Iterable[Job]) -> dict[str, int]:
    """Return how far each job is from the top, from 0: below all that it waits for.

    Shapes: jobs come after those that they wait for.
    """
    layers: dict[str, int] = {}
    for job in jobs:
        above = (layers.get(link.array, 0) + 1 for link in job.depends_on)
        layers[job.name] = max(above, default=0)
    return layers


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as the JSON object of `plan.json`."""
    return {
        "format": PLAN_FORMAT,
        "workflow": plan.workflow,
        "tasks": plan.tasks,
        "files": plan.files,
        "levels": plan.levels,
        "runnable": plan.runnable,
        "staging_url": plan.staging_url,
        "uploads": plan.uploads,
        "outputs": plan.outputs,
        "reused": plan.reused,
        "s3_users": dict(sorted(plan.s3_users.items())),
        "properties": dict(sorted(plan.properties.items())),
        "jobs": [job_to_json(job) for job in plan.jobs],
        **({"hooks": hooks_to_json(plan.hooks)} if plan.hooks else {}),
        **_containers_to_json(plan.containers),
        **_sub_workflows_to_json(plan.sub_workflows),
        **({"planned_in": list(plan.planned_in)} if plan.planned_in else {}),
        **({"label": plan.label} if plan.label else {}),
        **({"run_folder": plan.run_folder} if plan.run_folder else {}),
    }


def job_to_json(job: Job) -> dict[str, Any]:
    """Return one job as it stands in `plan.json` and in `plan --json`."""
    return {
        "name": job.name,
        "kind": job.kind,
        "level": job.level,
        "size": job.size,
        "tasks": job.tasks,
        "transformations": list(job.transformations),
        "resources": {
            "vcpus": job.resources.vcpus,
            "memory_mib": job.resources.memory_mib,
            "gpus": job.resources.gpus,
        },
        "attempts": job.attempts,
        "timeout_seconds": job.timeout_seconds,
        "depends_on": [{"array": link.array, "type": link.type.value} for link in job.depends_on],
        **_expected_to_json(job.expected),
        **({"container": job.container} if job.container else {}),
    }


def _containers_to_json(containers: tuple[TaskContainer, ...]) -> dict[str, Any]:
    return {"containers": [container_to_json(one) for one in containers]} if containers else {}


def _sub_workflows_to_json(tasks: tuple[SubWorkflowTask, ...]) -> dict[str, Any]:
    return {"sub_workflows": [sub_workflow_task_to_json(one) for one in tasks]} if tasks else {}


def _expected_to_json(expected: Expected | None) -> dict[str, Any]:
    if expected is None:
        return {}
    return {"expected": {"seconds": expected.seconds, "longest": expected.longest}}


def plan_from_json(data: Mapping[str, Any], *, source: str) -> Plan:
    """Read the JSON object of `plan.json`.

    Errors: InputError where the format is another, or a part is missing.
    """
    if data.get("format") != PLAN_FORMAT:
        raise InputError(
            f"plan format {data.get('format')!r} is not {PLAN_FORMAT}",
            where=source,
            hint="plan the workflow again with this version of pegbatch",
        )
    try:
        return Plan(
            workflow=data["workflow"],
            tasks=data["tasks"],
            files=data["files"],
            levels=data["levels"],
            runnable=data["runnable"],
            staging_url=data["staging_url"],
            uploads=data["uploads"],
            outputs=data["outputs"],
            reused=data.get("reused", 0),
            s3_users=dict(data.get("s3_users", {})),
            label=data.get("label", ""),
            run_folder=data.get("run_folder", ""),
            hooks=hooks_from_json(data.get("hooks", ())),
            containers=tuple(map(container_from_json, data.get("containers", ()))),
            sub_workflows=tuple(map(sub_workflow_task_from_json, data.get("sub_workflows", ()))),
            planned_in=tuple(map(str, data.get("planned_in", ()))),
            properties=dict(data["properties"]),
            jobs=tuple(job_from_json(job) for job in data["jobs"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"not a whole plan: {error!r}", where=source, hint="plan the workflow again"
        ) from error


def job_from_json(data: Mapping[str, Any]) -> Job:
    """Read one job as `job_to_json` wrote it.

    Errors: KeyError, TypeError, ValueError where a part is missing or no such thing.
    """
    return Job(
        name=data["name"],
        kind=data["kind"],
        level=data["level"],
        size=data["size"],
        tasks=data["tasks"],
        transformations=tuple(data["transformations"]),
        resources=Resources(**data["resources"]),
        attempts=data["attempts"],
        timeout_seconds=data["timeout_seconds"],
        depends_on=tuple(
            JobLink(link["array"], LinkType(link["type"])) for link in data["depends_on"]
        ),
        expected=Expected(**data["expected"]) if "expected" in data else None,
        container=data.get("container", ""),
    )

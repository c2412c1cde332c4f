"""Tries: one submission of a run each. The first runs the plan, a later one what is missing.

`tries/<number>.json` says what a later try submits (docs/formats.md); the first has no such file,
because it submits every job of the plan with all its bags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pegbatch.errors import InputError
from pegbatch.model.plan import Job, Plan, job_from_json, job_to_json

TRY_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Missing:
    """What an array has still to do."""

    bags: tuple[int, ...]
    """Those in which a task has no recorded success; ascending, at least one."""
    tasks: int
    """Tasks in them without a recorded success."""
    done: frozenset[str] = field(default_factory=frozenset, compare=False)
    """Ids of tasks in them that have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What one submission of a run consists of."""

    number: int
    """From 1."""
    jobs: tuple[Job, ...]
    """What it submits, in an order in which every job comes after those it depends on. Names are
    the plan's; size counts the children of this try, tasks those without a recorded success in
    its bags, and links lead to jobs of this try alone."""
    bags: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By name of the job: the bags of its children, child after child, ascending. Empty in the
    first try, where child i runs bag i; barriers and the verdict have none."""

    def array(self, job: Job) -> str:
        """Return what this try calls the array of a job: `L1-x`, or `L1-x.t2` in the second."""
        return job.name if self.number == 1 else f"{job.name}.t{self.number}"


def first_try(plan: Plan) -> Try:
    """Return the first submission of a plan: every job, with all its bags."""
    return Try(number=1, jobs=plan.jobs)


def try_to_json(try_: Try) -> dict[str, Any]:
    """Return the JSON object of `tries/<number>.json`."""
    return {
        "format": TRY_FORMAT,
        "try": try_.number,
        "jobs": [_job_to_json(try_, job) for job in try_.jobs],
    }


def _job_to_json(try_: Try, job: Job) -> dict[str, Any]:
    bags = try_.bags.get(job.name)
    return job_to_json(job) | ({} if bags is None else {"bags": list(bags)})


def try_from_json(data: Any, *, source: str) -> Try:
    """Read the JSON object of `tries/<number>.json`.

    Errors: InputError where the format is another, or a part is missing.
    """
    known = data.get("format") if isinstance(data, dict) else None
    if known != TRY_FORMAT:
        raise InputError(
            f"format {known!r} of a try is not {TRY_FORMAT}",
            where=source,
            hint="go on with the version of pegbatch that began this try",
        )
    try:
        return Try(
            number=int(data["try"]),
            jobs=tuple(job_from_json(job) for job in data["jobs"]),
            bags={
                job["name"]: tuple(map(int, job["bags"])) for job in data["jobs"] if "bags" in job
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"not a whole try: {error!r}",
            where=source,
            hint="restore the file from <run>/plan/tries/ or from a copy of the submit directory",
        ) from error

"""One look at a run: state, tasks and arrays, from the fold and what the store says.

In a later try the whole run is told: what the try leaves out has succeeded, in whole arrays as in
bags of an array, and the children of the try stand for the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.counting import (
    LostChildren,
    count_lost,
    count_tasks,
    guess_lost,
    settled_children,
)
from pegbatch.engine.state import RunState
from pegbatch.model.marks import Marks, Restarts
from pegbatch.model.plan import Job, Plan
from pegbatch.model.run_status import ArrayStatus, LevelStatus, RunPhase, RunStatus, TaskCounts

UNSUBMITTED = "UNSUBMITTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was looked up for one status, besides the events."""

    marks: Marks = field(default_factory=dict)
    """Of the current try, from one LIST of the failures."""
    lost: Mapping[str, LostChildren] = field(default_factory=dict)
    """Arrays whose failed children were asked one by one."""
    tasks: TaskCounts | None = None
    """Of the summary, where there is one: exact, so it stands above all counting."""
    levels: tuple[LevelStatus, ...] = ()
    """Of the summary, where it has any."""
    restarts: Restarts = field(default_factory=Restarts)
    """Of the whole run, from the same LIST."""


def build_status(plan: Plan, state: RunState, findings: Findings, *, now: float) -> RunStatus:
    """Return the status of a run.

    Units: now is in seconds since the epoch.
    """
    levels = findings.levels or _count_levels(plan, state, findings)
    return RunStatus(
        run=state.run_url,
        workflow=plan.workflow,
        service=state.service,
        state=phase_of(state),
        tasks=findings.tasks or sum((level.tasks for level in levels), TaskCounts()),
        levels=levels,
        arrays=_array_statuses(plan, state),
        outputs=plan.outputs,
        seconds=_seconds(state, now),
        number=max(1, state.number),
    )


def all_jobs(plan: Plan, state: RunState) -> tuple[Job, ...]:
    """Return the jobs of the plan, then those that the current try has besides (barriers)."""
    planned = {job.name for job in plan.jobs}
    return (*plan.jobs, *(job for job in state.current.jobs if job.name not in planned))


def phase_of(state: RunState) -> RunPhase:
    """Return the word for where a run stands."""
    if state.started is None:
        return "planned"
    if state.outcome is not None:
        return state.outcome
    return "running" if state.submitted or state.cancelling else "submitting"


def _seconds(state: RunState, now: float) -> float:
    if state.started is None:
        return 0.0
    return max(0.0, (now if state.ended is None else state.ended) - state.started)


def _array_statuses(plan: Plan, state: RunState) -> tuple[ArrayStatus, ...]:
    tried = _jobs_of_try(state)
    return tuple(
        _array_status(job, tried[job.name], state.arrays[job.name])
        if job.name in tried
        else _done_status(job, state.carried.get(job.name))
        for job in all_jobs(plan, state)
    )


def _jobs_of_try(state: RunState) -> Mapping[str, Job]:
    return {job.name: job for job in state.current.jobs}


def _array_status(job: Job, tried: Job, array: ArrayState) -> ArrayStatus:
    submitted = "SUBMITTED" if array.job_id is not None else UNSUBMITTED
    children = Counter(settled_children(array, tried.size))
    if children and job.size > tried.size:
        children["SUCCEEDED"] += job.size - tried.size
    return ArrayStatus(
        name=job.name,
        job_id=array.job_id,
        state=array.status or submitted,
        reason=array.reason,
        size=job.size,
        children=dict(children),
    )


def _done_status(job: Job, before: ArrayState | None) -> ArrayStatus:
    """Return the status of an array of which nothing is missing any more."""
    return ArrayStatus(
        name=job.name,
        job_id=before.job_id if before is not None else None,
        state="SUCCEEDED",
        reason="",
        size=job.size,
        children={"SUCCEEDED": job.size},
    )


def _count_levels(plan: Plan, state: RunState, findings: Findings) -> tuple[LevelStatus, ...]:
    tried, stop = _jobs_of_try(state), stops(plan)
    counts: defaultdict[int, list[TaskCounts]] = defaultdict(list)
    for job in plan.jobs:
        if job.kind == "compute":
            counts[job.level or 0].append(
                _count_job(job, tried[job.name], state, findings, stop)
                if job.name in tried
                else TaskCounts(total=job.tasks, succeeded=job.tasks)
            )
    return tuple(
        LevelStatus(level=level, arrays=len(parts), tasks=sum(parts, TaskCounts()))
        for level, parts in sorted(counts.items())
    )


def stops(plan: Plan) -> bool:
    """Say whether Batch itself is to fail what follows a failed task."""
    return plan.properties.get("pegbatch.on_failure", "continue") == "stop"


def _count_job(job: Job, tried: Job, state: RunState, findings: Findings, stop: bool) -> TaskCounts:
    array = state.arrays[job.name]
    done = job.tasks - tried.tasks
    marks = findings.marks.get(job.name, {})
    children = settled_children(array, tried.size)
    lost = findings.lost.get(job.name)
    if lost is None:
        lost = guess_lost(array, count_lost(children, marks, stop=stop))
    counted = count_tasks(tried, children, marks, lost, ended=state.outcome is not None)
    return TaskCounts(total=done, succeeded=done) + counted

"""One look at a run: state, tasks and arrays, from the fold and what the store says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pegbatch.engine.counting import (
    LostChildren,
    Marks,
    count_lost,
    count_tasks,
    guess_lost,
    settled_children,
)
from pegbatch.engine.state import ArrayState, RunState
from pegbatch.model.plan import Job, Plan
from pegbatch.model.run_status import ArrayStatus, RunPhase, RunStatus, TaskCounts

UNSUBMITTED = "UNSUBMITTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was looked up for one status, besides the events."""

    marks: Marks = field(default_factory=dict)
    """From one LIST of the failures."""
    lost: Mapping[str, LostChildren] = field(default_factory=dict)
    """Arrays whose failed children were asked one by one."""
    tasks: TaskCounts | None = None
    """Of the summary, where there is one: exact, so it stands above all counting."""


def build_status(plan: Plan, state: RunState, findings: Findings, *, now: float) -> RunStatus:
    """Return the status of a run.

    Units: now is in seconds since the epoch.
    """
    return RunStatus(
        run=state.run_url,
        workflow=plan.workflow,
        service=state.service,
        state=phase_of(state),
        tasks=findings.tasks or _count_all(plan, state, findings),
        arrays=tuple(_array_status(job, state.arrays[job.name]) for job in plan.jobs),
        outputs=plan.outputs,
        seconds=_seconds(state, now),
    )


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


def _array_status(job: Job, array: ArrayState) -> ArrayStatus:
    submitted = "SUBMITTED" if array.job_id is not None else UNSUBMITTED
    return ArrayStatus(
        name=job.name,
        job_id=array.job_id,
        state=array.status or submitted,
        reason=array.reason,
        size=job.size,
        children=settled_children(array, job.size),
    )


def _count_all(plan: Plan, state: RunState, findings: Findings) -> TaskCounts:
    compute = [job for job in plan.jobs if job.kind == "compute"]
    counts = (_count_job(job, state, findings, stops(plan)) for job in compute)
    return sum(counts, TaskCounts())


def stops(plan: Plan) -> bool:
    """Say whether Batch itself is to fail what follows a failed task."""
    return plan.properties.get("pegbatch.on_failure", "continue") == "stop"


def _count_job(job: Job, state: RunState, findings: Findings, stop: bool) -> TaskCounts:
    array = state.arrays[job.name]
    marks = findings.marks.get(job.name, {})
    children = settled_children(array, job.size)
    lost = findings.lost.get(job.name)
    if lost is None:
        lost = guess_lost(array, count_lost(children, marks, stop=stop))
    return count_tasks(job, children, marks, lost, ended=state.outcome is not None)

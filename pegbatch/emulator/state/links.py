"""Dependencies: who waits for whom, and what an end means for those that wait.

Only success counts: a failed dependency fails its dependents, and theirs in turn. Ends are
worked through from a queue (`Core.ended`), so chains of any length need no recursion.
Source: AWS Batch, "Job dependencies", "Array jobs".
"""

from __future__ import annotations

from pegbatch.emulator.state.core import Core
from pegbatch.emulator.state.jobs import TERMINAL, Dependency, Job, Status, Unit

DEPENDENT_FAILED = "Dependent Job failed"
CHILD_FAILED = "Array Child Job failed"


def attach(core: Core, job: Job, now: float) -> None:
    """Look at a new job's dependencies: it becomes PENDING, RUNNABLE, or FAILED at once."""
    _spawn(core, job, now)
    for dependency in job.spec.depends_on:
        _tie(core, job, dependency, now)
    if job.doomed:
        doom(core, job, now)
    elif job.blockers == 0:
        _release_all(core, job, now)
    if not job.is_array and job.units[0].status == "SUBMITTED":
        core.set_unit(job.units[0], "PENDING", now)


def propagate(core: Core, now: float) -> None:
    """Tell dependents of everything that has ended, until nobody is left to be told."""
    while core.ended:
        unit = core.ended.popleft()
        if unit.status == "SUCCEEDED":
            _succeeded(core, unit, now)
        else:
            _failed(core, unit, now)
        unit.job.open_units -= 1
        if unit.job.open_units == 0:
            close(core, unit.job, now)


def close(core: Core, job: Job, now: float) -> None:
    """End a job all of whose units have ended."""
    core.open_jobs -= 1
    job.stopped = now
    core.effects.jobs[job.id] = job
    status: Status = "FAILED" if any(u.status == "FAILED" for u in job.units) else "SUCCEEDED"
    if job.is_array:
        core.set_parent(job, status, now, _parent_reason(job) if status == "FAILED" else None)
    for dependent in job.dependents:
        _whole_ended(core, dependent, status, now)
    if status == "FAILED" and core.settings.n_to_n_failure == "array":
        for dependent in job.index_dependents:
            doom(core, dependent, now)


def doom(core: Core, job: Job, now: float) -> None:
    """Fail every unit of a job that has not been started."""
    job.doomed = True
    for unit in job.units:
        if not unit.attempts:
            core.fail_waiting(unit, DEPENDENT_FAILED, now)


def _spawn(core: Core, job: Job, now: float) -> None:
    if not job.is_array:
        return
    if job.parent_status == "SUBMITTED":
        core.set_parent(job, "PENDING", now)
    for unit in job.units:
        if unit.status == "SUBMITTED":
            core.set_unit(unit, "PENDING", now)


def _tie(core: Core, job: Job, dependency: Dependency, now: float) -> None:
    if dependency.type == "SEQUENTIAL":
        _tie_sequence(core, job, now)
        return
    name, _, index = (dependency.job_id or "").partition(":")
    target = core.jobs.get(name)
    if target is None:
        # Only after a restart: a finished dependency that has expired in the meantime.
        return
    if dependency.type == "N_TO_N":
        _tie_indices(core, job, target, now)
    elif index:
        _tie_whole(job, target.units[int(index)].status, target.child_dependents, int(index))
    else:
        _tie_whole(job, target.status, {0: target.dependents}, 0)


def _tie_whole(job: Job, status: Status, waiters: dict[int, list[Job]], index: int) -> None:
    if status == "FAILED":
        job.doomed = True
    elif status != "SUCCEEDED":
        job.blockers += 1
        waiters.setdefault(index, []).append(job)


def _tie_sequence(core: Core, job: Job, now: float) -> None:
    job.sequential = True
    for before, unit in zip(job.units, job.units[1:], strict=False):
        _wait_for(core, unit, before, now)


def _tie_indices(core: Core, job: Job, target: Job, now: float) -> None:
    target.index_dependents.append(job)
    if target.status == "FAILED" and core.settings.n_to_n_failure == "array":
        job.doomed = True
    for unit, before in zip(job.units, target.units, strict=True):
        _wait_for(core, unit, before, now)


def _wait_for(core: Core, unit: Unit, before: Unit, now: float) -> None:
    if before.status not in TERMINAL:
        unit.waits += 1
    elif before.status == "FAILED":
        unit.waits += 1
        if core.settings.n_to_n_failure != "array" or unit.job is before.job:
            core.fail_waiting(unit, DEPENDENT_FAILED, now)


def _succeeded(core: Core, unit: Unit, now: float) -> None:
    job = unit.job
    if unit.index is None:
        return
    if job.sequential and unit.index + 1 < len(job.units):
        _one_less(core, job.units[unit.index + 1], now)
    for dependent in job.index_dependents:
        _one_less(core, dependent.units[unit.index], now)
    for dependent in job.child_dependents.get(unit.index, ()):
        _whole_ended(core, dependent, "SUCCEEDED", now)


def _failed(core: Core, unit: Unit, now: float) -> None:
    job = unit.job
    if unit.index is None:
        return
    if job.sequential and unit.index + 1 < len(job.units):
        core.fail_waiting(job.units[unit.index + 1], DEPENDENT_FAILED, now)
    if core.settings.n_to_n_failure != "array":
        for dependent in job.index_dependents:
            core.fail_waiting(dependent.units[unit.index], DEPENDENT_FAILED, now)
    for dependent in job.child_dependents.get(unit.index, ()):
        doom(core, dependent, now)


def _one_less(core: Core, unit: Unit, now: float) -> None:
    unit.waits -= 1
    if unit.waits == 0 and unit.job.blockers == 0 and unit.status == "PENDING":
        core.make_runnable(unit, now)


def _whole_ended(core: Core, job: Job, status: Status, now: float) -> None:
    if status == "FAILED":
        doom(core, job, now)
        return
    job.blockers -= 1
    if job.blockers == 0 and not job.doomed:
        _release_all(core, job, now)


def _release_all(core: Core, job: Job, now: float) -> None:
    for unit in job.units:
        if unit.waits == 0 and unit.status in ("SUBMITTED", "PENDING"):
            core.make_runnable(unit, now)


def _parent_reason(job: Job) -> str:
    if job.terminated is not None:
        return job.terminated
    if job.cancelled is not None and not any(unit.attempts for unit in job.units):
        return job.cancelled
    return DEPENDENT_FAILED if job.doomed else CHILD_FAILED

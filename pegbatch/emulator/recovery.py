"""A restarted emulator takes up where the last one ended.

What was RUNNING is taken for running on a host that was reclaimed: its attempt has failed, to
be tried again or not as the retry strategy says.
"""

from __future__ import annotations

from pegbatch.emulator.operations.life_cycle import finish_all
from pegbatch.emulator.state import links, outcomes
from pegbatch.emulator.state.core import Core
from pegbatch.emulator.state.jobs import ON_A_HOST, TERMINAL, WAITING, Job
from pegbatch.emulator.storage import Storage
from pegbatch.emulator.world import World

KEPT_SECONDS = 7 * 24 * 3600
"""How long a finished job is shown. Source: Batch User Guide, "Job states"."""
_UNCHANGED = ("PENDING", "RUNNABLE")


def recover(world: World, storage: Storage) -> None:
    """Fill a fresh world from the database."""
    for kind, name, body in storage.entities():
        world.registry.save(kind, name, body)
    world.registry.unsaved.clear()
    finish_all(world)
    now = world.now()
    jobs = _load(world, storage, now)
    core = world.machine.core
    for job in jobs:
        _take_up(core, job, now)
    links.propagate(core, now)
    # Nothing has changed for those that only wait as before.
    core.effects.changes = [c for c in core.effects.changes if c.state not in _UNCHANGED]
    for job in jobs:
        _reclaim(world, job, now)


def _load(world: World, storage: Storage, now: float) -> list[Job]:
    jobs, expired = [], []
    for job in storage.jobs():
        world.next_seq = job.seq + 1
        if job.stopped and job.stopped < now - KEPT_SECONDS:
            expired.append(job.seq)
            continue
        jobs.append(job)
        for unit in job.units:
            for attempt in unit.attempts:
                world.logs.stream(unit, attempt)
    storage.forget(expired)
    return jobs


def _take_up(core: Core, job: Job, now: float) -> None:
    core.jobs[job.id] = job
    core.by_queue.setdefault(job.spec.queue, []).append(job)
    _recount(job, now)
    if job.open_units == 0 and job.status in TERMINAL and job.stopped:
        return
    core.open_jobs += 1
    if job.open_units == 0:
        links.close(core, job, now)
        return
    links.attach(core, job, now)
    for unit in job.units:
        if unit.status == "RUNNABLE" and unit.attempts:
            core.placement.enqueue(unit)


def _recount(job: Job, now: float) -> None:
    for unit in job.units:
        if unit.status in WAITING and not unit.attempts:
            # Its dependencies are looked at afresh.
            unit.status = "SUBMITTED"
        if job.is_array:
            job.counts[unit.status] = job.counts.get(unit.status, 0) + 1
    job.counted_at = now
    job.open_units = sum(unit.status not in TERMINAL for unit in job.units)


def _reclaim(world: World, job: Job, now: float) -> None:
    for unit in job.units:
        if unit.status not in ON_A_HOST:
            continue
        unit.stop = "host"
        unit.stop_reason = f"Host EC2 (instance i-0{world.new_id()[:16]}) terminated."
        outcomes.conclude(world.machine.core, unit, None, None, now)

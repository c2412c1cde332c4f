"""CancelJob and TerminateJob, one by one and in bulk."""

from __future__ import annotations

import re
from collections.abc import Callable

from pegbatch.emulator.operations.jobs import find
from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules.names import check_reason
from pegbatch.emulator.state.jobs import Job, Json, Unit
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

MAX_BULK = 50
_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:\d+)?\Z")


def cancel(world: World, call: Call) -> Json:
    """CancelJob: what waits is cancelled, what was started goes on."""
    check_reason(call.body["reason"])
    _cancel_one(world, call.body["jobId"], call.body["reason"])
    return {}


def terminate(world: World, call: Call) -> Json:
    """TerminateJob: whatever the state."""
    check_reason(call.body["reason"])
    _terminate_one(world, call.body["jobId"], call.body["reason"])
    return {}


def cancel_many(world: World, call: Call) -> Json:
    """CancelJobs: up to 50 ids, a result for each."""
    return _many(world, call, _cancel_one)


def terminate_many(world: World, call: Call) -> Json:
    """TerminateJobs: up to 50 ids, a result for each."""
    return _many(world, call, _terminate_one)


def _many(world: World, call: Call, stop: Callable[[World, str, str], None]) -> Json:
    check_reason(call.body["reason"])
    ids = call.body["jobs"]
    if not 1 <= len(ids) <= MAX_BULK:
        raise Refusal(f"jobs has {len(ids)} entries, not 1 to {MAX_BULK}")
    successful, errors = [], []
    for job_id in ids:
        try:
            stop(world, job_id, call.body["reason"])
            successful.append(job_id)
        except Refusal as error:
            errors.append({"job": job_id, "code": "ValidationException", "message": error.message})
    return {"successful": successful, "errors": errors}


def _cancel_one(world: World, job_id: str, reason: str) -> None:
    item = _find(world, job_id)
    if isinstance(item, Job):
        item.cancelled = item.cancelled or reason
        world.machine.core.effects.jobs[item.id] = item
        world.machine.cancel(item.units, reason)
    elif item is not None:
        world.machine.cancel([item], reason)


def _terminate_one(world: World, job_id: str, reason: str) -> None:
    item = _find(world, job_id)
    if isinstance(item, Job):
        if item.open_units:
            item.terminated = item.terminated or reason
            world.machine.core.effects.jobs[item.id] = item
        world.machine.terminate(item.units, reason, world.now())
    elif item is not None:
        world.machine.terminate([item], reason, world.now())


def _find(world: World, job_id: str) -> Job | Unit | None:
    if not _JOB_ID.match(job_id):
        raise Refusal(f"{job_id!r} is no job id")
    # A job that is only not shown yet can be stopped all the same.
    return find(world, job_id, float("inf"))

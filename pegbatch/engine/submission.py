"""Uploading and submitting: the part of a run that must not happen twice.

SubmitJob has no client token. So an intent is on disk before each call, and an intent without a
job id is looked for by name, for a minute after it was written, before the call is repeated.
"""

from __future__ import annotations

from typing import assert_never

from pegbatch.engine.commands import Recover, Submit, Upload
from pegbatch.engine.context import CANCEL_REASON, Context, Launch
from pegbatch.engine.uploads import upload_all
from pegbatch.errors import SubmitUnclear
from pegbatch.model.requests import SubmitRequest, with_job_ids

FIND_SECONDS = 60.0
"""How long after its intent a job may still turn up by name."""
FIND_PAUSE_SECONDS = (1.0, 8.0)
"""First and longest pause between two looks."""


def advance(context: Context, launch: Launch, command: Upload | Submit | Recover) -> None:
    """Carry out one command of a submission and record what came of it.

    Errors: those of the ports; the intent of a call that was refused stays open.
    """
    match command:
        case Upload():
            count = upload_all(context.ports.store, launch.uploads())
            context.journal.put("uploaded", files=count.files, bytes=count.size_bytes)
        case Submit():
            _submit(context, launch.requests[command.array])
        case Recover():
            _recover(context, launch.requests[command.array], command)
        case _:
            assert_never(command)


def note_submitted(context: Context, array: str, job_name: str, job_id: str) -> None:
    """Record a job id; end the job where a cancel came while the call was under way."""
    context.journal.put("submitted", array=array, job_name=job_name, job_id=job_id)
    if context.state.cancelling:
        context.ports.jobs.terminate(job_id, CANCEL_REASON)


def _submit(context: Context, request: SubmitRequest) -> None:
    job_name, queue = request.body["jobName"], request.body["jobQueue"]
    body = with_job_ids(request, _job_ids(context))
    context.journal.put("intent", array=request.array, job_name=job_name, job_queue=queue)
    try:
        job_id = context.ports.jobs.submit(body)
    except SubmitUnclear:
        # An open intent is looked for. A call may have taken long (throttling, time-outs), so the
        # minute in which its job may turn up begins now.
        context.journal.put("intent", array=request.array, job_name=job_name, job_queue=queue)
        return
    note_submitted(context, request.array, job_name, job_id)


def _job_ids(context: Context) -> dict[str, str]:
    arrays = context.state.arrays.values()
    return {array.name: array.job_id for array in arrays if array.job_id is not None}


def _recover(context: Context, request: SubmitRequest, command: Recover) -> None:
    ports = context.ports
    # The clock of the machine may have been set back since.
    deadline = min(command.intended, ports.clock.now()) + FIND_SECONDS
    pause, longest = FIND_PAUSE_SECONDS
    told = False
    while True:
        found = ports.jobs.find(command.job_queue, command.job_name)
        if found:
            note_submitted(context, command.array, command.job_name, found[0].job_id)
            return
        left = deadline - ports.clock.now()
        if left <= 0:
            break
        if not told:
            told = True
            context.on_note(
                f"the submission of {command.array} broke off; looking for it by name, "
                f"for up to {left:.0f} s, before it is repeated"
            )
        ports.clock.sleep(min(pause, left))
        pause = min(2 * pause, longest)
    _submit(context, request)

"""Uploading and submitting: the part of a run that must not happen twice.

SubmitJob has no client token. So an intent is on disk before each call, and an intent without a
job id is looked for by name, for a minute after it was written, before the call is repeated. The
intents of arrays that wait for none of each other are written as one, and their calls made side by
side: the disk is waited for twice a wave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, assert_never

from pegbatch.engine.commands import Recover, Submit, Upload
from pegbatch.engine.context import CANCEL_REASON, Context, Launch
from pegbatch.engine.parallel import make_calls
from pegbatch.engine.uploads import upload_all
from pegbatch.errors import OutsideError, SubmitUnclear
from pegbatch.model.requests import SubmitRequest, with_job_ids
from pegbatch.ports import JobService

FIND_SECONDS = 60.0
"""How long after its intent a job may still turn up by name."""
FIND_PAUSE_SECONDS = (1.0, 8.0)
"""First and longest pause between two looks."""


def advance(context: Context, launch: Launch, command: Upload | Submit | Recover) -> None:
    """Carry out one command of a submission and record what came of it.

    Errors: those of the ports; the intent of a call that was refused is withdrawn, so that the
    next client need not look for its job.
    """
    match command:
        case Upload():
            count = upload_all(context.ports.store, launch.uploads())
            context.journal.put("uploaded", files=count.files, bytes=count.size_bytes)
        case Submit():
            _submit(context, [launch.requests[name] for name in command.arrays])
        case Recover():
            _recover(context, launch.requests[command.array], command)
        case _:
            assert_never(command)


class Submitted(NamedTuple):
    """An array that Batch has taken."""

    array: str
    job_name: str
    job_id: str


def note_submitted(context: Context, jobs: Sequence[Submitted]) -> None:
    """Record job ids; end the jobs where a cancel came while the calls were under way."""
    context.journal.put_all("submitted", (job._asdict() for job in jobs))
    if context.state.cancelling:
        for job in jobs:
            context.ports.jobs.terminate(job.job_id, CANCEL_REASON)


def _submit(context: Context, requests: Sequence[SubmitRequest]) -> None:
    """Submit arrays that wait for none of each other."""
    ids = _job_ids(context)
    calls = [_Call(context.ports.jobs, request, ids) for request in requests]
    _intend(context, requests)
    try:
        make_calls(_Call.make, calls)
    finally:
        # Whatever became of one of them: what is known of the others is written down. A call may
        # have taken long (throttling, time-outs), so the minute in which the job of one that broke
        # off may turn up begins now.
        _intend(context, [call.request for call in calls if call.state == "unclear"])
        note_submitted(context, [call.submitted for call in calls if call.submitted is not None])
        vain = (call.request.array for call in calls if call.state in ("planned", "refused"))
        context.journal.put_all("withdrawn", ({"array": array} for array in vain))


def _intend(context: Context, requests: Sequence[SubmitRequest]) -> None:
    bodies = (
        {
            "array": request.array,
            "job_name": request.body["jobName"],
            "job_queue": request.body["jobQueue"],
        }
        for request in requests
    )
    context.journal.put_all("intent", bodies)


_CallState: TypeAlias = Literal["planned", "under way", "done", "refused", "unclear"]


class _Call:
    """One SubmitJob call, and what came of it."""

    def __init__(self, jobs: JobService, request: SubmitRequest, ids: Mapping[str, str]) -> None:
        self.request = request
        self.state: _CallState = "planned"
        self.submitted: Submitted | None = None
        self._jobs = jobs
        self._body = with_job_ids(request, ids)

    def make(self) -> None:
        """Make the call; an open intent of one that broke off is looked for.

        Errors: those of the service, but for SubmitUnclear.
        """
        self.state = "under way"
        try:
            job_id = self._jobs.submit(self._body)
        except SubmitUnclear:
            self.state = "unclear"
        except OutsideError:
            self.state = "refused"
            raise
        else:
            self.state = "done"
            self.submitted = Submitted(self.request.array, self._body["jobName"], job_id)


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
            job = Submitted(command.array, command.job_name, found[0].job_id)
            note_submitted(context, [job])
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
    _submit(context, [request])

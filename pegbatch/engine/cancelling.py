"""Ending a run before its time, from the last level to the first."""

from __future__ import annotations

from pegbatch.engine.context import CANCEL_REASON, Context
from pegbatch.engine.state import ArrayState
from pegbatch.engine.submission import note_submitted


def cancel(context: Context) -> None:
    """Record the wish, then ask Batch to end every array that has not ended.

    The last comes first, so that nothing starts because something before it ended. A process that
    is still submitting sees the wish before its next call.
    Source: AWS Batch, TerminateJob works in every state; CancelJob does not.
    """
    context.journal.put("cancel-requested")
    for array in reversed(tuple(context.state.arrays.values())):
        if array.job_id is None:
            _terminate_unclear(context, array)
        elif not array.ended:
            context.ports.jobs.terminate(array.job_id, CANCEL_REASON)


def _terminate_unclear(context: Context, array: ArrayState) -> None:
    """End a job whose SubmitJob call went through without our knowing its id."""
    if array.intended is None:
        return
    for job in context.ports.jobs.find(array.job_queue, array.job_name):
        note_submitted(context, array.name, array.job_name, job.job_id)

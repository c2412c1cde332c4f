"""Ending a run before its time, from the last level to the first."""

from __future__ import annotations

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.context import CANCEL_REASON, Context
from pegbatch.engine.submission import note_submitted
from pegbatch.errors import AccessDenied, OutsideError

WAITING = frozenset({"SUBMITTED", "PENDING", "RUNNABLE"})
"""States in which a job, or a child, has not begun."""
UNANSWERED_MOST = 10
"""Calls in a row that fail, each tried for a minute, before Batch counts as gone."""
NAMES_SHOWN = 5
"""Arrays that could not be ended and are named; more are counted."""


def cancel(context: Context) -> None:
    """Record the wish, then ask Batch to end every array that has not ended.

    The last comes first, so that nothing starts because something before it ended. A process that
    is still submitting sees the wish before its next call.
    Errors: OutsideError that names the arrays that could not be ended, once all were tried; where
    Batch says no, or answers to UNANSWERED_MOST calls in a row not at all, the rest is not tried.
    Source: AWS Batch, TerminateJob works in every state; CancelJob does not.
    """
    context.journal.put("cancel-requested", unstarted=_unstarted(context))
    left, why = _terminate_all(context)
    if why is not None:
        raise _not_ended(left, why)


def _terminate_all(context: Context) -> tuple[list[str], OutsideError | None]:
    """Ask for the end of all arrays; return those that were not ended, and the last reason."""
    todo = [array for array in context.state.arrays.values() if not array.ended]
    left: list[str] = []
    unanswered = 0
    why: OutsideError | None = None
    while todo and unanswered < UNANSWERED_MOST and not isinstance(why, AccessDenied):
        array = todo.pop()
        try:
            _terminate(context, array)
            unanswered = 0
        except OutsideError as error:
            left.append(array.name)
            unanswered, why = unanswered + 1, error
    return [*left, *(array.name for array in reversed(todo))], why


def _not_ended(left: list[str], why: OutsideError) -> OutsideError:
    """Return the error that names what was not ended, and the last reason."""
    more = f" and {len(left) - NAMES_SHOWN:,} more" if len(left) > NAMES_SHOWN else ""
    problem = why.problems[0]
    hint = "end the rest with `pegbatch cancel` again"
    if isinstance(why, AccessDenied) and problem.hint:
        hint = f"{problem.hint}; then {hint}"
    return type(why)(
        f"not ended: {', '.join(left[:NAMES_SHOWN])}{more}: {problem.message}",
        where=problem.where,
        hint=hint,
    )


def _terminate(context: Context, array: ArrayState) -> None:
    if array.job_id is None:
        _terminate_unclear(context, array)
    else:
        context.ports.jobs.terminate(array.job_id, CANCEL_REASON)


def _unstarted(context: Context) -> list[str]:
    """Return the arrays of which no child has begun: nobody has to ask for each child later.

    Shapes: one DescribeJobs per 100 arrays; nothing where Batch does not answer.
    """
    submitted = [
        array for array in context.state.arrays.values() if array.job_id and not array.ended
    ]
    try:
        shown = context.ports.jobs.describe([str(array.job_id) for array in submitted])
    except OutsideError:
        return []
    return [
        array.name
        for array in submitted
        if (job := shown.get(str(array.job_id))) is not None
        and WAITING.issuperset(job.children)
        and (job.status in WAITING)
    ]


def _terminate_unclear(context: Context, array: ArrayState) -> None:
    """End a job whose SubmitJob call went through without our knowing its id."""
    if array.intended is None:
        return
    for job in context.ports.jobs.find(array.job_queue, array.job_name):
        note_submitted(context, array.name, array.job_name, job.job_id)

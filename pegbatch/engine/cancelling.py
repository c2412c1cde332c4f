"""Ending a run before its time, from the last level to the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.context import CANCEL_REASON, Context
from pegbatch.engine.parallel import CALLS, map_parallel
from pegbatch.engine.submission import Submitted, note_submitted
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
    levels = _levels(context)
    left: list[str] = []
    unanswered = 0
    why: OutsideError | None = None
    while levels and unanswered < UNANSWERED_MOST and not isinstance(why, AccessDenied):
        for array, error in _terminate_level(context, levels.pop(0)):
            unanswered = 0 if error is None else unanswered + 1
            if error is not None:
                left.append(array.name)
                why = error
    return [*left, *(array.name for level in levels for array in level)], why


def _levels(context: Context) -> list[list[ArrayState]]:
    """Return the arrays that have not ended, the last first, in groups that may end side by side.

    Shapes: neighbours of one level, at most UNANSWERED_MOST: Batch may say nothing to all.
    """
    level_of = {job.name: job.level for job in context.state.current.jobs}
    todo = [array for array in context.state.arrays.values() if not array.ended]
    groups: list[list[ArrayState]] = []
    for array in reversed(todo):
        last = groups[-1] if groups else []
        if last and len(last) < UNANSWERED_MOST and level_of[last[0].name] == level_of[array.name]:
            last.append(array)
        else:
            groups.append([array])
    return groups


def _terminate_level(
    context: Context, arrays: Sequence[ArrayState]
) -> Iterator[tuple[ArrayState, OutsideError | None]]:
    """Ask for the end of arrays side by side; yield each with why it was not ended."""
    jobs = context.ports.jobs
    for array in arrays:
        if array.job_id is None:
            yield array, _trouble_of(partial(_terminate_unclear, context, array))
    known = [(array, array.job_id) for array in arrays if array.job_id is not None]
    yield from map_parallel(
        lambda one: (one[0], _trouble_of(partial(jobs.terminate, one[1], CANCEL_REASON))),
        known,
        workers=CALLS,
    )


def _trouble_of(ask: Callable[[], None]) -> OutsideError | None:
    try:
        ask()
    except OutsideError as error:
        return error
    return None


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
    found = context.ports.jobs.find(array.job_queue, array.job_name)
    note_submitted(context, [Submitted(array.name, array.job_name, job.job_id) for job in found])

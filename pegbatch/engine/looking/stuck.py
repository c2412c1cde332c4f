"""Why nothing of a run starts: what is asked, of whom, and for which arrays.

Four calls at most: one list of children that wait, and queue, environments and front of one queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from pegbatch.engine.array_states import ArrayState, is_unsubmitted
from pegbatch.engine.context import Context
from pegbatch.engine.counting import ACTIVE
from pegbatch.engine.looking.why_unsubmitted import why_unsubmitted
from pegbatch.engine.looking.why_waiting import Stuck, for_embedded, why_waiting
from pegbatch.engine.state import RunState
from pegbatch.model.plan import Job
from pegbatch.model.queue_facts import QueueFacts
from pegbatch.model.run_look import WaitingFor
from pegbatch.ports import JobService, JobState

STUCK_SHOWN = 5
"""Arrays of which it is said why they do not start, at most."""
_PAGE = 1000
"""Children that one call lists."""


def is_stuck(context: Context) -> bool:
    """Say whether there is something that could start, and nothing of the run is on a host."""
    return bool(_left_alone(context) or stuck_arrays(context.state))


def stuck_arrays(state: RunState) -> tuple[Job, ...]:
    """Return the arrays with RUNNABLE children; none while anything of the run is on a host."""
    if any(_children(array, ACTIVE) for array in state.arrays.values()):
        return ()
    jobs = {job.name: job for job in state.current.jobs}
    return tuple(
        jobs[array.name]
        for array in state.arrays.values()
        if not array.ended and _children(array, ("RUNNABLE",))
    )


def why_nothing_starts(context: Context, *, again: str, embedded_in: str) -> tuple[WaitingFor, ...]:
    """Ask why nothing starts.

    Shapes: again is the command that submits the rest; embedded_in is the base directory of the
    embedded AWS as a shell takes it, or empty. Arrays of one queue are told of.
    Errors: those of the job service.
    """
    arrays, jobs = context.state.arrays, context.ports.jobs
    left, stuck = _left_alone(context), stuck_arrays(context.state)
    queues = [*(one.job_queue for one in left[:1]), *(arrays[one.name].job_queue for one in stuck)]
    name = next(filter(None, queues), "")
    queue = jobs.queue(name) if name else None
    told = []
    if left:
        why = why_unsubmitted(left[0].name, len(left), queue if left[0].job_queue else None, again)
        told.append(replace(why, next=for_embedded(why.next, embedded_in)))
    here = [one for one in stuck if arrays[one.name].job_queue == name][:STUCK_SHOWN]
    return (*told, *_why_stuck(context, here, queue, embedded_in))


def _why_stuck(
    context: Context, stuck: Sequence[Job], queue: QueueFacts | None, embedded_in: str
) -> tuple[WaitingFor, ...]:
    arrays = context.state.arrays
    ids = frozenset(array.job_id for array in arrays.values() if array.job_id)
    reasons = [_known_reason(context, job, arrays[job.name]) for job in stuck]
    if stuck and not reasons[0]:
        reasons[0] = _asked_reason(context.ports.jobs, stuck[0], arrays[stuck[0].name])
    return tuple(
        why_waiting(
            Stuck(
                array=job.name,
                resources=job.resources,
                reason=reason,
                run_jobs=ids,
                embedded_in=embedded_in,
            ),
            queue,
        )
        for job, reason in zip(stuck, reasons, strict=True)
    )


def _known_reason(context: Context, job: Job, array: ArrayState) -> str:
    """Return what Batch has said of an array that waits: of the array, or of a sampled child."""
    if job.size == 1 or array.job_id is None:
        return array.reason
    shown = context.sample.shown.values()
    sampled = (one for one in shown if one.job_id.rpartition(":")[0] == array.job_id)
    return _first_reason(sampled) or array.reason


def _asked_reason(jobs: JobService, job: Job, array: ArrayState) -> str:
    """Ask for the children of an array that wait, a page of them: Batch says it of the first."""
    if job.size == 1 or array.job_id is None:
        return array.reason
    return _first_reason(islice(jobs.children(array.job_id, "RUNNABLE"), _PAGE))


def _first_reason(children: Iterable[JobState]) -> str:
    return next((one.reason for one in children if one.status == "RUNNABLE" and one.reason), "")


def _left_alone(context: Context) -> tuple[ArrayState, ...]:
    """Return the arrays that are not submitted, where nobody is at that: we hold the run, and may
    not submit.
    """
    state = context.state
    if context.launch is not None or not context.journal.writes or state.submitted:
        return ()
    return () if state.cancelling else tuple(filter(is_unsubmitted, state.arrays.values()))


def _children(array: ArrayState, states: tuple[str, ...]) -> int:
    return sum(array.children.get(state, 0) for state in states)

"""What has become of the jobs of a run: of their tasks, and of helpers, which have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pegbatch.engine.array_states import ENDED
from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.counting import is_skip
from pegbatch.model.history import History, TaskStanding
from pegbatch.model.plan import Job, layers_of
from pegbatch.model.run_status import ArrayStatus
from pegbatch.model.run_view import ArrayOutcome

_RUNNING = frozenset({"STARTING", "RUNNING"})


def job_counts(history: History) -> dict[str, Counter[TaskStanding]]:
    """Return, for each job of the plan, its tasks by state; a helper counts itself."""
    arrays = {array.name: array for array in history.status.arrays}
    counts: dict[str, Counter[TaskStanding]] = {
        job.name: Counter()
        if job.kind == "compute"
        else Counter([_of_batch(arrays.get(job.name), over=history.status.is_over)])
        for job in history.jobs
    }
    for id_, state in history.states.items():
        counts[history.tasks[id_].array][state] += 1
    return counts


def array_outcomes(history: History) -> tuple[ArrayOutcome, ...]:
    """Return the outcome of each job, in plan order.

    Shapes: an array with one failed task is `failed`, also where Batch says SUCCEEDED: its child
    has ended well, and told so in the record.
    """
    counts = job_counts(history)
    known = {array.name: array for array in history.status.arrays}
    layers = layers_of(history.jobs)
    return tuple(
        _outcome(job, layers[job.name], counts[job.name], known.get(job.name), history)
        for job in history.jobs
    )


def _outcome(
    job: Job,
    layer: int,
    counts: Mapping[TaskStanding, int],
    batch: ArrayStatus | None,
    history: History,
) -> ArrayOutcome:
    tasks = counts if job.kind == "compute" else Counter[TaskStanding]()
    return ArrayOutcome(
        job=job,
        layer=layer,
        word=_word(counts, batch, over=history.status.is_over),
        batch="" if batch is None else batch.state,
        reason="" if batch is None else batch.reason,
        succeeded=tasks["succeeded"],
        failed=tasks["failed"],
        skipped=tasks["skipped"],
    )


def _word(
    counts: Mapping[TaskStanding, int], batch: ArrayStatus | None, *, over: bool
) -> TaskStanding:
    """Return a word for a job as a whole: what is worst of it, or that it goes on."""
    by_batch = _of_batch(batch, over=over)
    if counts["failed"] or by_batch == "failed":
        return "failed"
    if counts["running"] or by_batch == "running":
        return "running"
    if counts["waiting"]:
        return by_batch
    return "skipped" if counts["skipped"] else "succeeded"


def _of_batch(batch: ArrayStatus | None, *, over: bool) -> TaskStanding:
    """Return how Batch says that a job stands."""
    state = "" if batch is None else batch.state
    if batch is None or (over and state not in ENDED):
        return "skipped" if over else "waiting"
    if state in ENDED:
        skipped = is_skip(batch.reason) or batch.reason.startswith(CANCEL_REASON)
        bad: TaskStanding = "skipped" if skipped else "failed"
        return "succeeded" if state == "SUCCEEDED" else bad
    children = batch.children
    begun = any(children.get(one) for one in (*_RUNNING, "SUCCEEDED", "FAILED"))
    return "running" if begun or state in _RUNNING else "waiting"

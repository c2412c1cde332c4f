"""Progress of a run in a line, for whoever looks on without a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pegbatch.model.nested import NestedStatus, every_status
from pegbatch.model.plain import plain_line
from pegbatch.model.run_look import WaitingFor
from pegbatch.model.run_status import RunStatus, TaskCounts


def progress_line(status: RunStatus, nested: Sequence[NestedStatus] = ()) -> str:
    """Return where the run stands, in one line without an end.

    Shapes: nested are the runs of its sub-workflows, which are told by their tasks.
    """
    if status.state == "submitting":
        submitted = sum(array.job_id is not None for array in status.arrays)
        return f"submitting: {submitted} of {len(status.arrays)} array jobs"
    tasks = status.tasks
    parts = [f"{tasks.succeeded + tasks.failed + tasks.skipped} of {tasks.total} tasks done"]
    parts.extend(
        f"{count} {word}"
        for count, word in (
            (tasks.running, "running"),
            (tasks.failed, "failed"),
            (tasks.skipped, "skipped"),
        )
        if count
    )
    return f"{status.state}: {', '.join([*parts, *_within(nested)])}"


def _within(nested: Sequence[NestedStatus]) -> Iterator[str]:
    """Yield what is worth telling of sub-workflows: nothing before one of them begins."""
    counts = sum((one.tasks for _, one in every_status(nested)), TaskCounts())
    if counts.total:
        done = counts.succeeded + counts.failed + counts.skipped
        failed = f" ({counts.failed:,} failed)" if counts.failed else ""
        yield f"{done:,} of {counts.total:,} in sub-workflows{failed}"


def waiting_line(waiting: WaitingFor) -> str:
    """Return why an array does not start, and what to do."""
    return plain_line(f"waiting: {waiting.array}: {waiting.why}; {waiting.next}")

"""Progress of a run in a line, for whoever looks on without a terminal."""

from __future__ import annotations

from pegbatch.model.plain import plain_line
from pegbatch.model.run_look import WaitingFor
from pegbatch.model.run_status import RunStatus


def progress_line(status: RunStatus) -> str:
    """Return where the run stands, in one line without an end."""
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
    return f"{status.state}: {', '.join(parts)}"


def waiting_line(waiting: WaitingFor) -> str:
    """Return why an array does not start, and what to do."""
    return plain_line(f"waiting: {waiting.array}: {waiting.why}; {waiting.next}")

"""Progress of a run while somebody looks on: a row for each array, and one line for all."""

from __future__ import annotations

from dataclasses import dataclass

from pegbatch.model.run_status import ArrayStatus, RunStatus

_ACTIVE = ("STARTING", "RUNNING")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRow:
    """One array, in children."""

    name: str
    done: int
    """Succeeded and failed."""
    failed: int
    running: int
    size: int


def progress_rows(status: RunStatus) -> tuple[ProgressRow, ...]:
    """Return a row for each array, in plan order."""
    return tuple(_row(array) for array in status.arrays)


def progress_line(status: RunStatus) -> str:
    """Return where the run stands, in one line without an end."""
    if status.state == "submitting":
        submitted = sum(array.job_id is not None for array in status.arrays)
        return f"submitting: {submitted} of {len(status.arrays)} array jobs"
    tasks = status.tasks
    parts = [f"{tasks.succeeded + tasks.failed + tasks.skipped} of {tasks.total} tasks done"]
    parts.extend(
        f"{count} {word}"
        for count, word in ((tasks.running, "running"), (tasks.failed, "failed"))
        if count
    )
    return f"{status.state}: {', '.join(parts)}"


def _row(array: ArrayStatus) -> ProgressRow:
    children = array.children
    failed = children.get("FAILED", 0)
    return ProgressRow(
        name=array.name,
        done=children.get("SUCCEEDED", 0) + failed,
        failed=failed,
        running=sum(children.get(status, 0) for status in _ACTIVE),
        size=array.size,
    )

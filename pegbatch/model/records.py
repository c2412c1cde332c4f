"""Records: what the worker wrote about each task (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

TaskState = Literal["succeeded", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutput:
    """One output that lies whole in the store."""

    lfn: str
    url: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """One execution of one task."""

    id: str
    bag: int
    try_: int
    """The submission of the run, from 1; `try` in JSON."""
    attempt: int
    """AWS_BATCH_JOB_ATTEMPT, from 1."""
    state: TaskState
    reason: str
    """Empty for success; else a sentence that names the file, signal, limit or parent."""
    exit_code: int | None
    signal: int | None
    start: float
    """Seconds since the epoch."""
    end: float
    max_rss_mib: float | None
    outputs: tuple[StoredOutput, ...]
    stdout_tail: str
    stderr_tail: str


def record_to_json(record: TaskRecord) -> dict[str, Any]:
    """Return the record as one line of a records file."""
    return {
        "id": record.id,
        "bag": record.bag,
        "try": record.try_,
        "attempt": record.attempt,
        "state": record.state,
        "reason": record.reason,
        "exit_code": record.exit_code,
        "signal": record.signal,
        "start": record.start,
        "end": record.end,
        "max_rss_mib": record.max_rss_mib,
        "outputs": [
            {
                "lfn": output.lfn,
                "url": output.url,
                "size_bytes": output.size_bytes,
                "sha256": output.sha256,
            }
            for output in record.outputs
        ],
        "stdout_tail": record.stdout_tail,
        "stderr_tail": record.stderr_tail,
    }


def record_from_json(data: Mapping[str, Any]) -> TaskRecord:
    """Read one line of a records file.

    Errors: KeyError, TypeError where a part is missing.
    """
    return TaskRecord(
        id=data["id"],
        bag=data["bag"],
        try_=data["try"],
        attempt=data["attempt"],
        state=data["state"],
        reason=data["reason"],
        exit_code=data["exit_code"],
        signal=data["signal"],
        start=data["start"],
        end=data["end"],
        max_rss_mib=data["max_rss_mib"],
        outputs=tuple(StoredOutput(**output) for output in data["outputs"]),
        stdout_tail=data["stdout_tail"],
        stderr_tail=data["stderr_tail"],
    )


def settle(records: Iterable[TaskRecord]) -> dict[str, TaskRecord]:
    """Return the record that counts for each task: the newest, but a success, once recorded, stays.

    Shapes: records oldest first; one entry a task that has any.
    """
    settled: dict[str, TaskRecord] = {}
    for record in records:
        before = settled.get(record.id)
        if before is None or before.state != "succeeded":
            settled[record.id] = record
    return settled

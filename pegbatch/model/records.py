"""Records: what the worker wrote about each task (docs/formats.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, get_args

TaskState = Literal["succeeded", "failed", "skipped", "undone"]
"""How a task has ended; `undone` is the client's word: what it made is gone, and needed again."""
_STATES = get_args(TaskState)


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
    """AWS_BATCH_JOB_ATTEMPT, from 1; 0 of an undone record, which the client writes."""
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
    cpu_seconds: float | None = None
    """User and system time of the program and of those it waited for; None where none ran."""
    bytes_in: int | None = None
    """Sizes of the inputs that it was given; None in records of older workers."""


class _Recorded(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def state(self) -> TaskState: ...


Recorded = TypeVar("Recorded", bound=_Recorded)
"""What tells how one execution of a task ended: a record, or what is kept of it."""


def spoke_on_stdout(stderr_tail: str, stdout_tail: str) -> bool:
    """Say whether stdout tells what went wrong: many programs say it where they say the rest."""
    return bool(stdout_tail.strip()) and not stderr_tail.strip()


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
        "cpu_seconds": record.cpu_seconds,
        "bytes_in": record.bytes_in,
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


def record_line(record: TaskRecord) -> bytes:
    """Return the record as it stands in a records file, newline included."""
    return json.dumps(record_to_json(record)).encode() + b"\n"


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
        cpu_seconds=data.get("cpu_seconds"),
        bytes_in=data.get("bytes_in"),
    )


def parse_records(data: bytes) -> list[TaskRecord]:
    """Read a records file; lines that are no record are passed over.

    What cannot be read says of no task that it succeeded, so that the task is run again.
    """
    return [record for line in data.split(b"\n") if (record := _parse_line(line)) is not None]


def _parse_line(line: bytes) -> TaskRecord | None:
    try:
        data = json.loads(line)
        is_sound = isinstance(data["id"], str) and data["state"] in _STATES
        return record_from_json(data) if is_sound else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def undone_record(id: str, bag: int, number: int, reason: str, *, now: float) -> TaskRecord:
    """Return what takes back the successes of a task before one try, so that this runs it again.

    Units: now is in seconds since the epoch.
    """
    return TaskRecord(
        id=id,
        bag=bag,
        try_=number,
        attempt=0,
        state="undone",
        reason=reason,
        exit_code=None,
        signal=None,
        start=now,
        end=now,
        max_rss_mib=None,
        outputs=(),
        stdout_tail="",
        stderr_tail="",
    )


def settle(records: Iterable[Recorded]) -> dict[str, Recorded]:
    """Return the record that counts for each task: the newest, but a success stays until undone.

    Shapes: records oldest first; one entry a task that has any.
    """
    settled: dict[str, Recorded] = {}
    for record in records:
        before = settled.get(record.id)
        if before is None or before.state != "succeeded" or record.state == "undone":
            settled[record.id] = record
    return settled

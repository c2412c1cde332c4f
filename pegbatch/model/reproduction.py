"""One task of a run, done again on this machine: what was laid down, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pegbatch.model.records import TaskRecord

FileVerdict: TypeAlias = Literal["same", "differs", "not made", "new"]
"""Of an output, against the record: `new` is one that the record has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A folder in which one task can be run."""

    id: str
    transformation: str
    array: str
    bag: int
    folder: str
    """Absolute path."""
    files: int
    """Inputs that were fetched."""
    size_bytes: int
    record: TaskRecord | None
    """What the run has on record of it; None where it has nothing."""
    ran: TaskRecord | None = None
    """How it ended here; None where it was not run."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a task ended here, against its record."""

    same_end: bool
    """The same state, exit code and signal."""
    files: tuple[tuple[str, FileVerdict], ...]
    """By LFN, of outputs that one of both has made; empty where the record has no success."""


def compare(record: TaskRecord, ran: TaskRecord) -> Comparison:
    """Hold how a task ended here against its record."""
    before = (record.state, record.exit_code, record.signal)
    return Comparison(
        same_end=before == (ran.state, ran.exit_code, ran.signal),
        files=tuple(_files(record, ran)) if record.state == "succeeded" else (),
    )


def _files(record: TaskRecord, ran: TaskRecord) -> list[tuple[str, FileVerdict]]:
    made = {output.lfn: output.sha256 for output in ran.outputs}
    known = {output.lfn: output.sha256 for output in record.outputs}
    rows: list[tuple[str, FileVerdict]] = []
    for lfn, sha256 in known.items():
        if lfn not in made:
            rows.append((lfn, "not made"))
        else:
            rows.append((lfn, "same" if made[lfn] == sha256 else "differs"))
    rows += [(lfn, "new") for lfn in made if lfn not in known]
    return rows


def reproduction_to_json(found: Reproduction) -> dict[str, Any]:
    """Return the JSON object of `debug --json`."""
    return {
        "id": found.id,
        "transformation": found.transformation,
        "array": found.array,
        "bag": found.bag,
        "folder": found.folder,
        "inputs": found.files,
        "bytes": found.size_bytes,
        "record": _end(found.record),
        "ran": _end(found.ran),
        "comparison": _comparison(found),
    }


def _end(record: TaskRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "state": record.state,
        "reason": record.reason,
        "exit_code": record.exit_code,
        "signal": record.signal,
        "seconds": round(max(0.0, record.end - record.start), 3),
        "max_rss_mib": record.max_rss_mib,
    }


def _comparison(found: Reproduction) -> dict[str, Any] | None:
    if found.record is None or found.ran is None:
        return None
    comparison = compare(found.record, found.ran)
    return {"same_end": comparison.same_end, "files": dict(comparison.files)}

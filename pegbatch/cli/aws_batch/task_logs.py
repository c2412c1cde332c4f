"""`<task>.out` and `<task>.err` of job files: each by itself, or all in two files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pegbatch.model.records import TaskRecord


def write_tails(folder: Path, records: Iterable[TaskRecord], tasks: Collection[str]) -> None:
    """Write the end of what tasks said whose whole output was not delivered, since they failed.

    Shapes: records come from the bucket; those of other tasks than these name no file of ours.
    """
    for record in records:
        if record.id not in tasks:
            continue
        tails = {"out": record.stdout_tail, "err": record.stderr_tail or record.reason}
        for ending, text in tails.items():
            path = folder / f"{record.id}.{ending}"
            if record.state != "succeeded" or not path.exists():
                path.write_text(text, errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """What became of one task."""

    name: str
    app: str
    """Its executable."""
    state: str
    """succeeded, failed or skipped."""
    exit_code: int | None
    """None where it was not run, or a signal ended it."""
    job_id: str
    """Of the AWS job; of its child, in an array."""


def merge_logs(folder: Path, prefix: Path, ends: Sequence[TaskEnd]) -> None:
    """Append the logs of all tasks to `<prefix>.out` and `<prefix>.err`, and delete them.

    Shapes: in the order of the ends; before the errors of each task stands its
    `[cluster-task …]` line, and `[cluster-summary …]` at the end, as Pegasus's tools expect.
    Source: Pegasus, pegasus-aws-batch, --merge-logs.
    """
    with (
        prefix.with_name(f"{prefix.name}.out").open("ab") as out,
        prefix.with_name(f"{prefix.name}.err").open("ab") as err,
    ):
        for number, end in enumerate(ends, start=1):
            _append(folder / f"{end.name}.out", out)
            err.write(_task_line(number, end).encode())
            _append(folder / f"{end.name}.err", err)
        good = sum(end.state == "succeeded" for end in ends)
        verdict = "ok" if good == len(ends) else "fail"
        out.write(
            f'[cluster-summary stat="{verdict}", tasks={len(ends)}, submitted={len(ends)}, '
            f"succeeded={good}, failed={len(ends) - good}]\n".encode()
        )


def _task_line(number: int, end: TaskEnd) -> str:
    status = int(end.state != "succeeded")
    code = "" if end.exit_code is None else f", exitcode={end.exit_code}"
    app = end.app.replace('"', "'")
    return (
        f'[cluster-task id={number}, name="{end.name}", aws-job-id="{end.job_id}", '
        f'state={end.state}, status={status}{code}, app="{app}"]\n'
    )


def _append(path: Path, target: BinaryIO) -> None:
    """Append a file and delete it; what comes after begins on a line of its own."""
    if not path.exists():
        return
    with path.open("rb") as source:
        shutil.copyfileobj(source, target)
        if source.tell() > 0:
            source.seek(-1, os.SEEK_END)
            target.write(b"" if source.read() == b"\n" else b"\n")
    path.unlink()

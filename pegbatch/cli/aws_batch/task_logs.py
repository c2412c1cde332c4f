"""`<task>.out` and `<task>.err` of job files: each by itself, or all in two files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from pegbatch.model.records import TaskRecord


def write_tails(folder: Path, records: Iterable[TaskRecord]) -> None:
    """Write the end of what tasks said whose whole output was not delivered, since they failed."""
    for record in records:
        tails = {"out": record.stdout_tail, "err": record.stderr_tail or record.reason}
        for ending, text in tails.items():
            path = folder / f"{record.id}.{ending}"
            if record.state != "succeeded" or not path.exists():
                path.write_text(text)


def merge_logs(folder: Path, prefix: Path, states: Mapping[str, str], job_id: str) -> None:
    """Append the logs of all tasks to `<prefix>.out` and `<prefix>.err`, and delete them.

    Shapes: states by task, in the order of the result; before the errors of each task stands its
    `[cluster-task …]` line, and `[cluster-summary …]` at the end, as Pegasus's tools expect.
    Source: Pegasus, pegasus-aws-batch, --merge-logs.
    """
    with (
        prefix.with_name(f"{prefix.name}.out").open("ab") as out,
        prefix.with_name(f"{prefix.name}.err").open("ab") as err,
    ):
        for number, (task, state) in enumerate(states.items(), start=1):
            _append(folder / f"{task}.out", out)
            status = int(state != "succeeded")
            err.write(
                f'[cluster-task id={number}, name="{task}", aws-job-id="{job_id}", '
                f"state={state}, status={status}]\n".encode()
            )
            _append(folder / f"{task}.err", err)
        good = sum(state == "succeeded" for state in states.values())
        verdict = "ok" if good == len(states) else "fail"
        out.write(
            f'[cluster-summary stat="{verdict}", tasks={len(states)}, submitted={len(states)}, '
            f"succeeded={good}, failed={len(states) - good}]\n".encode()
        )


def _append(path: Path, target: BinaryIO) -> None:
    if path.exists():
        with path.open("rb") as source:
            shutil.copyfileobj(source, target)
        path.unlink()

"""`<prefix>.jobstate.log`: what became of each task of job files, and when."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pegbatch.cli.aws_batch.task_logs import TaskEnd
from pegbatch.engine.state import RunState
from pegbatch.errors import OutsideError
from pegbatch.model.records import TaskRecord

logger = logging.getLogger(__name__)


class JobStates:
    """Appends a line a change: epoch in milliseconds, task, STATE, id of the AWS job.

    Source: Pegasus, pegasus-aws-batch, jobstate.log (which has a line a job and poll).
    """

    def __init__(self, path: Path, tasks: Sequence[str], now: Callable[[], float]) -> None:
        """Take the file, the tasks in their order, and the clock."""
        self._path = path
        self._tasks = tasks
        self._now = now
        self._submitted = False

    def changed(self, state: RunState) -> None:
        """Note that the array has been submitted, once."""
        job_id = next((one.job_id for one in state.arrays.values() if one.job_id), None)
        if job_id is not None and not self._submitted:
            self._submitted = True
            logger.info("submitted %d tasks as AWS Batch job %s", len(self._tasks), job_id)
            now = self._now()
            self._write((now, name, "SUBMITTED", job_id) for name in self._tasks)

    def ended(self, ends: Iterable[TaskEnd], records: Mapping[str, TaskRecord]) -> None:
        """Note when each task began and ended; one without a record was lost just now."""
        lines = []
        for end in ends:
            record = records.get(end.name)
            last = self._now() if record is None else record.end
            if record is not None:
                lines.append((record.start, end.name, "RUNNING", end.job_id))
            lines.append((last, end.name, end.state.upper(), end.job_id))
            if end.state != "succeeded":
                why = "it was lost" if record is None else record.reason
                logger.warning("task %s %s: %s", end.name, end.state, why)
        self._write(sorted(lines, key=lambda line: line[0]))

    def _write(self, lines: Iterable[tuple[float, str, str, str]]) -> None:
        text = "".join(
            f"{time * 1000:.0f} {name} {state} {job}\n" for time, name, state, job in lines
        )
        try:
            with self._path.open("a") as file:
                file.write(text)
        except OSError as error:
            raise OutsideError(f"cannot write: {error.strerror}", where=str(self._path)) from error

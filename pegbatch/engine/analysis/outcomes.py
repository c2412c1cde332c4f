"""What became of each task of a run, and why: one way to read a history for all who explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pegbatch.engine.analysis.causes import RUN_AGAIN, cause_of
from pegbatch.engine.analysis.lost_causes import cause_of_lost
from pegbatch.engine.analysis.roots import Lack, Roots, lacks_of
from pegbatch.model.analysis import Cause
from pegbatch.model.history import ChildAttempt, Execution, History

_NOT_RUN = "has not run"
_GONE = {
    "succeeded": "has made it, so it was deleted since",
    "failed": "failed",
    "skipped": "was skipped itself",
    "lost": "was lost with its child",
}
"""What is said of the producer of a file that is not there, by its state."""


@dataclass(frozen=True, slots=True)
class Failed:
    """One task that failed, was lost with its child, or could not run for want of a file."""

    execution: Execution
    """Of a lost task, what Batch says of its child."""
    cause: Cause
    transformation: str
    log_stream: str = ""


class Outcomes:
    """A history, and who makes which file."""

    def __init__(self, history: History, makers: Mapping[str, str]) -> None:
        """Take the run; makers as `analysis.analyse` has them."""
        self.history = history
        self._makers = makers
        self._jobs = {job.name: job for job in history.jobs}
        self.roots = Roots(history, makers)

    @cached_property
    def failures(self) -> Mapping[str, int]:
        """How many executions of each task have failed."""
        return Counter(one.id for one in self.history.executions if one.state == "failed")

    def mended(self) -> int:
        """Return how many tasks failed before and have succeeded since."""
        return sum(self.state(task_id) == "succeeded" for task_id in self.failures)

    def failed(self) -> Iterator[Failed]:
        """Yield what failed, tasks in plan order, then transfers.

        Shapes: a sub-workflow that failed because a task of its run did has not failed by itself.
        """
        newest, lost, tasks = self.history.newest, self.history.lost, self.history.tasks
        for task_id in tasks:
            has_failed = task_id in newest and newest[task_id].state == "failed"
            if task_id in lost or (has_failed and not self.history.is_consequence(task_id)):
                yield self.failure(task_id)
        for task_id, execution in newest.items():
            if task_id not in tasks and execution.state == "failed":
                yield self.failure(task_id)
        yield from (self.failure(one) for one in lost if one not in tasks)

    def skipped(self) -> Iterator[str]:
        """Yield the tasks that could not run, in plan order.

        Shapes: of a sub-workflow whose run has begun these are tasks of that run.
        """
        states, nested = self.history.states, self.history.nested
        begun = {one for one, part in nested.items() if part.has_begun}
        return (one for one in self.history.tasks if states[one] == "skipped" and one not in begun)

    def state(self, task_id: str) -> str:
        """Return succeeded, failed, lost, skipped, running or waiting; of a transfer its record's.

        Errors: KeyError where nothing is known of it.
        """
        if task_id in self.history.lost:
            return "lost"
        return self.history.states.get(task_id) or self.history.newest[task_id].state

    def failure(self, task_id: str) -> Failed:
        """Return how and why a task failed, or was skipped.

        Errors: KeyError where nothing is on record of it.
        """
        task = self.history.tasks.get(task_id)
        transformation = "" if task is None else task.transformation
        if task_id in self.history.lost:
            attempt = self.history.lost[task_id]
            cause = cause_of_lost(attempt, self._jobs.get(attempt.array))
            execution = _as_execution(task_id, attempt)
            stream = attempt.log_stream if attempt.state == "lost" else None
            return Failed(execution, cause, transformation, stream or "")
        record = self.history.newest[task_id]
        if record.state == "failed":
            cause = cause_of(record, self._jobs.get(record.array))
        else:
            cause = self._why_skipped(record)
        return Failed(record, cause, transformation)

    def _why_skipped(self, record: Execution) -> Cause:
        """Say what a task lacks, and what became of the task that should have made it."""
        prefix = self.history.prefix_of(record.array)
        lack = next(lacks_of(record, self._makers, prefix), None)
        if lack is None or not lack.lfn:
            return Cause("dependency", _first_line(record.reason) or "it was not run")
        state = self.state(lack.parent)
        gone = "is to be run again" if self._is_undone(lack.parent) else _GONE.get(state, _NOT_RUN)
        sentence = f"input {lack.lfn} is not there: its producer {lack.parent} {gone}"
        return Cause("missing-input", sentence, _advice(lack, state))

    def _is_undone(self, task_id: str) -> bool:
        record = self.history.newest.get(task_id)
        return record is not None and record.state == "undone"


def _advice(lack: Lack, state: str) -> str:
    if state == "succeeded":
        return "`pegbatch run` has it made again"
    return RUN_AGAIN if state == "lost" else f"see to {lack.parent} first"


def _as_execution(task_id: str, attempt: ChildAttempt) -> Execution:
    start = attempt.start or attempt.end or 0.0
    return Execution(
        id=task_id,
        array=attempt.array,
        bag=attempt.bag,
        try_=attempt.try_,
        attempt=attempt.attempt,
        state="failed",
        start=start,
        end=max(start, attempt.end or start),
        reason=attempt.reason,
        exit_code=attempt.exit_code,
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

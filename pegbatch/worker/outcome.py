"""What became of a task, said as its record says it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from pegbatch.model.manifest import TaskLine
from pegbatch.model.records import StoredOutput, TaskRecord
from pegbatch.worker.child import Child
from pegbatch.worker.messages import LineSearch, why_not_by_messages
from pegbatch.worker.process import Ended
from pegbatch.worker.stage_in import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one task."""

    start: float
    """Seconds since the epoch; of the program, where one ran."""
    end: float
    trouble: Trouble | None
    """None for success."""
    ended: Ended = field(default_factory=Ended)
    bytes_in: int | None = None
    """None where it came to no inputs."""
    outputs: tuple[StoredOutput, ...] = ()
    stdout_tail: str = ""
    stderr_tail: str = ""


def make_record(child: Child, task: TaskLine, outcome: Outcome) -> TaskRecord:
    """Return the record of one task."""
    trouble = outcome.trouble
    return TaskRecord(
        id=task.id,
        bag=task.bag,
        try_=child.try_,
        attempt=child.attempt,
        state="succeeded" if trouble is None else trouble.state,
        reason="" if trouble is None else trouble.reason,
        exit_code=outcome.ended.exit_code,
        signal=outcome.ended.signal,
        start=outcome.start,
        end=outcome.end,
        max_rss_mib=outcome.ended.max_rss_mib,
        outputs=outcome.outputs,
        stdout_tail=outcome.stdout_tail,
        stderr_tail=outcome.stderr_tail,
        cpu_seconds=outcome.ended.cpu_seconds,
        bytes_in=outcome.bytes_in,
    )


def not_ready(error: OSError) -> Outcome:
    """Return the outcome of a task whose directory could not be made."""
    now = time.time()
    reason = f"its directory cannot be made ready: {error.strerror}: {error.filename}"
    return Outcome(start=now, end=now, trouble=Trouble("failed", reason))


def why_failed(task: TaskLine, ended: Ended, searches: Iterable[LineSearch]) -> Trouble | None:
    """Say in a sentence why a program has not succeeded; None where it has."""
    reason = _why_ended(task, ended) or why_not_by_messages(task, searches)
    return Trouble("failed", reason) if reason else None


def _why_ended(task: TaskLine, ended: Ended) -> str | None:
    if ended.not_started:
        return ended.not_started
    if ended.timed_out:
        return f"ran longer than maxwalltime ({task.timeout_seconds} s)"
    if ended.checkpointed:
        return f"told to write its checkpoint at checkpoint.time ({task.checkpoint_seconds} s)"
    if ended.signal is not None:
        return _signalled(ended.signal)
    return f"exit code {ended.exit_code}" if ended.exit_code else None


def _signalled(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"ended by signal {number}"
    hint = "; was it out of memory?" if number == signal.SIGKILL else ""
    return f"ended by signal {number} ({name}){hint}"

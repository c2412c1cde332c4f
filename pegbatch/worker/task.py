"""One task: a fresh directory, stage in, run, look, stage out, record."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pegbatch.model.manifest import TaskLine
from pegbatch.model.records import StoredOutput, TaskRecord
from pegbatch.worker.child import Child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.filecache import FileCache
from pegbatch.worker.process import Ended, Program, run_program
from pegbatch.worker.scratch import remove_tree
from pegbatch.worker.stage_in import Trouble, stage_in
from pegbatch.worker.stage_out import StageOut, find_outputs, urls_of
from pegbatch.worker.stop import Stop
from pegbatch.worker.streams import FileStream, LogStream, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one task."""

    start: float
    """Seconds since the epoch; of the program, where one ran."""
    end: float
    trouble: Trouble | None
    """None for success."""
    ended: Ended = field(default_factory=Ended)
    outputs: tuple[StoredOutput, ...] = ()
    stdout_tail: str = ""
    stderr_tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunner:
    """Runs the tasks of one child, one after another."""

    child: Child
    cache: FileCache
    stage_out: StageOut
    stop: Stop
    log: ChildLog
    environment: Mapping[str, str]
    """The container's."""
    folder: Path
    """Where the tasks' directories are made."""

    def run(
        self, task: TaskLine, *, keep: Collection[str], staged: Callable[[], None]
    ) -> TaskRecord:
        """Run one task and say what became of it.

        Shapes: keep holds URLs of outputs that later tasks of the child read; staged is called
        when the inputs are there, so that the next task's can be fetched meanwhile.
        Errors: StoreUnreachable where another attempt may do better; Stopped.
        """
        directory = self.folder / "task"
        directory.mkdir()
        try:
            outcome = self._run(task, directory, keep, staged)
        finally:
            remove_tree(directory)
        return make_record(self.child, task, outcome)

    def _run(
        self,
        task: TaskLine,
        directory: Path,
        keep: Collection[str],
        staged: Callable[[], None],
    ) -> Outcome:
        start = time.time()
        trouble = stage_in(self.child, task.inputs, self.cache, directory)
        if trouble is not None:
            return Outcome(start=start, end=time.time(), trouble=trouble)
        staged()
        outcome = self._execute(task, directory)
        self.stop.check()
        if outcome.trouble is not None:
            return outcome
        made, trouble = find_outputs(task.outputs, directory)
        stored: tuple[StoredOutput, ...] = ()
        if trouble is None:
            stored, trouble = self.stage_out.put(made, directory)
        if trouble is None:
            for url, use in urls_of(self.child, made):
                if url in keep:
                    self.cache.keep(url, directory / use.lfn)
        return replace(outcome, trouble=trouble, outputs=stored)

    def _execute(self, task: TaskLine, directory: Path) -> Outcome:
        start = time.time()
        try:
            for use in task.outputs:
                (directory / use.lfn).parent.mkdir(parents=True, exist_ok=True)
            out, err = self._open_streams(task, directory)
        except OSError as error:
            reason = f"its directory cannot be made ready: {error.strerror}: {error.filename}"
            return Outcome(start=start, end=start, trouble=Trouble("failed", reason))
        ended = run_program(_program(task, directory, self.environment), out, err, self.stop)
        return Outcome(
            start=start,
            end=time.time(),
            trouble=why_failed(task, ended),
            ended=ended,
            stdout_tail=out.finish(),
            stderr_tail=err.finish(),
        )

    def _open_streams(self, task: TaskLine, directory: Path) -> tuple[Stream, Stream]:
        for name in {task.stdout, task.stderr} - {None}:
            # An input of the same name is a link to a file that others use.
            (directory / str(name)).unlink(missing_ok=True)
        out, err = (
            LogStream(self.log.write) if name is None else FileStream(directory / name)
            for name in (task.stdout, task.stderr)
        )
        return out, err


def why_failed(task: TaskLine, ended: Ended) -> Trouble | None:
    """Say in a sentence why a program has not succeeded; None where it has."""
    if ended.not_started:
        return Trouble("failed", ended.not_started)
    if ended.timed_out:
        return Trouble("failed", f"ran longer than maxwalltime ({task.timeout_seconds} s)")
    if ended.signal is not None:
        return Trouble("failed", _signalled(ended.signal))
    if ended.exit_code:
        return Trouble("failed", f"exit code {ended.exit_code}")
    return None


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
    )


def _program(task: TaskLine, directory: Path, environment: Mapping[str, str]) -> Program:
    own = {use.lfn for use in task.inputs if use.executable}
    name = os.path.normpath(task.argv[0])
    return Program(
        argv=task.argv,
        executable=str(directory / name) if name in own else task.argv[0],
        directory=directory,
        environment={**environment, **task.env, "PEGBATCH_TASK_INDEX": str(task.index)},
        stdin=directory / task.stdin if task.stdin is not None else None,
        timeout_seconds=task.timeout_seconds,
    )


def _signalled(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"ended by signal {number}"
    hint = "; was it out of memory?" if number == signal.SIGKILL else ""
    return f"ended by signal {number} ({name}){hint}"

"""One task: a fresh directory, stage in, run, look, stage out, record."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pegbatch.model.manifest import FileUse, TaskLine
from pegbatch.model.records import TaskRecord
from pegbatch.ports import ObjectStore
from pegbatch.worker.aside import Aside
from pegbatch.worker.checkpoints import Checkpoints
from pegbatch.worker.child import Child
from pegbatch.worker.directories import TaskDirectories
from pegbatch.worker.filecache import FileCache
from pegbatch.worker.hooks import HookRunner
from pegbatch.worker.messages import LineSearch, patterns_of
from pegbatch.worker.nested import check_end, made_outputs, planner
from pegbatch.worker.orphans import LANE_VARIABLE, Orphans
from pegbatch.worker.outcome import Outcome, make_record, not_ready, why_failed
from pegbatch.worker.process import run_program
from pegbatch.worker.program import Program
from pegbatch.worker.saves import Save
from pegbatch.worker.stage_in import StagedIn, Trouble, stage_in
from pegbatch.worker.stage_out import StageOut, find_outputs, urls_of
from pegbatch.worker.stop import Stop
from pegbatch.worker.streams import FileStream, LogStream, Stream

FULL_BYTES = 64 << 10
"""A disk with less than this to spare is full."""


class TaskLog(Protocol):
    """Where a task's outputs go that it does not write to a file."""

    def write(self, data: bytes) -> None:
        """Take some bytes, as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunner:
    """Runs tasks of one child, each in a directory of its own."""

    child: Child
    store: ObjectStore
    cache: FileCache
    checkpoints: Checkpoints
    hooks: HookRunner
    stage_out: StageOut
    stop: Stop
    log: TaskLog
    environment: Mapping[str, str]
    """The container's."""
    directories: TaskDirectories
    aside: Aside
    orphans: Orphans | None = None
    probe: Callable[[], None]
    """Raises StoreUnreachable where the run's own store does not answer: then no record helps."""

    def in_lane(self, directories: TaskDirectories, log: TaskLog, lane: int) -> TaskRunner:
        """Return a runner for tasks that run while others do."""
        return replace(
            self,
            directories=directories,
            log=log,
            environment=_marked(self.environment, lane),
            hooks=replace(self.hooks, environment=_marked(self.hooks.environment, lane)),
        )

    def run(
        self, task: TaskLine, *, keep: Collection[str], started: Callable[[], None]
    ) -> TaskRecord:
        """Run one task and say what became of it.

        Shapes: keep holds URLs of outputs that later tasks of the child read; started is called
        once the program runs, so that files of other tasks can be moved meanwhile.
        Errors: StoreUnreachable where another attempt may do better; Stopped.
        """
        try:
            directory = self.directories.take()
        except OSError as error:
            return make_record(self.child, task, not_ready(error))
        saving = True
        try:
            outcome = self._run(task, directory, keep, started)
            saving = outcome.trouble is not None
            self._run_end_hooks(task, directory, outcome)
            self._probe_after(outcome)
        finally:
            if saving:
                self.checkpoints.save(task, directory)
            self.directories.give_back(directory)
        return make_record(self.child, task, outcome)

    def begin(
        self, task: TaskLine, *, keep: Collection[str], started: Callable[[], None]
    ) -> TaskRecord | Save:
        """Run the program of a task; where its outputs may be put later, return how.

        Shapes, Errors: as run.
        """
        if task.hooks or task.checkpoints or task.sub_workflow is not None:
            # They see the task's directory after its outputs were put.
            return self.run(task, keep=keep, started=started)
        try:
            directory = self.directories.take()
        except OSError as error:
            return make_record(self.child, task, not_ready(error))
        try:
            outcome = self._work(task, directory, started)
            save = self._set_aside(task, directory, keep, outcome) if not outcome.trouble else None
            if save is None:
                outcome = self._stage_out(task, directory, keep, outcome)
                self._probe_after(outcome)
        finally:
            self.directories.give_back(directory)
        return save or make_record(self.child, task, outcome)

    def _set_aside(
        self, task: TaskLine, directory: Path, keep: Collection[str], outcome: Outcome
    ) -> Save | None:
        """Take the outputs out of the directory, which the next task gets.

        Shapes: None where that cannot be, and they have to be put from where they are.
        """
        made, trouble = find_outputs(task.outputs, directory)
        if trouble is not None:
            return None
        aside = self.aside.take(made, directory, shared=not task.argv)
        if aside is None:
            return None

        def finish() -> TaskRecord:
            try:
                saved = self._put(made, aside.paths, keep, outcome, beside=True)
                self._probe_after(saved)
            finally:
                aside.remove()
            return make_record(self.child, task, saved)

        return Save(aside.size_bytes, finish)

    def _probe_after(self, outcome: Outcome) -> None:
        if outcome.trouble is not None and outcome.trouble.unreachable:
            self.probe()

    def _run_end_hooks(self, task: TaskLine, directory: Path, outcome: Outcome) -> None:
        status = outcome.ended.exit_code
        if outcome.trouble is None:
            self.hooks.run(task, "success", directory, 0)
        elif outcome.trouble.state == "failed":
            self.hooks.run(task, "error", directory, 1 if status in (None, 0) else status)

    def _run(
        self,
        task: TaskLine,
        directory: Path,
        keep: Collection[str],
        started: Callable[[], None],
    ) -> Outcome:
        return self._stage_out(task, directory, keep, self._work(task, directory, started))

    def _work(self, task: TaskLine, directory: Path, started: Callable[[], None]) -> Outcome:
        start = time.time()
        given = self._stage_in(task, directory)
        if given.trouble is not None:
            return Outcome(start=start, end=time.time(), trouble=given.trouble)
        self.hooks.run(task, "start", directory)
        if task.argv:
            outcome = self._execute(task, directory, started)
        else:  # a transfer
            started()
            outcome = Outcome(start=start, end=time.time(), trouble=None)
        self.stop.check()
        return replace(outcome, bytes_in=given.size_bytes)

    def _stage_in(self, task: TaskLine, directory: Path) -> StagedIn:
        saved = self.checkpoints.fetch(task, directory)
        uses = [use for use in task.inputs if use.lfn not in saved] if saved else task.inputs
        return stage_in(self.child, uses, self.cache, directory)

    def _stage_out(
        self, task: TaskLine, directory: Path, keep: Collection[str], outcome: Outcome
    ) -> Outcome:
        if outcome.trouble is not None:
            return outcome
        if task.sub_workflow is not None:
            stored, trouble = made_outputs(self.child, self.store, task.sub_workflow.outputs)
            return replace(outcome, trouble=trouble, outputs=stored)
        made, trouble = find_outputs(task.outputs, directory)
        if trouble is not None:
            return replace(outcome, trouble=trouble)
        paths = {use.lfn: directory / use.lfn for use in made}
        return self._put(made, paths, keep, outcome)

    def _put(
        self,
        made: Sequence[FileUse],
        paths: Mapping[str, Path],
        keep: Collection[str],
        outcome: Outcome,
        *,
        beside: bool = False,
    ) -> Outcome:
        stored, trouble = self.stage_out.put(made, paths, beside=beside)
        if trouble is None:
            for url, use in urls_of(self.child, made):
                if url in keep:
                    self.cache.keep(url, paths[use.lfn])
        return replace(outcome, trouble=trouble, outputs=stored)

    def _execute(self, task: TaskLine, directory: Path, started: Callable[[], None]) -> Outcome:
        start, begun = time.time(), time.monotonic()
        searches = LineSearch(patterns := patterns_of(task)), LineSearch(patterns)
        try:
            for use in (*task.outputs, *task.checkpoints):
                if "/" in use.lfn:
                    (directory / use.lfn).parent.mkdir(parents=True, exist_ok=True)
            program = self._program(task, directory)
            out, err = self._open_streams(task, directory, searches)
        except OSError as error:
            return not_ready(error)
        ended = run_program(program, out, err, self.stop, self.orphans, started)
        # The clock of the machine may be set meanwhile.
        end = start + time.monotonic() - begun
        tails = out.finish(), err.finish()
        if task.sub_workflow is not None and not self.stop.asked:
            check_end(self.child, ended)
        trouble = why_failed(task, ended, searches)
        return Outcome(
            start=start,
            end=end,
            trouble=trouble and _with_full_disk(trouble, directory),
            ended=ended,
            stdout_tail=tails[0],
            stderr_tail=tails[1],
        )

    def _program(self, task: TaskLine, directory: Path) -> Program:
        if task.sub_workflow is not None:
            return planner(self.child, task, directory, self.environment)
        return _program(task, directory, self.environment)

    def _open_streams(
        self, task: TaskLine, directory: Path, searches: Iterable[LineSearch]
    ) -> tuple[Stream, Stream]:
        for name in {task.stdout, task.stderr} - {None}:
            # An input of the same name is a link to a file that others use.
            (directory / str(name)).unlink(missing_ok=True)
        out, err = (
            LogStream(self.log.write, search)
            if name is None
            else FileStream(directory / name, search)
            for name, search in zip((task.stdout, task.stderr), searches, strict=True)
        )
        return out, err


def _marked(environment: Mapping[str, str], lane: int) -> Mapping[str, str]:
    return {**environment, LANE_VARIABLE: str(lane)}


def _with_full_disk(trouble: Trouble, directory: Path) -> Trouble:
    """Add to why a program failed that the disk is full, which it may not have been able to say."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return trouble
    no_files = disk.f_files > 0 and not disk.f_favail
    if disk.f_bavail * disk.f_frsize >= FULL_BYTES and not no_files:
        return trouble
    return replace(trouble, reason=f"{trouble.reason}; the disk is full: {directory.parent}")


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
        checkpoint_seconds=task.checkpoint_seconds,
    )

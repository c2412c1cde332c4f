"""The bag, task after task: what is done, what may run, what is skipped, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from pegbatch.model import layout
from pegbatch.model.manifest import ParentTask, TaskLine
from pegbatch.model.records import TaskRecord, TaskState, settle
from pegbatch.ports import ObjectStore
from pegbatch.worker.bag import Bag
from pegbatch.worker.child import Child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.directories import TaskDirectories
from pegbatch.worker.filecache import FileCache
from pegbatch.worker.history import count_failures
from pegbatch.worker.lanes import Steps, run_in_lanes
from pegbatch.worker.look_ahead import LookAhead
from pegbatch.worker.marked_log import MarkedLog
from pegbatch.worker.outcome import Outcome, make_record
from pegbatch.worker.parents import Parents, blame
from pegbatch.worker.readers import Readers
from pegbatch.worker.recorder import Recorder
from pegbatch.worker.saves import Save, Saves
from pegbatch.worker.stage_in import Trouble, source_of
from pegbatch.worker.stop import EXIT_AGAIN, Stop
from pegbatch.worker.task import TaskRunner

EXIT_STOP = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What a bag needs to run."""

    store: ObjectStore
    cache: FileCache
    runner: TaskRunner
    recorder: Recorder
    log: ChildLog
    stop: Stop
    folder: Path
    """Where directories of tasks that run side by side are made."""
    saving: Executor
    """Puts outputs while the next task runs."""


class BagRun:
    """One attempt at one bag."""

    def __init__(self, child: Child, bag: Bag, records: Iterable[TaskRecord], doors: Doors) -> None:
        """Take the bag and all its earlier records, oldest first."""
        earlier = tuple(records)
        self._may_be_marked = any(
            record.state != "succeeded" and record.try_ < child.try_ for record in earlier
        )
        self._child = child
        self._bag = bag
        self._doors = doors
        self._failures = dict(count_failures(earlier, child.try_))
        self._states: dict[str, TaskState] = {}
        for task_id, record in settle(earlier).items():
            if record.state == "succeeded":
                self._states[task_id] = "succeeded"
        self._broken: dict[str, str] = {}
        """Clusters with a task that failed, and the task; for those that end with it."""
        self._directories: dict[int, TaskDirectories] = {}
        """By lane."""
        self._parents = Parents(doors.store, child.run_url)
        self._saves = Saves(doors.saving, doors.stop, doors.recorder.add, self._note)
        self._makers = {child.url(use.url): task.id for task in bag.tasks for use in task.outputs}
        self._numbers = {task.id: number for number, task in enumerate(bag.tasks)}
        self._ahead = LookAhead(bag.tasks, doors.cache.largest_bytes, self._expect)
        self._last_readers = {
            child.url(use.url): number
            for number, task in enumerate(bag.tasks)
            for use in task.inputs
        }

    def run(self) -> None:
        """Run everything that can run and is not done yet.

        Errors: those of the store where another attempt may do better; Stopped.
        """
        try:
            self._run_through()
            # One attempt brings a chain of tasks that fail once forward by one task, so that
            # attempts may end before tries do: Batch will not start this child again, and the
            # rest is for us.
            while self._child.last_attempt and self._has_tries_left():
                self._doors.log.say("this is the last attempt; trying again in it")
                self._run_through()
        except BaseException:
            self._saves.leave()
            raise

    def _run_through(self) -> None:
        if any(task.cores is not None for task in self._bag.tasks):
            self._run_side_by_side()
            return
        self._broken.clear()
        self._ahead.begin()
        for number, task in enumerate(self._bag.tasks):
            self._doors.stop.check()
            self._saves.look()
            self._saves.wait_for(self._parents_here(task))
            if not self._is_settled(task):
                self._run_or_skip(number, task)
            elif self._states[task.id] == "failed":
                self._broken.setdefault(task.cluster, task.id)
        self._saves.wait_for_all()

    def _run_or_skip(self, number: int, task: TaskLine) -> None:
        ended = self._skip(task) or self._run(number, task)
        if isinstance(ended, Save):
            self._saves.begin(task.id, ended)
        else:
            self._doors.recorder.add(ended)
            # In log and states the tasks before it come first.
            self._saves.wait_for_all()
            self._note(ended)

    def _is_settled(self, task: TaskLine) -> bool:
        """Tell whether a task is done, or may not be tried again."""
        if self._states.get(task.id) == "succeeded":
            return True
        if self._failures.get(task.id, 0) >= task.tries:
            self._states[task.id] = "failed"
            return True
        return False

    def _run_side_by_side(self) -> None:
        tasks = [task for task in self._bag.tasks if not self._is_settled(task)]
        if not tasks:
            return
        readers = Readers(self._child, tasks)

        def run(task: TaskLine, lane: int) -> TaskRecord:
            self._doors.stop.check()
            return self._skip(task) or self._run_in_lane(task, readers.later(task), lane)

        def take(task: TaskLine, record: TaskRecord) -> None:
            self._doors.recorder.add(record)
            self._note(record)
            self._doors.cache.forget(readers.done(task))

        run_in_lanes(
            tasks,
            {task.id: self._parents_here(task) for task in tasks},
            Steps(run=run, take=take, expect=self._expect),
        )

    def _parents_here(self, task: TaskLine) -> frozenset[str]:
        """Return the tasks of this bag that one of them waits for."""
        makers = {self._makers.get(self._child.url(use.url), task.id) for use in task.inputs}
        after = {parent.id for parent in task.after if self._is_here(parent)}
        return frozenset((makers | after) - {task.id})

    def _is_here(self, parent: ParentTask) -> bool:
        return (parent.array, parent.bag) == (self._child.base_array, self._bag.number)

    def _run_in_lane(self, task: TaskLine, keep: Collection[str], lane: int) -> TaskRecord:
        log = MarkedLog(self._doors.log, task.id)
        directories = self._directories.setdefault(
            lane, TaskDirectories(self._doors.folder / f"lane{lane}")
        )
        runner = self._doors.runner.in_lane(directories, log, lane)
        self._doors.log.say(f"=== task {task.id} {task.transformation}")
        try:
            return runner.run(task, keep=keep, staged=lambda: None)
        finally:
            log.close()

    def finish(self) -> int:
        """Leave a failure mark where one is due and return the exit code.

        Source: docs/formats.md, "Retry rule".
        """
        states = [self._states[task.id] for task in self._bag.tasks]
        failed, skipped = states.count("failed"), states.count("skipped")
        if not failed and not skipped:
            if self._may_be_marked:
                self._mark(0, 0)
            return 0
        if self._may_try_again():
            self._doors.log.say(f"{failed} failed, {skipped} skipped; trying again")
            return EXIT_AGAIN
        self._mark(failed, skipped)
        self._doors.log.say(f"{failed} failed, {skipped} skipped")
        return EXIT_STOP if self._child.stop_on_failure else 0

    def _mark(self, failed: int, skipped: int) -> None:
        key = layout.failure_key(
            self._child.array, self._bag.number, self._child.try_, failed, skipped
        )
        self._doors.store.write(self._child.url(key), b"")

    def _may_try_again(self) -> bool:
        return not self._child.last_attempt and self._has_tries_left()

    def _has_tries_left(self) -> bool:
        return any(
            self._states[task.id] == "failed" and self._failures.get(task.id, 0) < task.tries
            for task in self._bag.tasks
        )

    def _skip(self, task: TaskLine) -> TaskRecord | None:
        reason = (
            self._broken_cluster(task)
            or self._unmade_input(task)
            or self._failed_parent(task.after)
        )
        if reason is None:
            return None
        now = time.time()
        outcome = Outcome(start=now, end=now, trouble=Trouble("skipped", reason))
        return make_record(self._child, task, outcome)

    def _broken_cluster(self, task: TaskLine) -> str | None:
        """Say which task has ended a cluster that ends with its first failure."""
        failed = self._broken.get(task.cluster) if task.strict else None
        if failed is None:
            return None
        return f"task {failed} failed, and {task.cluster} ends with its first failure"

    def _unmade_input(self, task: TaskLine) -> str | None:
        """Say which required input will not come because its maker in this bag did not succeed."""
        for use in task.inputs:
            maker = self._makers.get(self._child.url(use.url))
            state = self._states.get(maker) if maker is not None else None
            if maker is not None and state in ("failed", "skipped") and not use.optional:
                return f"{blame(maker, state)}, so there is no {use.lfn}"
        return None

    def _failed_parent(self, after: Iterable[ParentTask]) -> str | None:
        elsewhere: list[ParentTask] = []
        for parent in after:
            here = self._is_here(parent)
            state = self._states.get(parent.id) if here else None
            if state in ("failed", "skipped"):
                return blame(parent.id, state)
            if not here:
                elsewhere.append(parent)
        return self._parents.why_not(elsewhere)

    def _run(self, number: int, task: TaskLine) -> TaskRecord | Save:
        self._doors.log.say(f"=== task {task.id} {task.transformation}")
        made = {self._child.url(use.url) for use in task.outputs}
        later = {url for url in made if self._last_readers.get(url, -1) > number}
        return self._doors.runner.begin(
            task, keep=later, staged=lambda: self._ahead.reach(number + 1)
        )

    def _expect(self, task: TaskLine) -> None:
        """Begin to fetch the inputs of a task that is not done, if they exist by now."""
        if self._states.get(task.id) == "succeeded":
            return
        for use in task.inputs:
            source = source_of(self._child, use)
            maker = self._makers.get(source.url)
            if maker is None or self._states.get(maker) == "succeeded":
                self._doors.cache.request(source)

    def _note(self, record: TaskRecord) -> None:
        """Take note of how a task has ended, and say it."""
        self._states[record.id] = record.state
        if record.state == "failed":
            self._failures[record.id] = self._failures.get(record.id, 0) + 1
        number = self._numbers[record.id]
        if self._bag.tasks[number].cores is None:
            if record.state == "failed":
                self._broken.setdefault(self._bag.tasks[number].cluster, record.id)
            self._forget(number)
        seconds = record.end - record.start
        reason = f": {record.reason}" if record.reason else ""
        self._doors.log.say(f"--- task {record.id} {record.state} after {seconds:.1f} s{reason}")

    def _forget(self, number: int) -> None:
        task = self._bag.tasks[number]
        uses = (self._child.url(use.url) for use in (*task.inputs, *task.outputs))
        self._doors.cache.forget(
            url for url in uses if self._last_readers.get(url, number) <= number
        )

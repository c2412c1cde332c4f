"""The bag, task after task: what is done, what may run, what is skipped, and how it ends."""

from __future__ import annotations

import time
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from pegbatch.model import layout
from pegbatch.model.manifest import ParentTask, TaskLine
from pegbatch.model.records import TaskRecord
from pegbatch.ports import ObjectStore
from pegbatch.worker.bag import Bag
from pegbatch.worker.bag_index import BagIndex
from pegbatch.worker.child import Child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.complaints import Complaints
from pegbatch.worker.directories import TaskDirectories
from pegbatch.worker.filecache import FileCache
from pegbatch.worker.lanes import Steps, run_in_lanes
from pegbatch.worker.look_ahead import LookAhead
from pegbatch.worker.marked_log import MarkedLog
from pegbatch.worker.nested import FINAL_CODES
from pegbatch.worker.outcome import Outcome, make_record
from pegbatch.worker.parents import Parents, blame
from pegbatch.worker.progress import Progress
from pegbatch.worker.readers import Readers
from pegbatch.worker.recorder import Recorder
from pegbatch.worker.saves import LEAVE_SECONDS, ORDER_SECONDS, Save, Saves
from pegbatch.worker.stage_in import Trouble, source_of
from pegbatch.worker.stop import EXIT_AGAIN, Stop
from pegbatch.worker.task import TaskRunner
from pegbatch.worker.transfers import Transfers

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
    """Where directories of tasks that run side by side are made, and files of long bags."""
    saving: Transfers
    """Puts outputs while the next task runs."""


class BagRun:
    """One attempt at one bag."""

    def __init__(self, child: Child, bag: Bag, records: Iterable[TaskRecord], doors: Doors) -> None:
        """Take the bag and all its earlier records, oldest first."""
        self._child = child
        self._bag = bag
        self._doors = doors
        self._index = BagIndex(child, bag.tasks, doors.folder)
        self._progress = Progress(len(bag.tasks), self._index, child.try_)
        self._complaints = Complaints(child, bag.number)
        self._progress.take_earlier(self._complaints.heard(records))
        self._broken: dict[str, str] = {}
        """Clusters with a task that failed, and the task; for those that end with it."""
        self._directories: dict[int, TaskDirectories] = {}
        """By lane."""
        self._round = 0
        self._parents = Parents(doors.store, child.run_url)
        self._saves = Saves(doors.saving, doors.stop, doors.recorder.add, self._note)
        self._ahead = LookAhead(bag.tasks, doors.cache.largest_bytes, self._lacking, self._expect)

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
            self._saves.give_time(LEAVE_SECONDS)
            raise

    def _run_through(self) -> None:
        if any(task.cores is not None for task in self._bag.tasks):
            self._run_side_by_side()
            return
        self._broken.clear()
        self._ahead.begin()
        for number, task in enumerate(self._bag.tasks):
            self._doors.stop.check()
            self._saves.check()
            self._saves.wait_for(self._parents_here(number, task))
            if not self._is_settled(number, task):
                self._run_or_skip(number, task)
            elif self._progress.state(number) == "failed":
                self._broken.setdefault(task.cluster, task.id)
        self._saves.wait_for_all()

    def _run_or_skip(self, number: int, task: TaskLine) -> None:
        ended = self._skip(number, task) or self._run(number, task)
        if isinstance(ended, Save):
            self._saves.begin(number, ended)
        else:
            self._saves.give_time(ORDER_SECONDS)
            self._doors.recorder.add(ended)
            # In log and states the tasks before it come first.
            self._saves.wait_for_all()
            self._note(number, ended)

    def _is_settled(self, number: int, task: TaskLine) -> bool:
        """Tell whether a task is done, or may not be tried again."""
        if self._progress.state(number) == "succeeded":
            return True
        if self._progress.failures(number) >= task.tries:
            self._progress.give_up(number)
            return True
        return False

    def _run_side_by_side(self) -> None:
        tasks = self._bag.tasks
        numbers = array("L", (n for n, task in enumerate(tasks) if not self._is_settled(n, task)))
        if not numbers:
            return
        self._round += 1
        counts = self._doors.folder / f"readers{self._round}"
        unsettled = map(tasks.__getitem__, numbers)
        readers = Readers(self._child, unsettled, counts, self._index.inputs)

        def run(number: int, task: TaskLine, lane: int) -> TaskRecord:
            self._doors.stop.check()
            return self._skip(number, task) or self._run_in_lane(task, readers.later(task), lane)

        def take(number: int, task: TaskLine, record: TaskRecord) -> None:
            self._doors.recorder.add(record)
            self._note(number, record)
            self._doors.cache.forget(readers.done(task))

        run_in_lanes(
            tasks,
            numbers,
            Steps(run=run, take=take, expect=self._expect, parents=self._parents_here),
        )

    def _parents_here(self, number: int, task: TaskLine) -> frozenset[int]:
        """Return the tasks of this bag that one of them waits for."""
        makers = {self._index.maker_of(self._child.url(use.url)) for use in task.inputs}
        after = {self._index.number_of(one.id) for one in task.after if self._is_here(one)}
        return frozenset(each for each in makers | after if each not in (None, number))

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
            return runner.run(task, keep=keep, started=lambda: None)
        finally:
            log.close()

    def exit_code(self) -> int:
        """Return how the child is to exit, once all that can be run is.

        Source: docs/formats.md, "Retry rule".
        """
        if self._is_clear():
            return 0
        if self._may_try_again():
            return EXIT_AGAIN
        return EXIT_STOP if self._child.stop_on_failure else 0

    def leave_mark(self) -> None:
        """Leave a failure mark where one is due; the records it speaks of are in the store."""
        failed, skipped = self._bad()
        if self._is_clear():
            if self._progress.may_be_marked:
                self._mark(0, 0)
        elif self._may_try_again():
            self._doors.log.say(f"{failed} failed, {skipped} skipped; trying again")
        else:
            self._complaints.leave_mark(self._doors.store)
            self._mark(failed, skipped)
            self._doors.log.say(f"{failed} failed, {skipped} skipped")

    def _bad(self) -> tuple[int, int]:
        """Return how many tasks failed, and how many were skipped."""
        return self._progress.count("failed"), self._progress.count("skipped")

    def _is_clear(self) -> bool:
        return self._bad() == (0, 0)

    def _mark(self, failed: int, skipped: int) -> None:
        key = layout.failure_key(
            self._child.array, self._bag.number, self._child.try_, failed, skipped
        )
        self._doors.store.write(self._child.url(key), b"")

    def _may_try_again(self) -> bool:
        return not self._child.last_attempt and self._has_tries_left()

    def _has_tries_left(self) -> bool:
        return any(
            self._progress.failures(number) < self._bag.tasks[number].tries
            for number in self._progress.failed()
        )

    def _skip(self, number: int, task: TaskLine) -> TaskRecord | None:
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
            maker = self._index.maker_of(self._child.url(use.url))
            state = self._progress.state(maker) if maker is not None else None
            if maker is not None and state in ("failed", "skipped") and not use.optional:
                return f"{blame(self._bag.tasks[maker].id, state)}, so there is no {use.lfn}"
        return None

    def _failed_parent(self, after: Iterable[ParentTask]) -> str | None:
        elsewhere: list[ParentTask] = []
        for parent in after:
            here = self._is_here(parent)
            number = self._index.number_of(parent.id) if here else None
            state = self._progress.state(number) if number is not None else None
            if state in ("failed", "skipped"):
                return blame(parent.id, state)
            if not here:
                elsewhere.append(parent)
        return self._parents.why_not(elsewhere)

    def _run(self, number: int, task: TaskLine) -> TaskRecord | Save:
        self._doors.log.say(f"=== task {task.id} {task.transformation}")
        made = {self._child.url(use.url) for use in task.outputs}
        later = {url for url in made if self._last_reader(url, -1) > number}
        return self._doors.runner.begin(
            task, keep=later, started=lambda: self._transfer_beside(number)
        )

    def _transfer_beside(self, number: int) -> None:
        """Do, while a task runs, what would have kept it from starting until now."""
        self._saves.go_on()
        self._ahead.reach(number + 1)
        self._saves.look()

    def _last_reader(self, url: str, default: int) -> int:
        number = self._index.last_reader_of(url)
        return default if number is None else number

    def _expect(self, number: int, task: TaskLine) -> None:
        """Begin to fetch the inputs of a task that is not done, if they exist by now."""
        if self._progress.state(number) == "succeeded":
            return
        for use in task.inputs:
            source = source_of(self._child, use)
            maker = self._index.maker_of(source.url)
            if maker is None or self._progress.state(maker) == "succeeded":
                self._doors.cache.request(source)

    def _lacking(self, task: TaskLine) -> int:
        """Count the inputs of a task that are not here, nor on their way."""
        sources = (source_of(self._child, use) for use in task.inputs)
        return sum(map(self._doors.cache.lacks, sources))

    def _note(self, number: int, record: TaskRecord) -> None:
        """Take note of how a task has ended, and say it."""
        self._progress.note(number, record.state)
        self._complaints.hear(record)
        if self._bag.tasks[number].sub_workflow and record.exit_code in FINAL_CODES:
            self._progress.exhaust(number, self._bag.tasks[number].tries)
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
        self._doors.cache.forget(url for url in uses if self._last_reader(url, number) <= number)

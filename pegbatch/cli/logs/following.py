"""Following logs: what a task, a child, or all children of an array say, as they say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pegbatch.cli.logs.desk import Desk
from pegbatch.cli.logs.printing import LogPrinter
from pegbatch.cli.logs.wanted import Wanted, WantedArray
from pegbatch.cli.telling import say
from pegbatch.engine.logs.book import is_over
from pegbatch.engine.logs.following import ChildFollower
from pegbatch.engine.logs.parts import TaskPart
from pegbatch.engine.logs.places import SubmittedArray, stored_logs
from pegbatch.model.logs import AttemptLog, LoggedTask
from pegbatch.ports import JobState

PAUSES = {"local": 0.3, "aws": 5.0}
"""Seconds between two looks. What a container says is in CloudWatch after some seconds."""
PAUSES_A_LOOK = 3.0
"""Pauses last at least so many times as long as a look took: thousands of children take a while."""
UNSHOWN_LOOKS = 60
"""Looks for which Batch may not show a job that it was just given."""


def follow_logs(desk: Desk, wanted: Wanted, printer: LogPrinter) -> bool:
    """Print what is said until the child, or the array, has ended; False where it has already.

    Shapes: a task that has succeeded ends it, too. It waits for a child that is still to come.
    """
    one = _await_submission(desk, wanted)
    if one is None:
        return False
    if isinstance(wanted, WantedArray):
        _ArrayFollowing(desk, one, printer).run()
    else:
        task = wanted if isinstance(wanted, LoggedTask) else None
        _ChildFollowing(desk=desk, one=one, bag=wanted.bag, task=task, printer=printer).run()
    return True


def _await_submission(desk: Desk, wanted: Wanted) -> SubmittedArray | None:
    """Return what the current try has submitted; None where the run is over, or leaves it out."""
    told = False
    while True:
        state = desk.state()
        if state.outcome is not None or wanted.array not in state.arrays:
            return None
        found = [
            one for one in desk.submissions().get(wanted.array, ()) if one.number == state.number
        ]
        if found:
            if isinstance(wanted, WantedArray) or found[-1].child_id(wanted.bag) is not None:
                return found[-1]
            return None
        if desk.run.seen_from is not None:
            return None  # what drives a nested run is elsewhere, and its log with it
        if not told:
            say(f"pegbatch: {wanted.array} is not submitted yet; waiting")
            told = True
        _pause(desk)


@dataclass(slots=True, kw_only=True)
class _ChildFollowing:
    """One child, or one task of its bag."""

    desk: Desk
    one: SubmittedArray
    bag: int
    task: LoggedTask | None
    printer: LogPrinter
    _parts: dict[int, TaskPart] = field(default_factory=dict)
    """By attempt."""

    def run(self) -> None:
        """Print until the child has ended, or the task has succeeded."""
        child, name = str(self.one.child_id(self.bag)), self._name()
        follower = ChildFollower(self.one, self.bag, self.desk.streams())
        unshown, is_last = 0, False
        while unshown < UNSHOWN_LOOKS:
            job = self.desk.jobs().describe([child]).get(child)
            if job is None:
                unshown += 1
            elif self._look(follower, job):
                return
            elif is_last:
                reason = f": {job.reason}" if job.status == "FAILED" and job.reason else ""
                say(f"pegbatch: {name} has ended, {job.status}{reason}")
                return
            else:
                # The end of what it said may come after it has ended: one more look.
                is_last = is_over(job)
            _pause(self.desk)
        say(f"pegbatch: AWS Batch does not show {name} any more")

    def _name(self) -> str:
        return f"{self.desk.run.known_array(self.one.job.name)}:{self.bag}"

    def _look(self, follower: ChildFollower, job: JobState) -> bool:
        """Print what is new; tell whether the task has succeeded."""
        for said in follower.look(job):
            if not said.block:
                say(f"pegbatch: {self._name()}, attempt {said.log.attempt}")
                continue
            block = self._own(said.log, said.block)
            if block:
                self.printer.write(block)
        return any(part.succeeded for part in self._parts.values())

    def _own(self, log: AttemptLog, block: bytes) -> bytes:
        if self.task is None:
            return block
        return self._parts.setdefault(log.attempt, TaskPart(self.task)).take(block)


@dataclass(slots=True)
class _ArrayFollowing:
    """All children of one array: those that run are followed, the others read when they end."""

    desk: Desk
    one: SubmittedArray
    printer: LogPrinter
    _printed: dict[int, set[int]] = field(default_factory=dict)
    """Attempts by bag."""
    _followers: dict[int, ChildFollower] = field(default_factory=dict)
    """By bag."""
    _ended: set[int] = field(default_factory=set)
    """Bags of children that had ended at the last look."""

    def run(self) -> None:
        """Print until the array has ended and all was read."""
        clock = self.desk.run.clock
        unshown = 0
        while True:
            began = clock.now()
            found = self.desk.jobs().describe([self.one.job_id]).get(self.one.job_id)
            unshown = unshown + 1 if found is None else 0
            if found is None:
                over = unshown >= UNSHOWN_LOOKS or self.desk.state().outcome is not None
            else:
                over = is_over(found)
            self._take_up()
            self._print_stored()
            self._look(over=over)
            if over and not self._followers:
                break
            _pause(self.desk, PAUSES_A_LOOK * (clock.now() - began))
        # Those that were lost, and ran between two looks.
        self._print(self.desk.book().of_array(self.one.job.name))

    def _take_up(self) -> None:
        """Begin to follow the children that run by now."""
        for child in self.desk.jobs().children(self.one.job_id, "RUNNING"):
            bag = self.one.bag_of(child.job_id)
            if bag not in self._followers:
                follower = ChildFollower(self.one, bag, self.desk.streams())
                for attempt in self._printed.get(bag, ()):
                    follower.close(attempt)
                self._followers[bag] = follower

    def _print_stored(self) -> None:
        """Print the whole logs of children that have ended before they were seen to run."""
        state = self.desk.state()
        logs = stored_logs(self.desk.store, state.run_url, self.one.job.name)
        self._print([log for log in logs if log.bag not in self._followers])

    def _print(self, logs: Sequence[AttemptLog]) -> None:
        fresh = [
            log
            for log in logs
            if log.number == self.one.number and log.attempt not in self._printed.get(log.bag, ())
        ]
        for log, blocks in self.desk.reader.many(fresh):
            self._printed.setdefault(log.bag, set()).add(log.attempt)
            for block in blocks:
                self._write(log, block)

    def _look(self, *, over: bool) -> None:
        ids = {str(self.one.child_id(bag)): bag for bag in sorted(self._followers)}
        states = self.desk.jobs().describe(list(ids))
        for child, bag in ids.items():
            if child not in states:
                if over:  # Batch has forgotten it, and will say no more
                    del self._followers[bag]
                continue
            follower, state = self._followers[bag], states[child]
            for said in follower.look(state):
                self._printed.setdefault(bag, set()).add(said.log.attempt)
                if said.block:
                    self._write(said.log, said.block)
            if is_over(state):
                if bag in self._ended:
                    del self._followers[bag]
                self._ended.add(bag)

    def _write(self, log: AttemptLog, block: bytes) -> None:
        again = f" attempt {log.attempt}" if log.attempt > 1 else ""
        array = self.desk.run.known_array(log.array)
        self.printer.write(block, f"{array}:{log.bag}{again} | ")


def _pause(desk: Desk, least: float = 0.0) -> None:
    desk.run.clock.sleep(max(PAUSES[desk.service], least))

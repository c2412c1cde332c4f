"""Pegasus's `summary`: tasks and jobs by what became of them, and where the time went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set

from pegbatch.engine.statistics.invocations import AttemptKey, counts, invocations, key_of, run_of
from pegbatch.engine.statistics.sub_workflows import (
    attempts_at_tasks,
    count_standings,
    count_sub_workflows,
    planner_bags,
    planner_seconds,
)
from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.run_status import TaskCounts
from pegbatch.model.statistics import ArrayRow, Counts, Summary

_RUNS_BAGS = ("compute", "stage-in")
"""Kinds of array jobs whose children run bags, and leave records."""

BagKey = tuple[str, int]
"""Array and bag."""


def summarize(history: History) -> Summary:
    """Return the counts and times of the whole run."""
    rows = _rows(history)
    tasks = _tasks(history)
    task_seconds, task_badput = _task_times(history)
    attempts = attempts_at_tasks(history)
    return Summary(
        tasks=Counts(
            succeeded=tasks.succeeded,
            failed=tasks.failed,
            total=tasks.total,
            retries=sum(row.tasks.retries for row in rows),
        ),
        skipped=tasks.skipped,
        jobs=_sum(row.jobs for row in rows),
        sub_workflows=count_sub_workflows(history),
        wall_seconds=history.status.seconds,
        busy_seconds=busy_seconds(history),
        task_seconds=task_seconds,
        job_seconds=sum(attempt.seconds for attempt in attempts),
        planner_seconds=planner_seconds(history),
        task_badput_seconds=task_badput,
        job_badput_seconds=_job_badput(history, attempts),
    )


def _tasks(history: History) -> TaskCounts:
    """Return the tasks by what became of them, without those that stand for whole workflows."""
    tasks = history.status.tasks
    if not history.nested:
        return tasks
    left = (id_ for id_, part in history.nested.items() if not part.has_begun)
    return tasks.without(count_standings(history.states.get(id_) for id_ in left))


def array_rows(history: History) -> tuple[ArrayRow, ...]:
    """Return a row for each array of the workflow's tasks, in plan order."""
    return tuple(row.finished() for row in _rows(history) if row.level is not None)


class _Row:
    """One array, being counted."""

    def __init__(self, name: str, level: int | None, tasks: int, size: int) -> None:
        self.name = name
        self.level = level
        self.size = size
        self.all_tasks = tasks
        self.succeeded = 0
        self.failed = 0
        self.executions = 0
        self.ran: set[str] = set()
        self.task_seconds = 0.0
        self.job_seconds = 0.0
        self.attempts = 0
        self.job_states: dict[int, tuple[int, int, str]] = {}
        """By bag: try, attempt and state of its newest attempt."""
        self.bad_bags: set[int] = set()
        """With a task that failed."""
        self.open_bags: set[int] = set()
        """With a task that was skipped."""

    @property
    def tasks(self) -> Counts:
        """Return its tasks, as the records tell."""
        return Counts(
            succeeded=self.succeeded,
            failed=self.failed,
            total=self.all_tasks,
            retries=self.executions - len(self.ran),
        )

    @property
    def jobs(self) -> Counts:
        """Return its children: one has failed where a task in it has, whatever Batch says.

        Shapes: transfers are no tasks of the workflow; there the newest attempt tells.
        """
        states = self.job_states
        failed = self.bad_bags
        if self.level is None:
            failed = {bag for bag, newest in states.items() if newest[2] in ("failed", "lost")}
        done = {bag for bag, newest in states.items() if newest[2] == "succeeded"}
        return Counts(
            succeeded=len(done - failed - self.open_bags),
            failed=len(failed),
            total=self.size,
            retries=self.attempts - len(states),
        )

    def add_attempt(self, attempt: ChildAttempt) -> None:
        """Take one attempt at a child of this array."""
        self.attempts += 1
        self.job_seconds += attempt.seconds
        newest = (attempt.try_, attempt.attempt, attempt.state)
        self.job_states[attempt.bag] = max(newest, self.job_states.get(attempt.bag, newest))

    def finished(self) -> ArrayRow:
        """Return what was counted."""
        assert self.level is not None
        return ArrayRow(
            array=self.name,
            level=self.level,
            tasks=self.tasks,
            jobs=self.jobs,
            task_seconds=self.task_seconds,
            job_seconds=self.job_seconds,
        )


def _rows(history: History) -> list[_Row]:
    planners = Counter(array for array, _ in planner_bags(history))
    rows = {
        job.name: _Row(job.name, job.level, job.tasks - left_out, job.size - left_out)
        for job in history.jobs
        if job.kind in _RUNS_BAGS
        for left_out in (planners[job.name],)
        if job.size > left_out
    }
    for attempt in attempts_at_tasks(history):
        if attempt.array in rows:
            rows[attempt.array].add_attempt(attempt)
    for execution, task in invocations(history):
        row = rows[task.array]
        row.executions += 1
        row.ran.add(execution.id)
        row.task_seconds += execution.seconds
    _count_tasks(history, rows)
    return list(rows.values())


def _count_tasks(history: History, rows: dict[str, _Row]) -> None:
    for id_, state in history.states.items():
        task = history.tasks[id_]
        row = rows.get(task.array)
        if row is None or id_ in history.nested:
            continue
        if state == "succeeded":
            row.succeeded += 1
        elif state == "failed":
            row.failed += 1
            row.bad_bags.add(task.bag)
        elif state == "skipped":
            row.open_bags.add(task.bag)


def _sum(many: Iterable[Counts]) -> Counts:
    all_of = list(many)
    return Counts(
        succeeded=sum(one.succeeded for one in all_of),
        failed=sum(one.failed for one in all_of),
        total=sum(one.total for one in all_of),
        retries=sum(one.retries for one in all_of),
    )


def _task_times(history: History) -> tuple[float, float]:
    """Return the seconds of all invocations, and of those that do not count."""
    total = bad = 0.0
    for execution, _ in invocations(history):
        total += execution.seconds
        if not counts(history, execution):
            bad += execution.seconds
    return total, bad


def _job_badput(history: History, attempts: Sequence[ChildAttempt]) -> float:
    """Return the seconds of attempts in which nothing ran that counts.

    Shapes: what a lost attempt had recorded is not lost; where tasks ran side by side, an attempt
    counts at most once.
    """
    broken = {key_of(one) for one in attempts if one.state in ("failed", "lost")}
    good, bad = _seconds_by_worth(history, broken)
    return sum(
        max(0.0, one.seconds - good.get(key, 0.0))
        if key in broken
        else min(one.seconds, bad.get(key, 0.0))
        for one in attempts
        if (key := key_of(one)) in broken or key in bad
    )


def _seconds_by_worth(
    history: History, broken: Set[AttemptKey]
) -> tuple[dict[AttemptKey, float], dict[AttemptKey, float]]:
    """Return by attempt the seconds that count of broken ones, and those that do not of others."""
    good: dict[AttemptKey, float] = {}
    bad: dict[AttemptKey, float] = {}
    for execution, _ in invocations(history):
        key = run_of(execution)
        if key in broken:
            if counts(history, execution):
                good[key] = good.get(key, 0.0) + execution.seconds
        elif not counts(history, execution):
            bad[key] = bad.get(key, 0.0) + execution.seconds
    return good, bad


def busy_seconds(history: History) -> float:
    """Return the time of all tries, from the first start of each to its last end.

    Shapes: with one try, all of it.
    """
    whole = history.status.seconds
    if history.started is None:
        return whole
    now = history.started + whole
    spans: dict[int, tuple[float, float]] = {1: (history.started, history.started)}
    for attempt in history.attempts:
        if attempt.start is not None:
            end = now if attempt.end is None else attempt.end
            first, last = spans.get(attempt.try_, (attempt.start, end))
            spans[attempt.try_] = (min(first, attempt.start), max(last, end))
    if len(spans) == 1:
        return whole
    return min(whole, sum(last - first for first, last in spans.values()))

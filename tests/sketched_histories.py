"""Histories put together by hand, execution by execution, for tests of what looks back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pegbatch.engine.history.lost_tasks import find_lost_tasks
from pegbatch.model.history import ChildAttempt, Execution, History, PlannedTask
from pegbatch.model.plan import Job, Resources
from pegbatch.model.records import settle
from pegbatch.model.run_status import RunStatus, TaskCounts

STARTED = 1_800_000_000.0
"""2027-01-15, 08:00 UTC."""


def job(name: str, size: int = 1, **changes: Any) -> Job:
    """Return an array of compute children, a task each."""
    known: dict[str, Any] = {
        "kind": "compute",
        "level": 0,
        "tasks": size,
        "transformations": ("t",),
        "resources": Resources(1, 2048),
        "attempts": 3,
        "timeout_seconds": None,
        "depends_on": (),
        **changes,
    }
    return Job(name=name, size=size, **known)


def task(name: str, array: str = "L0", bag: int = 0, **changes: Any) -> PlannedTask:
    """Return a task of the transformation `t`."""
    return PlannedTask(id=name, array=array, bag=bag, **{"transformation": "t", **changes})


def ran(name: str, array: str = "L0", bag: int = 0, **changes: Any) -> Execution:
    """Return a success of ten seconds; `after` and `seconds` say when it ran."""
    start = STARTED + changes.pop("after", 0.0)
    known: dict[str, Any] = {
        "try_": 1,
        "attempt": 1,
        "state": "succeeded",
        "start": start,
        "end": start + changes.pop("seconds", 10.0),
        **changes,
    }
    return Execution(id=name, array=array, bag=bag, **known)


def attempt(array: str = "L0", bag: int = 0, **changes: Any) -> ChildAttempt:
    """Return an attempt that has succeeded after twelve seconds."""
    start = STARTED + changes.pop("after", 0.0)
    known: dict[str, Any] = {
        "try_": 1,
        "attempt": 1,
        "state": "succeeded",
        "start": start,
        "end": start + changes.pop("seconds", 12.0),
        "exit_code": 0,
        **changes,
    }
    return ChildAttempt(array=array, bag=bag, **known)


def history(
    jobs: Iterable[Job],
    tasks: Iterable[PlannedTask],
    executions: Iterable[Execution] = (),
    attempts: Iterable[ChildAttempt] = (),
    **status: Any,
) -> History:
    """Return a run that has ended; what counts follows from the executions."""
    planned = {one.id: one for one in tasks}
    ran_ones = tuple(executions)
    newest = settle(ran_ones)
    ended = max((one.end for one in ran_ones), default=STARTED)
    states = [newest[one].state if one in newest else "waiting" for one in planned]
    known: dict[str, Any] = {
        "run": "s3://bucket/runs/sketch-1",
        "workflow": "invented",
        "service": "aws",
        "state": "succeeded" if set(states) == {"succeeded"} else "failed",
        "tasks": TaskCounts(
            total=len(states),
            succeeded=states.count("succeeded"),
            failed=states.count("failed"),
            skipped=states.count("skipped"),
            waiting=states.count("waiting") + states.count("undone"),
        ),
        "arrays": (),
        "outputs": 0,
        "seconds": ended - STARTED,
        **status,
    }
    seen = RunStatus(**known)
    all_jobs, all_attempts = tuple(jobs), tuple(attempts)
    return History(
        status=seen,
        jobs=all_jobs,
        tasks=planned,
        executions=ran_ones,
        attempts=all_attempts,
        newest=newest,
        lost=find_lost_tasks(seen, all_jobs, planned, newest, all_attempts),
        started=STARTED,
        ended=ended,
    )

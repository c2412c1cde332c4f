"""Histories that nobody ran: levels of arrays on a number of vCPUs, for those who look back."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

from pegbatch.model.history import AttemptState, ChildAttempt, Execution, History, PlannedTask
from pegbatch.model.plan import Job, JobLink, LinkType, Resources
from pegbatch.model.records import TaskState
from pegbatch.model.run_status import ArrayStatus
from tests.sketched_histories import STARTED, attempt, history, job, ran, task

VCPUS = 2
"""Of each child."""


def invented_history(
    *,
    levels: int = 3,
    children: int = 40,
    vcpus: int = 64,
    failing: float = 0.02,
    seed: int = 1,
    name: Callable[[int, int], str] = lambda level, child: f"t{level}-{child:05d}",
    workflow: str = "invented",
    words: str = "no convergence after 500 steps",
) -> History:
    """Return a run of levels of one array each, a task a child, some of which failed.

    Shapes: the children of a level start in their order as vCPUs get free, and link child by child
    with the next; what stands behind a failure is skipped. One child in 50 is lost first and
    started again.
    """
    chance = random.Random(seed)
    jobs = tuple(_job(level, children) for level in range(levels))
    slots = [STARTED + 1.0] * max(1, vcpus // VCPUS)
    tasks: list[PlannedTask] = []
    executions: list[Execution] = []
    attempts: list[ChildAttempt] = []
    bad: set[int] = set()
    for level, one in enumerate(jobs):
        for child in range(children):
            id_ = name(level, child)
            tasks.append(task(id_, one.name, child, transformation=one.transformations[0]))
            start = heapq.heappop(slots) + chance.uniform(0.5, 2)
            number = 1
            if chance.random() < 0.02:
                attempts.append(_attempt(one, child, number, (start, start + 20), "lost"))
                start, number = start + 21, 2
            state: TaskState = "succeeded"
            if child in bad:
                state, end = "skipped", start + 0.2
            else:
                end = start + chance.lognormvariate(4 + level / 3, 0.6)
                if chance.random() < failing:
                    state = "failed"
                    bad.add(child)
            ended: AttemptState = "failed" if state == "failed" else "succeeded"
            attempts.append(_attempt(one, child, number, (start, end), ended))
            executions.append(_execution(attempts[-1], id_, state, words, name(level - 1, child)))
            heapq.heappush(slots, end)
    ended_at = max(slots)
    return history(
        jobs,
        tasks,
        executions,
        attempts,
        run="s3://bucket/invented",
        workflow=workflow,
        arrays=tuple(map(_status, jobs)),
        outputs=children,
        seconds=ended_at - STARTED,
    )


def _job(level: int, children: int) -> Job:
    before = (JobLink(f"L{level - 1}-step", LinkType.N_TO_N),) if level else ()
    return job(
        f"L{level}-step",
        children,
        level=level,
        transformations=(f"sim::step{level}:1.0",),
        resources=Resources(vcpus=VCPUS, memory_mib=2048),
        depends_on=before,
    )


def _status(one: Job) -> ArrayStatus:
    return ArrayStatus(
        name=one.name,
        job_id=f"id-{one.name}",
        state="SUCCEEDED",
        reason="",
        size=one.size,
        children={"SUCCEEDED": one.size},
    )


def _attempt(
    one: Job, child: int, number: int, times: tuple[float, float], state: AttemptState
) -> ChildAttempt:
    start, end = times
    return attempt(
        one.name,
        child,
        attempt=number,
        state=state,
        start=start,
        end=end,
        host=f"ip-10-0-0-{child % 8}",
        reason="Host EC2 (instance i-0abc) terminated." if state == "lost" else "",
        exit_code=None if state == "lost" else 0,
        waited_seconds=1.5,
    )


def _execution(
    place: ChildAttempt, id_: str, state: TaskState, words: str, behind: str
) -> Execution:
    """Return what one task did in an attempt that it had for itself."""
    known: dict[str, Any] = {"start": place.start, "end": place.end, "attempt": place.attempt}
    if state != "skipped":
        known |= {
            "max_rss_mib": 300 + (place.bag * 7919 % 1000),
            "cpu_seconds": place.seconds * 1.6,
            "bytes_in": 1000 * (place.bag % 100 + 1),
        }
    match state:
        case "succeeded":
            known |= {"exit_code": 0, "bytes_out": 5000, "files_out": 1}
        case "failed":
            tail = f"step {place.bag}\n{words}\n"
            known |= {"exit_code": 3, "reason": "exit code 3", "stderr_tail": tail}
        case _:
            known |= {"reason": f"parent {behind} failed", "bytes_in": 0}
    return ran(id_, place.array, place.bag, state=state, **known)

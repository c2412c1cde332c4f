"""Looks at runs by hand, for tests of what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pegbatch.model.run_look import CostSoFar, RunLook, Throughput, WaitingFor
from pegbatch.model.run_status import ArrayStatus, LevelStatus, RunPhase, RunStatus, TaskCounts

COST = CostSoFar(
    vcpu_hours=12.5,
    amount=0.6,
    currency="USD",
    machine="m5",
    region="us-east-1",
    date="2026-06-17",
    is_paid=True,
)


def level(number: int, arrays: int = 1, **counts: int) -> LevelStatus:
    """Return a level; its total is what the counts come to."""
    tasks = TaskCounts(total=sum(counts.values()), **counts)
    return LevelStatus(level=number, arrays=arrays, tasks=tasks)


def array(name: str, state: str = "PENDING", *, reason: str = "", **children: int) -> ArrayStatus:
    """Return an array with such children."""
    return ArrayStatus(
        name=name,
        job_id=None if state == "UNSUBMITTED" else f"id-{name}",
        state=state,
        reason=reason,
        size=max(1, sum(children.values())),
        children=children,
    )


def run_status(state: RunPhase = "running", **changes: Any) -> RunStatus:
    """Return how a run on the embedded AWS stands, apart from these fields."""
    known: dict[str, Any] = {
        "run": "s3://b/run",
        "workflow": "sketch",
        "service": "local",
        "tasks": TaskCounts(),
        "arrays": (),
        "outputs": 0,
        "seconds": 1.0,
        **changes,
    }
    return RunStatus(state=state, **known)


def look(
    levels: Sequence[LevelStatus],
    *,
    state: RunPhase = "running",
    arrays: Sequence[ArrayStatus] = (),
    workflow: str = "survey",
    throughput: Throughput | None = None,
    estimated_end: float | None = None,
    retries: int = 0,
    lost_children: int = 0,
    cost: CostSoFar | None = None,
    waiting_for: tuple[WaitingFor, ...] = (),
) -> RunLook:
    """Return a look at a run of such levels, taken 1,000 s after the epoch."""
    status = run_status(
        state,
        run="s3://b/runs/survey-1",
        workflow=workflow,
        service="aws",
        tasks=sum((one.tasks for one in levels), TaskCounts()),
        levels=tuple(levels),
        arrays=tuple(arrays),
        outputs=1,
        seconds=754.0,
    )
    return RunLook(
        status=status,
        time=1_000.0,
        throughput=throughput,
        estimated_end=estimated_end,
        retries=retries,
        lost_children=lost_children,
        cost=cost,
        waiting_for=waiting_for,
    )

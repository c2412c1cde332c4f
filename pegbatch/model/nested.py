"""Nested runs: those of sub-workflows that are planned while the outer run goes on.

A nested run is a run like every other and lies below the outer one (`layout.nested_key`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pegbatch.model.known_run import KnownRun
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import RunPhase, TaskCounts, counts_to_json
from pegbatch.model.tries import Try

DEEPEST = 16
"""Levels of nesting that are looked at; a plan that plans itself would have no end."""
MOST = 20_000
"""Nested runs that are looked at in one tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedFiles:
    """What a nested run says of itself, as it lies in the store."""

    known: KnownRun | None = None
    """None: it has not begun."""
    plan: Plan | None = None
    """None: it was not sent (yet)."""
    tries: Mapping[int, Try] = field(default_factory=dict)
    """Later tries, as far as they are there."""
    trouble: str = ""
    """Why it cannot be read, where something is there that is no run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedRun:
    """One nested run, and those within it."""

    id: str
    """Of the task that plans and runs it, behind those of the runs it lies in, joined by dots."""
    task: str
    """That task's id in its own plan."""
    file: str
    """LFN of the workflow's file."""
    url: str
    files: NestedFiles
    inner: tuple[NestedRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedStatus:
    """How one nested run stands, and those within it."""

    id: str
    file: str
    run: str
    """Its URL; empty before it begins."""
    state: RunPhase
    """`planned` before it begins."""
    tasks: TaskCounts
    seconds: float = 0.0
    number: int = 1
    """The try; `try` in JSON."""
    trouble: str = ""
    """Why nothing can be told of it."""
    inner: tuple[NestedStatus, ...] = ()


def every(runs: Iterable[NestedRun]) -> Iterator[NestedRun]:
    """Yield nested runs and those within them, each before its own."""
    for run in runs:
        yield run
        yield from every(run.inner)


def every_status(runs: Iterable[NestedStatus]) -> Iterator[tuple[int, NestedStatus]]:
    """Yield how nested runs stand, each before those within it, with how deep it lies, from 0."""
    for run in runs:
        yield 0, run
        yield from ((depth + 1, one) for depth, one in every_status(run.inner))


def nested_to_json(runs: Iterable[NestedStatus]) -> list[dict[str, Any]]:
    """Return the `sub_workflows` of `status --json`."""
    return [
        {
            "id": run.id,
            "file": run.file,
            "run": run.run,
            "state": run.state,
            "try": run.number,
            "tasks": counts_to_json(run.tasks),
            "seconds": round(run.seconds, 3),
            **({"trouble": run.trouble} if run.trouble else {}),
            "sub_workflows": nested_to_json(run.inner),
        }
        for run in runs
    ]

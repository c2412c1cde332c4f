"""An independent judge of `estimate`: plays a submit directory straight from its files.

Shares no code with planner and estimate. Written to be read, not to be fast: at each moment all
children that wait are looked at, in the order of submission.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of it."""

    makespan_seconds: float
    billed_vcpu_hours: float
    containers: int
    """Of helpers, too."""


@dataclass(frozen=True, slots=True)
class _Child:
    job: str
    number: int
    vcpus: int
    seconds: float
    waits_for: list[tuple[str, int | None]]
    """Arrays, and the child there; None: all of it."""


def simulate(folder: Path, vcpus: float = math.inf, start_seconds: float = 0.0) -> Simulated:
    """Play a plan without tasks side by side; a task without a runtime takes no time."""
    waiting = [
        child
        for job in json.loads((folder / "plan.json").read_text())["jobs"]
        for child in _children(folder, job, start_seconds)
    ]
    containers, billed, now = len(waiting), 0.0, 0.0
    left: dict[str, int] = defaultdict(int)
    for child in waiting:
        left[child.job] += 1
        billed += child.seconds * child.vcpus
    over: set[tuple[str, int]] = set()
    running: list[tuple[float, _Child]] = []
    while waiting or running:
        for child in [one for one in waiting if _is_ready(one, over, left)]:
            taken = sum(min(one.vcpus, vcpus) for _, one in running)
            if taken + min(child.vcpus, vcpus) > vcpus:
                break
            running.append((now + child.seconds, child))
            waiting.remove(child)
        now = min(end for end, _ in running)
        for _, child in [one for one in running if one[0] == now]:
            over.add((child.job, child.number))
            left[child.job] -= 1
        running = [one for one in running if one[0] != now]
    return Simulated(now, billed / 3600, containers)


def _is_ready(child: _Child, over: set[tuple[str, int]], left: dict[str, int]) -> bool:
    return all(
        not left[job] if number is None else (job, number) in over
        for job, number in child.waits_for
    )


def _children(folder: Path, job: dict[str, Any], start_seconds: float) -> list[_Child]:
    seconds = [start_seconds] * job["size"]
    if job["kind"] == "compute":
        with gzip.open(folder / "arrays" / f"{job['name']}.bags.jsonl.gz", "rt") as lines:
            for row in map(json.loads, lines):
                assert "cores" not in row, "tasks side by side are not simulated"
                seconds[row["bag"]] += row.get("runtime_seconds", 0)
    return [
        _Child(
            job=job["name"],
            number=number,
            vcpus=job["resources"]["vcpus"],
            seconds=of_child,
            waits_for=[
                (link["array"], number if link["type"] == "N_TO_N" else None)
                for link in job["depends_on"]
            ],
        )
        for number, of_child in enumerate(seconds)
    ]

"""A run with all its tries as it was left behind: what was asked for, and what became of it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.plan_checker import INDEX_LINE, SubmitDirectory
from tests.records_left import records_left

Json = dict[str, Any]
Unit = tuple[str, int]
"""Array and bag."""


@dataclass(frozen=True)
class SubmittedJob:
    """One job as Batch was asked for it."""

    id: str
    array: str
    """The plan's name."""
    number: int
    """The try."""
    size: int
    links: tuple[tuple[str, str], ...]
    """Job id and type."""


def read_job(shown: Json) -> SubmittedJob:
    """Read what DescribeJobs shows of a job."""
    container = shown["container"]
    array, _, number = container["command"][1].partition(".t")
    environment = {row["name"]: row["value"] for row in container["environment"]}
    assert environment["PEGBATCH_TRY"] == (number or "1"), environment
    return SubmittedJob(
        id=shown["jobId"],
        array=array,
        number=int(number or 1),
        size=shown.get("arrayProperties", {}).get("size", 1),
        links=tuple((row["jobId"], row.get("type", "ALL")) for row in shown["dependsOn"]),
    )


@dataclass
class Tries:
    """Everything that a run with its tries has left behind."""

    parents: dict[str, set[str]]
    """Of each task: by file and by edge."""
    submitted: SubmitDirectory
    run: Path
    """A copy of what lies below the run's URL, or the folder itself."""
    events: Path
    """events.jsonl of the embedded AWS."""
    jobs: list[SubmittedJob]
    doomed: frozenset[str] = frozenset()
    """Tasks that need a file which its maker leaves out, and so are always skipped."""

    @cached_property
    def numbers(self) -> list[int]:
        """The tries there were."""
        return sorted({job.number for job in self.jobs})

    @cached_property
    def by_try(self) -> dict[int, dict[str, SubmittedJob]]:
        """The jobs of each try by array, in the plan's order."""
        found: dict[int, dict[str, SubmittedJob]] = {number: {} for number in self.numbers}
        order = {name: place for place, name in enumerate(self.submitted.jobs)}
        for job in sorted(self.jobs, key=lambda job: order.get(job.array, len(order))):
            found[job.number][job.array] = job
        return found

    @cached_property
    def records(self) -> dict[str, list[Json]]:
        """Records of each task (transfers left out), oldest first."""
        left = records_left(self.run).items()
        return defaultdict(list, {id: rows for id, rows in left if id in self.parents})

    @cached_property
    def successes(self) -> dict[str, Json]:
        """The first success of each task."""
        found = {}
        for id, rows in self.records.items():
            for row in rows:
                if row["state"] == "succeeded":
                    found.setdefault(id, row)
        return found

    @cached_property
    def tasks_of(self) -> dict[Unit, list[str]]:
        """The tasks in each bag."""
        found: dict[Unit, list[str]] = defaultdict(list)
        for id, unit in self.submitted.places.items():
            found[unit].append(id)
        return found

    def missing(self, number: int) -> dict[str, list[int]]:
        """Return the bags of each array that have anything missing when a try begins."""
        found: dict[str, list[int]] = defaultdict(list)
        for (array, bag), ids in sorted(self.tasks_of.items()):
            if any(self._succeeded_in(id) >= number for id in ids):
                found[array].append(bag)
        return found

    def bags(self, job: SubmittedJob) -> list[int]:
        """Return the bags that a job's children run, as its index says."""
        name = job.array if job.number == 1 else f"{job.array}.t{job.number}"
        data = (self.run / "plan" / "arrays" / f"{name}.index").read_bytes()
        assert len(data) % 37 == 0, f"index of {name}: {len(data)} bytes"
        return [int(row.group(1)) for row in INDEX_LINE.finditer(data)]

    @cached_property
    def bags_of(self) -> dict[str, list[int]]:
        """The bags of each computing job, by job id."""
        computing = self.submitted.computing
        return {job.id: self.bags(job) for job in self.jobs if job.array in computing}

    @cached_property
    def units(self) -> dict[int, dict[Unit, tuple[SubmittedJob, int]]]:
        """For each try: which job and child runs a bag."""
        found: dict[int, dict[Unit, tuple[SubmittedJob, int]]] = defaultdict(dict)
        for job in self.jobs:
            for child, bag in enumerate(self.bags_of.get(job.id, ())):
                found[job.number][job.array, bag] = (job, child)
        return found

    @cached_property
    def changes(self) -> dict[tuple[str, int], list[Json]]:
        """The state changes of each child, numbered, by job id and child."""
        found: dict[tuple[str, int], list[Json]] = defaultdict(list)
        sizes = {job.id: job.size for job in self.jobs}
        for number, line in enumerate(self.events.read_text().splitlines()):
            event = json.loads(line) | {"number": number}
            alone = sizes.get(event["job"]) == 1
            if alone or event["child"] is not None:
                found[event["job"], event["child"] or 0].append(event)
        return found

    def _succeeded_in(self, id: str) -> int:
        success = self.successes.get(id)
        return success["try"] if success else 1 << 30

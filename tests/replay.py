"""One run on the embedded AWS as it was left behind, and what should have become of each task."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.plan_checker import SubmitDirectory
from tests.random_workflows import InventedWorkflow
from tests.records_left import records_left

ENDED = ("SUCCEEDED", "FAILED")
BUSY = ("STARTING", "RUNNING")

Json = dict[str, Any]
Unit = tuple[str, int]
"""Array and child."""


@dataclass
class Replay:
    """One run that has ended, and what it should have been."""

    workflow: InventedWorkflow
    base: Path
    submitted: SubmitDirectory
    ledger: Path
    outputs: Path
    said: Json
    """What `run --json` printed."""
    exit_code: int

    @cached_property
    def folder(self) -> Path:
        """Where the run lies in its bucket."""
        return self.base / "local-aws" / "s3" / self.said["run"].removeprefix("s3://")

    @cached_property
    def summary(self) -> Json:
        """What summary.json says."""
        summary: Json = json.loads((self.folder / "summary.json").read_text())
        return summary

    @cached_property
    def events(self) -> dict[Unit, list[Json]]:
        """State changes of each child in the order in which they happened, numbered."""
        found: dict[Unit, list[Json]] = defaultdict(list)
        sizes = {name: job["size"] for name, job in self.submitted.jobs.items()}
        text = (self.base / "local-aws" / "events.jsonl").read_text()
        for number, line in enumerate(text.splitlines()):
            if f'"{self.workflow.name}-' not in line:
                continue
            event = json.loads(line) | {"number": number}
            array = event["name"].split("-", 2)[2]
            if event["child"] is not None or sizes[array] == 1:
                found[array, event["child"] or 0].append(event)
        return found

    @cached_property
    def records(self) -> dict[str, list[Json]]:
        """Records of each task, oldest first."""
        return records_left(self.folder)

    @cached_property
    def stops(self) -> bool:
        """Whether Batch is to fail what follows a failure."""
        return self.workflow.option("pegbatch.on_failure", "continue") == "stop"

    @cached_property
    def expected(self) -> tuple[dict[str, str], set[Unit]]:
        """What must become of each task, and the children that Batch must let fail."""
        return expect(self)

    def ended(self, unit: Unit) -> Json:
        """Return the event of a child's end."""
        return next(event for event in self.events[unit] if event["state"] in ENDED)

    def started(self, unit: Unit) -> Json | None:
        """Return the event of a child's first start."""
        return next((event for event in self.events[unit] if event["state"] in BUSY), None)


def expect(replay: Replay) -> tuple[dict[str, str], set[Unit]]:
    """Work out what becomes of each task: succeeded, failed, skipped or unrun.

    A task is unrun where its child is never started, since Batch failed something before it.
    """
    workflow, parents = replay.workflow, replay.workflow.parents()
    rank = {id: number for number, id in enumerate(workflow.in_order())}
    of_unit: dict[Unit, list[str]] = defaultdict(list)
    for id, place in replay.submitted.places.items():
        of_unit[place].append(id)
    found: dict[str, str] = {}
    bad: set[Unit] = set()
    for name, job in replay.submitted.jobs.items():
        for child in range(job["size"]):
            blocked = any(
                (link["array"], child) in bad
                if link["type"] == "N_TO_N"
                else any(array == link["array"] for array, _ in bad)
                for link in job["depends_on"]
            )
            tasks = sorted(of_unit[name, child], key=lambda id: rank[id])
            for id in tasks:
                found[id] = "unrun" if blocked else _outcome(workflow, id, parents[id], found)
            fails = replay.stops and any(found[id] != "succeeded" for id in tasks)
            if blocked or fails:
                bad.add((name, child))
        if job["kind"] == "verdict" and set(found.values()) != {"succeeded"}:
            bad.add((name, 0))
    return found, bad


def _outcome(workflow: InventedWorkflow, id: str, parents: set[str], found: dict[str, str]) -> str:
    task, makers = workflow.tasks[id], workflow.makers()
    if any(found[parent] != "succeeded" for parent in parents):
        return "skipped"
    for lfn, optional in task.inputs.items():
        maker = workflow.tasks.get(makers.get(lfn, ""))
        if maker is not None and not optional and lfn == maker.omitted:
            return "skipped"
    retry = int(workflow.option("dagman.retry", "1"))
    return "succeeded" if task.times < task.tries(retry) else "failed"

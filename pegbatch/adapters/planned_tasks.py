"""The tasks of a submit directory, as far as playing its plan needs them."""

from __future__ import annotations

import gzip
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from pegbatch.adapters.plan_files import RESTORE_HINT
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.errors import InputError
from pegbatch.model.graph import Graph
from pegbatch.model.layout import bags_file
from pegbatch.model.plan import Job
from pegbatch.planner.estimate import Playable


def read_playable(directory: SubmitDirectory, *, default_seconds: float = 0.0) -> Playable:
    """Read a plan and its bags; a task without an expected runtime takes default_seconds.

    Errors: InputError where files of the plan are missing or damaged.
    """
    plan = directory.plan()
    table = _Table(default_seconds)
    bags = {
        job.name: table.add_array(job, _lines(directory.path / bags_file(job.name)))
        for job in plan.jobs
        if job.kind == "compute"
    }
    return Playable(
        workflow=plan.workflow,
        jobs=plan.jobs,
        bags=bags,
        seconds=table.seconds,
        cores=table.cores,
        graph=table.graph(),
        without_runtime=table.without_runtime,
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path) as stream:
            for line in stream:
                yield orjson.loads(line)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(
            f"this file of the plan is missing or damaged: {error}",
            where=str(path),
            hint=RESTORE_HINT,
        ) from error


class _Table:
    """Columns of tasks, grown bag line by bag line."""

    def __init__(self, default_seconds: float) -> None:
        self.seconds = array("d")
        self.cores = array("i")
        self.without_runtime = 0
        self._default_seconds = default_seconds
        self._numbers: dict[str, int] = {}
        """Task by id."""
        self._makers: dict[str, int] = {}
        """Task by LFN that it makes."""
        self._needs: list[tuple[list[str], list[str]]] = []
        """By task: LFNs it reads, ids of parents that no file tells."""

    def add_array(self, job: Job, lines: Iterator[dict[str, Any]]) -> list[list[int]]:
        """Take the lines of one array; return the tasks of each bag."""
        bags: list[list[int]] = [[] for _ in range(job.size)]
        for line in lines:
            number = len(self.seconds)
            bags[line["bag"]].append(number)
            self._numbers[line["id"]] = number
            seconds = line.get("runtime_seconds")
            self.without_runtime += seconds is None
            self.seconds.append(self._default_seconds if seconds is None else max(0.0, seconds))
            self.cores.append(line.get("cores", job.resources.vcpus))
            for use in line["outputs"]:
                self._makers[use["lfn"]] = number
            reads = [use["lfn"] for use in line["inputs"]]
            self._needs.append((reads, [parent["id"] for parent in line["after"]]))
        return bags

    def graph(self) -> Graph:
        """Return who waits for whom."""
        offsets, parents = array("q", [0]), array("i")
        for task, (reads, after) in enumerate(self._needs):
            found = {self._makers[lfn] for lfn in reads if lfn in self._makers}
            found |= {self._numbers[parent] for parent in after if parent in self._numbers}
            parents.extend(sorted(found - {task}))
            offsets.append(len(parents))
        return Graph(
            parent_offsets=offsets, parents=parents, producers=array("i"), read=bytearray()
        )

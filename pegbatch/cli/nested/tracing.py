"""The tasks of a run and of those within it as one list, with who waits for whom: for a trace."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pegbatch.adapters.planned_tasks import read_playable
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.adapters.traced_tasks import shared_lfns, traced_tasks, upload_sizes
from pegbatch.cli.wiring import OpenRun
from pegbatch.model.file_keys import name_by_place
from pegbatch.model.graph import Graph
from pegbatch.model.history import History, NestedPart, jobs_of
from pegbatch.model.trace import TracedTask


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRun:
    """A run, or one within it."""

    folder: Path
    """Its submit directory."""
    part: NestedPart | None = None
    """None: the run itself."""
    shared: frozenset[str] = frozenset()
    """LFNs that several files of its plan have."""

    @property
    def id(self) -> str:
        """Return the id of its task in the whole run; empty for the run itself."""
        return "" if self.part is None else self.part.id

    def tasks(self, history: History) -> Iterator[TracedTask]:
        """Yield its tasks in plan order, under the names of the whole run."""
        found = traced_tasks(self.folder, jobs_of(history, self.id), self.file)
        return found if self.part is None else (self._named(one) for one in found)

    def upload_sizes(self, history: History) -> dict[str, int]:
        """Return the sizes of what was sent for it, by the names of files in the whole run."""
        return upload_sizes(self.folder, jobs_of(history, self.id), self.file)

    def file(self, lfn: str, url: str) -> str:
        """Return the name of a file in the whole run: nested runs have files of their own."""
        name = name_by_place(lfn, url, self.shared)
        return name if self.part is None else f"{self.part.id}/{name}"

    def _named(self, task: TracedTask) -> TracedTask:
        assert self.part is not None
        return replace(task, id=self.part.prefix + task.id)


def traced_runs(run: OpenRun, history: History) -> list[TracedRun]:
    """Return the run and those within it that have begun."""
    nested = (part for part in history.nested.values() if part.submit_dir)
    within = [_traced(Path(part.submit_dir), history, part) for part in nested]
    return [_traced(run.directory.path, history), *within]


def _traced(folder: Path, history: History, part: NestedPart | None = None) -> TracedRun:
    """Return a run; only where sub-workflows are planned in, files may share a name."""
    found = TracedRun(folder=folder, part=part)
    if not SubmitDirectory(folder).plan().planned_in:
        return found
    return replace(found, shared=shared_lfns(folder, jobs_of(history, found.id)))


def joined_graph(runs: list[TracedRun], history: History) -> Graph:
    """Return who waits for whom over all runs, tasks run after run.

    Shapes: what waits for nothing in a nested run waits for the task that has planned it.
    """
    if len(runs) == 1:
        return read_playable(SubmitDirectory(runs[0].folder)).graph
    offsets, parents = array("q", [0]), array("i")
    numbers: Mapping[str, int] = {}
    base = 0
    for one in runs:
        graph = read_playable(SubmitDirectory(one.folder)).graph
        count = len(graph.parent_offsets) - 1
        planner = -1 if one.part is None else numbers.get(one.id, -1)
        for task in range(count):
            own = [base + parent for parent in graph.parents_of(task)]
            parents.extend(own or ([planner] if planner >= 0 else []))
            offsets.append(len(parents))
        numbers = {**numbers, **_planners(one, history, base)}
        base += count
    return Graph(parent_offsets=offsets, parents=parents, producers=array("i"), read=bytearray())


def _planners(run: TracedRun, history: History, base: int) -> dict[str, int]:
    """Return the numbers of the tasks of a run that have planned others."""
    if not history.nested:
        return {}
    return {
        task.id: base + number
        for number, task in enumerate(run.tasks(history))
        if task.id in history.nested
    }

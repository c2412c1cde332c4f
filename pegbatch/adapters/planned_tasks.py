"""The tasks of a submit directory, as far as playing and drawing its plan need them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from pegbatch.adapters.bag_rows import bag_rows
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.model.drawing import BoxState
from pegbatch.model.graph import Graph
from pegbatch.model.manifest import uses_of_line
from pegbatch.model.plan import Job
from pegbatch.planner.draw_tasks import TaskGraph
from pegbatch.planner.estimate import Playable


def read_playable(directory: SubmitDirectory, *, default_seconds: float = 0.0) -> Playable:
    """Read a plan and its bags; a task without an expected runtime takes default_seconds.

    Errors: InputError where files of the plan are missing or damaged.
    """
    plan = directory.plan()
    table = _read_table(directory, plan.jobs, default_seconds)
    return Playable(
        workflow=plan.workflow,
        jobs=plan.jobs,
        bags=table.bags,
        seconds=table.seconds,
        cores=table.cores,
        graph=table.graph(),
        without_runtime=table.without_runtime,
    )


def read_task_graph(
    directory: SubmitDirectory, states: Mapping[str, BoxState] | None = None
) -> TaskGraph:
    """Read the tasks of a plan and who waits for whom, to be drawn.

    Shapes: states, by task, where the run has begun.
    Errors: InputError where files of the plan are missing or damaged.
    """
    plan = directory.plan()
    table = _read_table(directory, plan.jobs, 0.0)
    graph, ids = table.graph(), table.ids
    return TaskGraph(
        title=plan.workflow,
        ids=ids,
        names=list(table.names),
        kinds=table.kinds,
        levels=_levels(graph),
        graph=graph,
        states=[states[id_] for id_ in ids] if states else (),
    )


def _levels(graph: Graph) -> array[int]:
    """Return the levels of tasks that stand behind those they wait for."""
    levels = array("i")
    for task in range(len(graph.parent_offsets) - 1):
        above = (levels[one] + 1 for one in graph.parents_of(task) if one < task)
        levels.append(max(above, default=0))
    return levels


def _read_table(directory: SubmitDirectory, jobs: Sequence[Job], default_seconds: float) -> _Table:
    table = _Table(jobs, default_seconds)
    for _ in bag_rows(directory.path, jobs, table.add):
        pass
    return table


class _Table:
    """Columns of tasks, grown bag line by bag line."""

    def __init__(self, jobs: Iterable[Job], default_seconds: float) -> None:
        self.bags = {
            job.name: [array("i") for _ in range(job.size)] for job in jobs if job.kind == "compute"
        }
        """By array: the tasks of each bag."""
        self.seconds = array("d")
        self.cores = array("i")
        self.kinds = array("i")
        """Number in `names`."""
        self.names: dict[str, int] = {}
        """Transformations, numbered."""
        self.without_runtime = 0
        self._default_seconds = default_seconds
        self._ids: dict[str, _Ids] = {}
        """By array."""
        self._makers: dict[str, int] = {}
        """Task by URL of a file that it makes: files of sub-workflows may share a name."""
        self._offsets, self._parents = array("q", [0]), array("i")

    def add(self, job: Job, line: Mapping[str, Any]) -> None:
        """Take a line of an array, after those of the arrays that it waits for."""
        number = len(self.seconds)
        self.bags[job.name][line["bag"]].append(number)
        if job.name not in self._ids:
            self._ids[job.name] = _Ids(number)
        self._ids[job.name].add(line["id"], number)
        self._parents.extend(sorted(self._parents_of(line) - {number}))
        self._offsets.append(len(self._parents))
        seconds = line.get("runtime_seconds")
        self.without_runtime += seconds is None
        self.seconds.append(self._default_seconds if seconds is None else max(0.0, seconds))
        self.cores.append(line.get("cores", job.resources.vcpus))
        self.kinds.append(self.names.setdefault(line["transformation"], len(self.names)))
        for use in uses_of_line(line, "outputs"):
            self._makers[use["url"]] = number

    def _parents_of(self, line: Mapping[str, Any]) -> set[int]:
        makers = {self._makers.get(use["url"]) for use in uses_of_line(line, "inputs")}
        after = {self._number_of(parent["array"], parent["id"]) for parent in line["after"]}
        return {number for number in makers | after if number is not None}

    def _number_of(self, name: str, id: str) -> int | None:
        ids = self._ids.get(name)
        return None if ids is None else ids.numbers.get(id)

    @property
    def ids(self) -> list[str]:
        """Return the tasks by number."""
        return [id for ids in self._ids.values() for id in ids.all()]

    def graph(self) -> Graph:
        """Return who waits for whom."""
        return Graph(
            parent_offsets=self._offsets,
            parents=self._parents,
            producers=array("i"),
            read=bytearray(),
        )


class _Ids:
    """Ids of the tasks of one array: most are never asked for, and lie there packed till then."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._packed = bytearray()
        self._numbers: dict[str, int] | None = None

    def add(self, id: str, number: int) -> None:
        self._packed += orjson.dumps(id) + b"\n"
        if self._numbers is not None:
            self._numbers[id] = number

    def all(self) -> list[str]:
        """Return the ids in the order of their tasks."""
        return [orjson.loads(line) for line in self._packed.splitlines()]

    @property
    def numbers(self) -> Mapping[str, int]:
        """Return the tasks by id."""
        if self._numbers is None:
            self._numbers = {id: number for number, id in enumerate(self.all(), self._first)}
        return self._numbers

"""Draw: tasks, of a workflow or of a plan, as boxes and edges; above 500, folded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

from pegbatch.model.drawing import Box, BoxState, Connection, Drawing
from pegbatch.model.graph import Graph
from pegbatch.planner.fold_boxes import BOXES_MAX, Group, Key, KeyLink, StateCounts, fold, told
from pegbatch.planner.stages import Levelled

TaskLabel = Literal["id-xform", "xform-id", "id", "xform", "label"]
"""What stands in a task's box, in pegasus-graphviz's words; `label` is its transformation, too."""

Edge: TypeAlias = tuple[int, int]
"""Numbers of a parent and of its child."""


_COMPLETE = re.compile(r"(?:[^:]+::)?([^:]+)(?::[^:]+)?").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGraph:
    """Tasks to be drawn, as columns: one entry a task."""

    title: str
    ids: Sequence[str]
    names: Sequence[str]
    """Of transformations, complete: `namespace::name:version`."""
    kinds: Sequence[int]
    """Number in `names`."""
    levels: Sequence[int]
    graph: Graph
    states: Sequence[BoxState] = ()
    """Empty where no run has begun."""


def task_graph(levelled: Levelled) -> TaskGraph:
    """Return the tasks of a workflow file."""
    workflow = levelled.workflow
    return TaskGraph(
        title=workflow.name,
        ids=workflow.tasks.ids,
        names=[str(name) for name in workflow.transformations],
        kinds=workflow.tasks.transformations,
        levels=levelled.levels,
        graph=levelled.graph,
    )


def draw_tasks(tasks: TaskGraph, *, label: TaskLabel = "id-xform", simple: bool = True) -> Drawing:
    """Return the tasks and their edges; transformations by their short names, where that is clear.

    Shapes: simple leaves out edges that a longer way tells already, as pegasus-graphviz does.
    """
    tasks = replace(tasks, names=_shortened(tasks.names))
    if len(tasks.levels) > BOXES_MAX:
        return _folded(tasks)
    order = sorted(range(len(tasks.ids)), key=lambda task: (tasks.levels[task], task))
    redundant = _redundant(tasks, order) if simple else ()
    return Drawing(
        title=tasks.title,
        boxes=tuple(_box(tasks, task, label) for task in order),
        connections=tuple(
            Connection(str(parent), str(task), "edge")
            for parent, task in _edges(tasks.graph)
            if (parent, task) not in redundant
        ),
    )


def _shortened(names: Sequence[str]) -> list[str]:
    found = [_COMPLETE(name) for name in names]
    short = [match[1] if match else name for match, name in zip(found, names, strict=True)]
    # Sub-workflows may use the same transformations.
    often = Counter(one for one, _ in set(zip(short, names, strict=True)))
    return [one if often[one] == 1 else name for one, name in zip(short, names, strict=True)]


def _edges(graph: Graph) -> Iterator[Edge]:
    for task, (first, last) in enumerate(pairwise(graph.parent_offsets)):
        for parent in graph.parents[first:last]:
            yield parent, task


def _box(tasks: TaskGraph, task: int, label: TaskLabel) -> Box:
    words: Mapping[str, str] = {"id": tasks.ids[task], "xform": tasks.names[tasks.kinds[task]]}
    wanted = "xform" if label == "label" else label
    lines = [words[part] for part in wanted.split("-")]
    counts: StateCounts = {tasks.states[task]: 1} if tasks.states else {}
    return Box(str(task), (*lines, *told(counts)), tasks.levels[task], "task", counts)


def _redundant(tasks: TaskGraph, order: Sequence[int]) -> Collection[Edge]:
    """Return the edges between tasks that a longer way ties already.

    Shapes: order has parents before children; ancestors are bits of an integer.
    """
    above: dict[int, int] = {}
    found: set[Edge] = set()
    for task in order:
        parents = tasks.graph.parents_of(task)
        further = 0
        for parent in parents:
            further |= above[parent]
        found.update((parent, task) for parent in parents if further >> parent & 1)
        above[task] = further | sum(1 << parent for parent in set(parents))
    return found


def _folded(tasks: TaskGraph) -> Drawing:
    keys: list[Key] = [
        (level, tasks.names[kind]) for level, kind in zip(tasks.levels, tasks.kinds, strict=True)
    ]
    counts: dict[Key, Counter[BoxState]] = {key: Counter() for key in keys}
    for key, state in zip(keys, tasks.states, strict=False):
        counts[key][state] += 1
    groups = {key: Group(size, counts[key]) for key, size in Counter(keys).items()}
    links: Iterator[KeyLink] = (
        (keys[parent], keys[task], "edge") for parent, task in _edges(tasks.graph)
    )
    return fold(tasks.title, groups, links, "task")

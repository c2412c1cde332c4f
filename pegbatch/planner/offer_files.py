"""Offer files: what jobs before a sub-workflow have made may be read in it, named or not.

Of a sub-workflow that is planned in the run nobody knows yet what its tasks read. So everything
that the jobs before it make counts as its input, though not as one that has to be there: it is
kept, and its place is handed on. Where that would be too many files only those count that its job
names.
Source: Pegasus, SUBDAXGenerator: a sub-workflow has the cache of the workflow around it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from pegbatch.errors import Problem
from pegbatch.model.graph import Graph
from pegbatch.model.workflow import INPUT, OPTIONAL, OUTPUT, Workflow
from pegbatch.planner.connect import connect
from pegbatch.planner.scopes import scope_of, where_of
from pegbatch.planner.stages import Given

Stage = TypeVar("Stage", bound=Given)
FILES_MAX = 1_000
"""Of one sub-workflow."""
ALL_MAX = 20_000


def offer_files(given: Stage) -> Stage:
    """Let the tasks of sub-workflows use what the jobs before them make."""
    workflow = given.workflow
    if not workflow.sub_workflows or not given.options.catalogs:
        return given
    graph, _ = connect(workflow, data_edges=given.tuning.data_edges)
    offered: dict[int, array[int]] = {}
    warnings: list[Problem] = []
    left = ALL_MAX
    for task in sorted(workflow.sub_workflows):
        files = _offered(workflow, graph, task, min(FILES_MAX, left))
        if files is None:
            warnings.append(_too_many(given, task))
        else:
            offered[task] = files
            left -= len(files)
    return replace(
        given, workflow=_with_uses(workflow, offered), warnings=(*given.warnings, *warnings)
    )


def _offered(workflow: Workflow, graph: Graph, task: int, most: int) -> array[int] | None:
    """Return the files, by LFN number; None where there are too many.

    Shapes: one file a name; of several scopes that of the task's own counts.
    """
    tasks, lfns, own = workflow.tasks, workflow.lfns, workflow.lfn_scopes
    rows = range(tasks.use_offsets[task], tasks.use_offsets[task + 1])
    named = {lfns[tasks.use_lfns[row]] for row in rows}
    found: dict[str, int] = {}
    scope = scope_of(workflow, task)
    for lfn in _made_before(workflow, graph, task):
        name = lfns[lfn]
        if name in named or (name in found and (own is None or own[lfn] != scope)):
            continue
        found[name] = lfn
        if len(found) > most:
            return None
    return array("i", sorted(found.values()))


def _made_before(workflow: Workflow, graph: Graph, task: int) -> Iterator[int]:
    """Yield what the tasks make that one waits for, however far away."""
    tasks = workflow.tasks
    seen, waiting = {task}, [task]
    while waiting:
        for parent in graph.parents_of(waiting.pop()):
            if parent in seen:
                continue
            seen.add(parent)
            waiting.append(parent)
            for use in range(tasks.use_offsets[parent], tasks.use_offsets[parent + 1]):
                lfn = tasks.use_lfns[use]
                if tasks.use_flags[use] & OUTPUT and graph.producers[lfn] == parent:
                    yield lfn


def _with_uses(workflow: Workflow, offered: Mapping[int, array[int]]) -> Workflow:
    tasks = workflow.tasks
    offsets, lfns, flags = array("q", [0]), array("i"), array("B")
    for task in range(len(tasks)):
        first, last = tasks.use_offsets[task], tasks.use_offsets[task + 1]
        more = offered.get(task, array("i"))
        lfns += tasks.use_lfns[first:last] + more
        flags += tasks.use_flags[first:last] + array("B", [INPUT | OPTIONAL]) * len(more)
        offsets.append(len(lfns))
    return replace(
        workflow, tasks=replace(tasks, use_offsets=offsets, use_lfns=lfns, use_flags=flags)
    )


def _too_many(given: Given, task: int) -> Problem:
    return Problem(
        f"sub-workflow {given.workflow.tasks.ids[task]}: the jobs before it make too many files to "
        "offer them all; it finds those alone that its `uses` name",
        where_of(given, task),
        "name there what its jobs read",
    )

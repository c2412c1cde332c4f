"""Check: the workflow holds together, its names are legal, and its graph is drawn.

Errors of form (dangling references, cycles, quotes) are InputError, names that no run could
store are PlanError; both carry every problem found.
"""

from __future__ import annotations

from array import array
from itertools import pairwise

from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.graph import NO_TASK, Graph
from pegbatch.model.words import needs_quoting_rules, split_words
from pegbatch.model.workflow import CHECKPOINT, INPUT, NO_FILE, OUTPUT, Workflow
from pegbatch.planner.cycles import find_cycle
from pegbatch.planner.legal_names import illegal_names, unprintable_names
from pegbatch.planner.stages import Checked, Given, grow

_MADE = OUTPUT | CHECKPOINT
"""A checkpoint file is made by its task, which reads it only to go on with its own work."""


def check(given: Given) -> Checked:
    """Draw the graph of a workflow that can be planned.

    Errors: InputError for defects, unbalanced quotes and cycles; PlanError for LFNs that no
    task directory or store can hold, and names that no log can.
    """
    workflow = given.workflow
    defects = [*workflow.defects, *_unbalanced_arguments(workflow)]
    bad_names = [*illegal_names(workflow), *unprintable_names(workflow)]
    if defects:
        raise InputError(problems=sorted([*defects, *bad_names], key=_line))
    if bad_names:
        raise PlanError(problems=bad_names)
    graph, doubled = _draw(workflow, data_edges=given.tuning.data_edges)
    cycle = find_cycle(graph)
    if cycle:
        raise InputError(problems=[_cycle_problem(workflow, graph, cycle)])
    return grow(
        Checked,
        given,
        graph=graph,
        warnings=(
            *given.warnings,
            *_doubled_warning(workflow, doubled),
            *_stdin_warning(workflow),
        ),
    )


def _unbalanced_arguments(workflow: Workflow) -> list[Problem]:
    problems = []
    for task, text in enumerate(workflow.tasks.arguments):
        if needs_quoting_rules(text):
            try:
                split_words(text)
            except ValueError as error:
                problems.append(
                    Problem(
                        f"arguments of job {workflow.tasks.ids[task]} cannot be split into "
                        f"words: {str(error).lower()}",
                        _where(workflow, task),
                        "close the quote, or write \\\" or \\' for a plain one",
                    )
                )
    return problems


def _line(problem: Problem) -> int:
    line = (problem.where or "").rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _where(workflow: Workflow, task: int) -> str:
    return f"{workflow.source}:{workflow.tasks.lines[task]}"


def _draw(workflow: Workflow, *, data_edges: bool) -> tuple[Graph, list[int]]:
    """Return the graph, and the LFNs that several tasks write.

    A task that only saves a file as its checkpoint takes it from none that writes it as output.
    """
    tasks = workflow.tasks
    producers = array("i", [NO_TASK]) * len(workflow.lfns)
    read, written = bytearray(len(workflow.lfns)), bytearray(len(workflow.lfns))
    doubled = set()
    flags, lfns = tasks.use_flags, tasks.use_lfns
    for task, (first, last) in enumerate(pairwise(tasks.use_offsets)):
        for use in range(first, last):
            if flags[use] & _MADE:
                lfn = lfns[use]
                if producers[lfn] != NO_TASK and producers[lfn] != task:
                    doubled.add(lfn)
                if flags[use] & OUTPUT or not written[lfn]:
                    producers[lfn] = task
                written[lfn] |= flags[use] & OUTPUT
            elif flags[use] & INPUT:
                read[lfns[use]] = 1
    offsets, parents = _collect_parents(workflow, producers, data_edges=data_edges)
    graph = Graph(parent_offsets=offsets, parents=parents, producers=producers, read=read)
    return graph, sorted(doubled)


def _collect_parents(
    workflow: Workflow, producers: array[int], *, data_edges: bool
) -> tuple[array[int], array[int]]:
    tasks = workflow.tasks
    flags, lfns = tasks.use_flags, tasks.use_lfns
    edge_children, edge_parents = workflow.edges.children, workflow.edges.parents
    # Documents list edges child by child, so this sort is next to free.
    by_child = sorted(range(len(edge_children)), key=edge_children.__getitem__)
    edge_count, edge = len(by_child), 0
    offsets, parents = array("q", [0]), array("i")
    for task, (first, last) in enumerate(pairwise(tasks.use_offsets)):
        found = set()
        while edge < edge_count and edge_children[by_child[edge]] == task:
            found.add(edge_parents[by_child[edge]])
            edge += 1
        if data_edges:
            for use in range(first, last):
                if flags[use] & INPUT:
                    producer = producers[lfns[use]]
                    if producer != NO_TASK and producer != task:
                        found.add(producer)
        parents.extend(sorted(found))
        offsets.append(len(parents))
    return offsets, parents


def _cycle_problem(workflow: Workflow, graph: Graph, cycle: list[int]) -> Problem:
    ids = workflow.tasks.ids
    steps = [
        f"{ids[child]} (line {workflow.tasks.lines[child]}) waits for {ids[parent]}"
        f"{_by_file(workflow, graph, child, parent)}"
        for child, parent in pairwise([*cycle, cycle[0]])
    ]
    return Problem(
        "the workflow has a cycle: " + ", ".join(steps),
        _where(workflow, cycle[0]),
        "remove one of these edges; edges that only a file makes can be left out with "
        "-Dpegasus.parser.dax.data.dependencies=false",
    )


def _by_file(workflow: Workflow, graph: Graph, child: int, parent: int) -> str:
    tasks = workflow.tasks
    for use in range(tasks.use_offsets[child], tasks.use_offsets[child + 1]):
        lfn = tasks.use_lfns[use]
        if tasks.use_flags[use] & INPUT and graph.producers[lfn] == parent:
            return f" for file {workflow.lfns[lfn]}"
    return ""


def _doubled_warning(workflow: Workflow, doubled: list[int]) -> tuple[Problem, ...]:
    if not doubled:
        return ()
    names = ", ".join(workflow.lfns[lfn] for lfn in doubled[:5])
    more = f" and {len(doubled) - 5} more" if len(doubled) > 5 else ""
    return (
        Problem(
            f"several jobs write the same file ({names}{more}); the last one in document order "
            "counts as its producer, and only its copy is kept (an output before a checkpoint)",
            workflow.source,
        ),
    )


def _stdin_warning(workflow: Workflow) -> tuple[Problem, ...]:
    """Warn of a standard input that is fetched for nobody, at the first job that wants one."""
    tasks = workflow.tasks
    for task, lfn in enumerate(tasks.stdins):
        first, last = tasks.use_offsets[task], tasks.use_offsets[task + 1]
        if lfn != NO_FILE and lfn not in tasks.use_lfns[first:last]:
            return (
                Problem(
                    f"job {tasks.ids[task]} reads its stdin from {workflow.lfns[lfn]}, which is "
                    "not among the files it uses, so that it will not be there",
                    _where(workflow, task),
                    "name it as an input in `uses`",
                ),
            )
    return ()

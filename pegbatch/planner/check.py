"""Check: the workflow holds together, its names are legal, and its graph is drawn.

Errors of form (dangling references, cycles, quotes) are InputError, names that no run could
store are PlanError; both carry every problem found.
"""

from __future__ import annotations

from itertools import pairwise

from pegbatch.errors import InputError, PlanError, Problem
from pegbatch.model.graph import Graph
from pegbatch.model.words import needs_quoting_rules, split_words
from pegbatch.model.workflow import INPUT, NO_FILE, Workflow
from pegbatch.planner.connect import connect
from pegbatch.planner.cycles import find_cycle
from pegbatch.planner.legal_names import illegal_names, unprintable_names
from pegbatch.planner.scopes import source_of, where_of
from pegbatch.planner.stages import Checked, Given, grow


def check(given: Given) -> Checked:
    """Draw the graph of a workflow that can be planned.

    Errors: InputError for defects, unbalanced quotes and cycles; PlanError for LFNs that no
    task directory or store can hold, and names that no log can.
    """
    workflow = given.workflow
    defects = [*workflow.defects, *_unbalanced_arguments(given)]
    bad_names = _bad_names(given)
    if defects:
        raise InputError(problems=sorted([*defects, *bad_names], key=_file_and_line))
    if bad_names:
        raise PlanError(problems=bad_names)
    graph, doubled = connect(workflow, data_edges=given.tuning.data_edges)
    cycle = find_cycle(graph)
    if cycle:
        raise InputError(problems=[_cycle_problem(given, graph, cycle)])
    return grow(
        Checked,
        given,
        graph=graph,
        warnings=(
            *given.warnings,
            *_doubled_warning(workflow, doubled),
            *_stdin_warning(given),
        ),
    )


def _bad_names(given: Given) -> list[Problem]:
    """Return what is wrong with names; sub-workflows are looked at by themselves.

    Shapes: two of the same file have the same problems, which are told once. What only the
    planning of a sub-workflow reads is no file of the run.
    """
    found = (
        problem
        for one in given.scopes or (given,)
        for problem in (
            *illegal_names(one.workflow, one.inner.keys()),
            *unprintable_names(one.workflow),
        )
    )
    return list(dict.fromkeys(found))


def _unbalanced_arguments(given: Given) -> list[Problem]:
    problems: list[Problem] = []
    tasks = given.workflow.tasks
    if not needs_quoting_rules("".join(tasks.arguments)):
        return problems
    for task, text in enumerate(tasks.arguments):
        if needs_quoting_rules(text):
            try:
                split_words(text)
            except ValueError as error:
                problems.append(
                    Problem(
                        f"arguments of job {tasks.ids[task]} cannot be split into "
                        f"words: {str(error).lower()}",
                        where_of(given, task),
                        "close the quote, or write \\\" or \\' for a plain one",
                    )
                )
    return problems


def _file_and_line(problem: Problem) -> tuple[str, int]:
    file, _, line = (problem.where or "").rpartition(":")
    return (file, int(line)) if line.isdecimal() else ("", 0)


def _cycle_problem(given: Given, graph: Graph, cycle: list[int]) -> Problem:
    workflow = given.workflow
    ids = workflow.tasks.ids
    steps = [
        f"{ids[child]}{_line(given, child)} waits for {ids[parent]}"
        f"{_by_file(workflow, graph, child, parent)}"
        for child, parent in pairwise([*cycle, cycle[0]])
    ]
    return Problem(
        "the workflow has a cycle: " + ", ".join(steps),
        where_of(given, cycle[0]),
        "remove one of these edges; edges that only a file makes can be left out with "
        "-Dpegasus.parser.dax.data.dependencies=false",
    )


def _line(given: Given, task: int) -> str:
    """Return ` (line 7)`, ` (other.yml:7)` in the file of a sub-workflow, nothing in a trace."""
    if source_of(given, task) != given.workflow.source:
        return f" ({where_of(given, task)})"
    line = given.workflow.tasks.lines[task]
    return f" (line {line})" if line else ""


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


def _stdin_warning(given: Given) -> tuple[Problem, ...]:
    """Warn of a standard input that is fetched for nobody, at the first job that wants one."""
    workflow = given.workflow
    tasks = workflow.tasks
    for task, lfn in enumerate(tasks.stdins):
        first, last = tasks.use_offsets[task], tasks.use_offsets[task + 1]
        if lfn != NO_FILE and lfn not in tasks.use_lfns[first:last]:
            return (
                Problem(
                    f"job {tasks.ids[task]} reads its stdin from {workflow.lfns[lfn]}, which is "
                    "not among the files it uses, so that it will not be there",
                    where_of(given, task),
                    "name it as an input in `uses`",
                ),
            )
    return ()

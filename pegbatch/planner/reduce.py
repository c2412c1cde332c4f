"""Reduce: tasks whose outputs exist already are not run again.

First every task all of whose outputs are known to a catalog goes; then, from below, every task
whose children have all gone and that owes the user no file. What the catalogs say is believed.
Source: Pegasus, planner manual, "Data reuse"; docs/data-reuse.md tells where this departs from it.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress, pairwise
from typing import Any

from pegbatch.model.catalogs import Replica
from pegbatch.model.graph import NO_TASK, Graph
from pegbatch.model.workflow import INPUT, OPTIONAL, OUTPUT, REGISTER, TRANSFER, Edges, TaskTable
from pegbatch.planner.locate_inputs import replicas_of
from pegbatch.planner.profile_layers import profile_layers, shared_layers
from pegbatch.planner.scopes import Scope, given_of, scope_of, scope_of_file, scopes_of
from pegbatch.planner.stages import Checked, Given, Reduced, ReusedOutput, grow
from pegbatch.planner.tuning import ReuseScope

PROFILE = "enable_for_data_reuse"
_USE_COLUMNS = frozenset(("use_offsets", "use_lfns", "use_flags"))


def reduce(checked: Checked) -> Reduced:
    """Take the tasks out of workflow and graph that need not run.

    Errors: PlanError where the scope is partial and the site cannot be chosen.
    """
    wanted = _wanted(checked)
    if not any(wanted):
        return grow(Reduced, checked)
    known = _known_outputs(checked)
    if not any(known):
        return grow(Reduced, checked)
    may_go = None if wanted == ["full"] else _enabled(checked, wanted)
    gone = _all_outputs_known(checked, known, may_go)
    _follow_upwards(checked, known, may_go, gone)
    return _without(checked, known, gone) if any(gone) else grow(Reduced, checked)


def may_reduce(given: Given) -> bool:
    """Say whether reuse is wanted and some file that a task makes is known to a catalog.

    Shapes: cheap where the catalogs name inputs only.
    """
    if not any(_wanted(given)):
        return False
    tasks = given.workflow.tasks
    known = frozenset(_known_files(given))
    return bool(known) and any(
        flags & OUTPUT and lfn in known
        for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True)
    )


def _wanted(given: Given) -> list[ReuseScope | None]:
    """Return, by workflow of the plan, which of its tasks may be spared; None for none."""
    workflows = (given_of(given, number) for number in range(max(1, len(given.scopes))))
    return [
        None if one.options.force or one.tuning.reuse_scope == "none" else one.tuning.reuse_scope
        for one in workflows
    ]


def _known_files(given: Given) -> Iterator[int]:
    """Yield the LFN numbers of files that a catalog of their own workflow knows."""
    workflow = given.workflow
    if workflow.lfn_scopes is None:
        yield from given.replicas.known_among(workflow.lfns)
        return
    of_scope: dict[int, list[int]] = {}
    for lfn, scope in enumerate(workflow.lfn_scopes):
        of_scope.setdefault(scope, []).append(lfn)
    for scope, numbers in of_scope.items():
        names = [workflow.lfns[lfn] for lfn in numbers]
        known = given_of(given, scope).replicas.known_among(names)
        yield from (numbers[position] for position in known)


def _known_outputs(checked: Checked) -> bytearray:
    """Return, by LFN number, 1 where a task makes the file and a catalog knows it."""
    producers = checked.graph.producers
    known = bytearray(len(producers))
    for number in _known_files(checked):
        known[number] = producers[number] != NO_TASK
    if checked.scopes:
        _forget_namesakes(checked, known)
    return known


def _forget_namesakes(checked: Checked, known: bytearray) -> None:
    """Take no file for known where its name and place are also those of another one.

    Shapes: sub-workflows may make files of equal names, and catalogs know no more than names. The
    first workflow's is the one that is meant.
    """
    workflow, producers = checked.workflow, checked.graph.producers
    namesakes = Counter(name for lfn, name in enumerate(workflow.lfns) if producers[lfn] != NO_TASK)
    lying: dict[tuple[str, tuple[Replica, ...]], list[int]] = {}
    for lfn in compress(range(len(known)), known):
        name = workflow.lfns[lfn]
        if namesakes[name] > 1:
            lying.setdefault((name, replicas_of(checked, lfn)), []).append(lfn)
    for numbers in lying.values():
        for lfn in numbers if len(numbers) > 1 else ():
            known[lfn] = scope_of_file(workflow, lfn) == 0


def _enabled(checked: Checked, wanted: Sequence[ReuseScope | None]) -> bytearray:
    """Return, by task, 1 where it may be spared; profiles are looked up once a pair of them."""
    workflow, tasks = checked.workflow, checked.workflow.tasks
    scopes = scopes_of(checked) if "partial" in wanted else ()
    answers: dict[tuple[int, int], bool] = {}
    enabled = bytearray(len(tasks))
    for task, pair in enumerate(zip(tasks.transformations, tasks.profiles, strict=True)):
        if pair not in answers:
            of = scope_of(workflow, task)
            asks = wanted[of] == "partial"
            answers[pair] = _is_enabled(checked, scopes[of], task) if asks else bool(wanted[of])
        enabled[task] = answers[pair]
    return enabled


def _is_enabled(checked: Checked, scope: Scope, task: int) -> bool:
    """Say whether the profile of a task allows reuse."""
    values = [
        value
        for layer in profile_layers(checked, scope, task, shared_layers(scope))
        for namespace, key, value in layer.profiles
        if namespace == "pegasus" and key.lower() == PROFILE
    ]
    return bool(values) and values[-1].strip().lower() == "true"


def _all_outputs_known(checked: Checked, known: bytearray, may_go: bytearray | None) -> bytearray:
    """Return, by task, 1 where each output exists or is missed by nobody, and one does exist."""
    tasks, read = checked.workflow.tasks, checked.graph.read
    flags, lfns = tasks.use_flags, tasks.use_lfns
    gone = bytearray(len(tasks))
    for task, (first, last) in enumerate(pairwise(tasks.use_offsets)):
        exists = 0
        for use in range(first, last):
            if flags[use] & OUTPUT:
                lfn = lfns[use]
                if known[lfn]:
                    exists = 1
                elif _is_owed(flags[use]) or read[lfn]:
                    break
        else:
            gone[task] = exists if may_go is None else exists & may_go[task]
    return gone


def _is_owed(flags: int) -> bool:
    """Say whether the user wants an output, and it must be made."""
    return flags & (TRANSFER | OPTIONAL) == TRANSFER


def _follow_upwards(
    checked: Checked, known: bytearray, may_go: bytearray | None, gone: bytearray
) -> None:
    """Mark tasks whose children have all gone, and their parents in turn."""
    graph = checked.graph
    staying = array("i", bytes(4 * len(gone)))
    for parent in graph.parents:
        staying[parent] += 1
    ready = list(compress(range(len(gone)), gone))
    while ready:
        for parent in graph.parents_of(ready.pop()):
            staying[parent] -= 1
            if staying[parent] or gone[parent] or (may_go is not None and not may_go[parent]):
                continue
            if _is_spared(checked, known, parent):
                gone[parent] = 1
                ready.append(parent)


def _is_spared(checked: Checked, known: bytearray, task: int) -> bool:
    """Say whether nobody misses what a task without children would make."""
    tasks, read = checked.workflow.tasks, checked.graph.read
    # Without data edges, a reader need not be a child.
    loose = not checked.tuning.data_edges
    has_outputs = False
    for use in range(tasks.use_offsets[task], tasks.use_offsets[task + 1]):
        flags, lfn = tasks.use_flags[use], tasks.use_lfns[use]
        if flags & OUTPUT:
            has_outputs = True
            if not known[lfn] and (_is_owed(flags) or (loose and read[lfn])):
                return False
    return has_outputs


def _without(checked: Checked, known: bytearray, gone: bytearray) -> Reduced:
    """Return the stage without the tasks that have gone; those that stay are numbered anew."""
    workflow = checked.workflow
    kept = [task for task, is_gone in enumerate(gone) if not is_gone]
    numbers = array("i", [NO_TASK]) * len(gone)
    for number, task in enumerate(kept):
        numbers[task] = number
    tasks = _kept_tasks(workflow.tasks, kept)
    return grow(
        Reduced,
        checked,
        workflow=dataclasses.replace(
            workflow,
            tasks=tasks,
            edges=_kept_edges(workflow.edges, numbers),
            sub_workflows={
                numbers[task]: job
                for task, job in workflow.sub_workflows.items()
                if numbers[task] != NO_TASK
            },
        ),
        graph=_kept_graph(checked.graph, tasks, kept, numbers),
        reused=tuple(compress(workflow.tasks.ids, gone)),
        reused_outputs=_outputs_of(checked, known, gone),
    )


def _kept_tasks(tasks: TaskTable, kept: Sequence[int]) -> TaskTable:
    offsets, lfns, flags = array("q", [0]), array("i"), array("B")
    for task in kept:
        first, last = tasks.use_offsets[task], tasks.use_offsets[task + 1]
        lfns.extend(tasks.use_lfns[first:last])
        flags.extend(tasks.use_flags[first:last])
        offsets.append(len(lfns))
    columns = {
        field.name: _kept_rows(getattr(tasks, field.name), kept)
        for field in dataclasses.fields(tasks)
        if field.name not in _USE_COLUMNS
    }
    return TaskTable(use_offsets=offsets, use_lfns=lfns, use_flags=flags, **columns)


def _kept_rows(column: Any, kept: Sequence[int]) -> Any:
    """Return the rows of a column that has one entry a task, or None where there is no column."""
    if isinstance(column, array):
        return array(column.typecode, (column[task] for task in kept))
    return None if column is None else tuple(column[task] for task in kept)


def _kept_edges(edges: Edges, numbers: array[int]) -> Edges:
    pairs = [
        (numbers[parent], numbers[child])
        for parent, child in zip(edges.parents, edges.children, strict=True)
        if numbers[parent] != NO_TASK and numbers[child] != NO_TASK
    ]
    return Edges(array("i", (p for p, _ in pairs)), array("i", (c for _, c in pairs)))


def _kept_graph(graph: Graph, tasks: TaskTable, kept: Sequence[int], numbers: array[int]) -> Graph:
    offsets, parents = array("q", [0]), array("i")
    for task in kept:
        of_task = (numbers[parent] for parent in graph.parents_of(task))
        parents.extend(number for number in of_task if number != NO_TASK)
        offsets.append(len(parents))
    read = bytearray(len(graph.read))
    for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True):
        if flags & (INPUT | OUTPUT) == INPUT:
            read[lfn] = 1
    producers = array("i", (NO_TASK if p == NO_TASK else numbers[p] for p in graph.producers))
    return Graph(parent_offsets=offsets, parents=parents, producers=producers, read=read)


def _outputs_of(checked: Checked, known: bytearray, gone: bytearray) -> tuple[ReusedOutput, ...]:
    """Return what the reused tasks would have made and a catalog knows, in order of LFNs."""
    tasks, producers = checked.workflow.tasks, checked.graph.producers
    found: dict[int, ReusedOutput] = {}
    for task in compress(range(len(gone)), gone):
        for use in range(tasks.use_offsets[task], tasks.use_offsets[task + 1]):
            flags, lfn = tasks.use_flags[use], tasks.use_lfns[use]
            if flags & OUTPUT and known[lfn] and producers[lfn] == task:
                found[lfn] = ReusedOutput(lfn, bool(flags & TRANSFER), bool(flags & REGISTER))
    return tuple(found[lfn] for lfn in sorted(found))

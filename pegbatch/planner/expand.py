"""Expand: sub-workflows whose file is at hand become a part of the workflow around them.

Their tasks take the place of the jobs that stand for them, under ids `<job>.<task>`; what these
jobs wait for is waited for inside, and what waits for them, for all that is inside. What each of
the workflows is planned with stays its own (scopes).
Source: Pegasus runs such a job as a plan of its own (SUBDAXGenerator); docs/sub-workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pegbatch.errors import Problem
from pegbatch.model.workflow import (
    OPTIONAL,
    OUTPUT,
    REGISTER,
    TRANSFER,
    WorkflowCounts,
)
from pegbatch.planner.connect import MADE
from pegbatch.planner.gates import find_gates
from pegbatch.planner.parts import Part, parts_of
from pegbatch.planner.splice_edges import splice_edges
from pegbatch.planner.splice_names import Names, splice_names
from pegbatch.planner.splice_tasks import Spliced, splice_tasks
from pegbatch.planner.stages import Given


def expand(given: Given) -> Given:
    """Return one workflow of all that are at hand; what is given itself where there is none inside.

    Shapes: document order; linear in tasks, uses and edges, for each 64 sub-workflows of one
    workflow. Jobs whose workflow is not at hand stay. What cannot be is a defect of the workflow.
    """
    if not given.inner:
        return given
    parts = parts_of(given)
    names = splice_names(parts)
    gates = find_gates(parts)
    spliced = splice_tasks(parts, gates, names.numbers)
    edges = splice_edges(parts, gates, spliced)
    _ask_for_outputs(parts, names, spliced)
    root = parts[0].given
    workflow = replace(
        root.workflow,
        tasks=spliced.table(),
        lfns=names.lfns,
        transformations=spliced.names,
        profile_sets=spliced.profile_sets,
        edges=edges,
        counts=_counts(parts, spliced),
        hook_sets=spliced.hook_sets,
        sub_workflows=dict(sorted(spliced.sub_workflows.items())),
        scopes=[part.path for part in parts],
        transformation_scopes=spliced.name_scopes,
        lfn_scopes=names.scopes,
        defects=(
            *_defects(parts),
            *_equal_ids(parts, spliced),
            *_missing_outputs(parts, names, spliced),
        ),
    )
    return replace(
        root,
        inner={},
        workflow=workflow,
        warnings=(*given.warnings, *_hooks_warnings(parts)),
        scopes=tuple(part.given for part in parts),
    )


def _counts(parts: Sequence[Part], spliced: Spliced) -> WorkflowCounts:
    """Return counts of what is planned: jobs in whose place others stand are none of it."""
    return WorkflowCounts(
        jobs=len(spliced.ids),
        edges=sum(part.workflow.counts.edges for part in parts),
        files=len(set(spliced.use_lfns)),
    )


def _defects(parts: Sequence[Part]) -> Iterator[Problem]:
    """Yield what was found when the files were read, once for each file."""
    yield from dict.fromkeys(problem for part in parts for problem in part.workflow.defects)


def _equal_ids(parts: Sequence[Part], spliced: Spliced) -> Iterator[Problem]:
    """Yield a problem for each task whose id is that of a task of another workflow.

    Shapes: ids that one workflow has twice are defects of it.
    """
    ids = [*spliced.ids, *(f"{part.path}." for part in parts)]
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, tuple[Part, int]] = {}
    for part in parts:
        for task in range(len(part.workflow.tasks)):
            first, other = seen.setdefault(part.id_of(task), (part, task))
            if first is not part:
                yield Problem(
                    f"job id {part.id_of(task)!r} is also that of a job at {first.where_of(other)}",
                    part.where_of(task),
                    "jobs of a sub-workflow are called <id of its job>.<id>: rename one of them",
                )


def _asked(parts: Sequence[Part], names: Names) -> Iterator[tuple[Part, int, int]]:
    """Yield (sub-workflow, file, flags) of all outputs that the jobs of sub-workflows name."""
    for part in parts:
        if part.outer is not None:
            numbers = names.numbers[part.outer.number]
            for lfn, flags in part.outer.uses_of(part.job):
                if flags & OUTPUT:
                    yield part, numbers[lfn], flags


def _ask_for_outputs(parts: Sequence[Part], names: Names, spliced: Spliced) -> None:
    """Let the tasks that make them deliver and register what the jobs of sub-workflows ask for."""
    wanted: dict[int, int] = {}
    for _, number, flags in _asked(parts, names):
        more = flags & (TRANSFER | REGISTER)
        if more:
            wanted[number] = wanted.get(number, 0) | more
    if wanted:
        use_flags = spliced.use_flags
        for use, number in enumerate(spliced.use_lfns):
            if use_flags[use] & OUTPUT and number in wanted:
                use_flags[use] |= wanted[number]


def _missing_outputs(parts: Sequence[Part], names: Names, spliced: Spliced) -> Iterator[Problem]:
    """Yield a problem for each output that a job names and nothing inside makes."""
    made = bytearray(len(names.lfns))
    for number, flags in zip(spliced.use_lfns, spliced.use_flags, strict=True):
        if flags & MADE:
            made[number] = 1
    for part, number, flags in _asked(parts, names):
        if not made[number] and not flags & OPTIONAL and part.outer is not None:
            yield Problem(
                f"sub-workflow {part.path} is to make {names.lfns[number]}, but no job of "
                f"{part.workflow.source} names it as an output",
                part.outer.where_of(part.job),
                "name it in the uses of the job that makes it, or take it out of this job's",
            )


def _hooks_warnings(parts: Sequence[Part]) -> Iterator[Problem]:
    """Warn of hooks of jobs in whose place others stand, and of the workflows there as a whole."""
    whole = dict.fromkeys(part.workflow.source for part in parts[1:] if part.workflow.hooks)
    for source in whole:
        yield Problem(
            "the hooks (notifications) of this sub-workflow as a whole are not run: its tasks are "
            "a part of the plan",
            source,
            "move them to its jobs, or to the workflow around it",
        )
    for part in parts:
        hooks = part.outer.workflow.tasks.hooks if part.outer is not None else None
        if part.outer is not None and hooks is not None and hooks[part.job]:
            yield Problem(
                f"the hooks (notifications) of job {part.path} are not run: the tasks of its "
                "workflow stand in its place",
                part.outer.where_of(part.job),
                "move them to jobs inside, or to the workflow",
            )

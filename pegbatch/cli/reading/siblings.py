"""Which jobs of a workflow come before one of its sub-workflows."""

from __future__ import annotations

from pegbatch.model.workflow import INPUT, OUTPUT, Workflow


def tasks_before(workflow: Workflow, task: int) -> frozenset[int]:
    """Return the tasks that one waits for, by explicit edges and by files."""
    parents: dict[int, list[int]] = {}
    for parent, child in zip(workflow.edges.parents, workflow.edges.children, strict=True):
        parents.setdefault(child, []).append(parent)
    makers = _makers(workflow)
    found: set[int] = set()
    left = [task]
    while left:
        one = left.pop()
        made = (makers.get(lfn, -1) for lfn in _inputs(workflow, one))
        new = {*parents.get(one, ()), *made} - found - {-1, task}
        found |= new
        left.extend(new)
    return frozenset(found)


def _makers(workflow: Workflow) -> dict[int, int]:
    """Return by file the task that makes it: of several, the last."""
    tasks = workflow.tasks
    return {
        tasks.use_lfns[row]: task
        for task in range(len(tasks))
        for row in range(tasks.use_offsets[task], tasks.use_offsets[task + 1])
        if tasks.use_flags[row] & OUTPUT
    }


def _inputs(workflow: Workflow, task: int) -> list[int]:
    tasks = workflow.tasks
    rows = range(tasks.use_offsets[task], tasks.use_offsets[task + 1])
    return [tasks.use_lfns[row] for row in rows if tasks.use_flags[row] & INPUT]

"""The tree of nested runs: level by level, each level read at once.

Which tasks are sub-workflows a plan says, and where the run of one lies follows from its id. What
lies there was written by containers: `read` gives back what is sound of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from pegbatch.engine.parallel import map_parallel
from pegbatch.model.layout import join_url, nested_key
from pegbatch.model.nested import DEEPEST, MOST, NestedFiles, NestedRun
from pegbatch.model.sub_workflows import SubWorkflowTask

ReadRun = Callable[[str], NestedFiles]
"""URL of a nested run to what it says of itself; several are read at once."""


def read_tree(
    run_url: str, tasks: Sequence[SubWorkflowTask], read: ReadRun
) -> tuple[NestedRun, ...]:
    """Return the nested runs of a run, in the order of their tasks, and those within them.

    Shapes: nothing is read where there are no such tasks; at most MOST runs in DEEPEST levels.
    Errors: those of read.
    """
    levels: list[list[_Place]] = [[_Place(None, one, run_url, "") for one in tasks[:MOST]]]
    read_so_far: list[list[NestedFiles]] = []
    left = MOST - len(levels[0])
    while levels[-1] and len(levels) <= DEEPEST:
        found = list(map_parallel(read, (place.url for place in levels[-1])))
        read_so_far.append(found)
        below = (
            _Place(number, task, place.url, place.id)
            for number, (place, files) in enumerate(zip(levels[-1], found, strict=True))
            for task in (files.plan.sub_workflows if files.plan else ())
        )
        levels.append(list(islice(below, left)))
        left -= len(levels[-1])
    return _built(levels, read_so_far)


class _Place:
    """Where a nested run lies, and in which run of the level above."""

    __slots__ = ("above", "id", "task", "url")

    def __init__(self, above: int | None, task: SubWorkflowTask, outer: str, scope: str) -> None:
        self.above = above
        self.task = task
        self.url = join_url(outer, nested_key(task.id))
        self.id = f"{scope}.{task.id}" if scope else task.id


def _built(
    levels: Sequence[Sequence[_Place]], read: Sequence[Sequence[NestedFiles]]
) -> tuple[NestedRun, ...]:
    """Put the levels together, the deepest first."""
    inner: dict[int | None, list[NestedRun]] = {}
    for places, found in reversed(list(zip(levels, read, strict=False))):
        above: dict[int | None, list[NestedRun]] = {}
        for number, (place, files) in enumerate(zip(places, found, strict=True)):
            run = NestedRun(
                id=place.id,
                task=place.task.id,
                file=place.task.file,
                url=place.url,
                files=files,
            )
            own = inner.get(number, ())
            above.setdefault(place.above, []).append(replace(run, inner=tuple(own)))
        inner = above
    return tuple(inner.get(None, ()))

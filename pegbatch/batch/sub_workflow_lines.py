"""What the bag line of a sub-workflow's task says beyond that of any task."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import orjson

from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.graph import NO_TASK
from pegbatch.model.workflow import INPUT, OPTIONAL, OUTPUT

Piece = Callable[[int, int], str]
"""The JSON of a file use, by LFN number and flags."""


_WORDS = re.compile(r"[^\s,='\"]+").findall
"""Of options: a file that one of them names is read while it is planned."""


class NestedFiles(NamedTuple):
    """The files of one such task."""

    inputs: list[str]
    """JSON of what its planning reads: these the task fetches."""
    tied: list[int]
    """Tasks that make one of them; the other parents are looked up by their records."""
    piece: str
    """Key and value that follow the other keys of the line."""


class SubWorkflowLines:
    """Writes them for one planned workflow."""

    def __init__(self, planned: PlannedWorkflow, input_piece: Piece, output_piece: Piece) -> None:
        """Take the writers of file uses."""
        self._planned = planned
        self._input, self._output = input_piece, output_piece

    def files(self, task: int) -> NestedFiles:
        """Return the files of the task of a sub-workflow."""
        tasks, producers = self._planned.workflow.tasks, self._planned.graph.producers
        job, lfns = self._planned.workflow.sub_workflows[task], self._planned.workflow.lfns
        for_planning = {job.file, *job.for_planning, *_WORDS(tasks.arguments[task])}
        fetched, given, made, tied = list[str](), list[str](), list[str](), list[int]()
        for use in range(tasks.use_offsets[task], tasks.use_offsets[task + 1]):
            lfn, flags = tasks.use_lfns[use], tasks.use_flags[use]
            if flags & OUTPUT:
                if producers[lfn] == task:
                    made.append(self._output(lfn, flags))
                continue
            if not flags & INPUT or not self._is_there(lfn):
                continue
            is_fetched = lfns[lfn] in for_planning
            (fetched if is_fetched else given).append(self._input(lfn, flags))
            if is_fetched and not flags & OPTIONAL:
                tied.append(producers[lfn])
        head = orjson.dumps({"file": job.file, "options": tasks.arguments[task]}).decode()
        piece = (
            f',"sub_workflow":{head[:-1]},"inputs":[{",".join(given)}]'
            f',"outputs":[{",".join(made)}]}}'
        )
        return NestedFiles(fetched, tied, piece)

    def _is_there(self, lfn: int) -> bool:
        return self._planned.graph.producers[lfn] != NO_TASK or lfn in self._planned.inputs

"""Deliver: which outputs leave the run for the output sites."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from pegbatch.errors import Problem
from pegbatch.model.bags import OutputPlaces
from pegbatch.model.graph import Graph
from pegbatch.model.workflow import OUTPUT, REGISTER, TRANSFER, Workflow
from pegbatch.planner.connect import MADE
from pegbatch.planner.scopes import scope_of_file, where_of
from pegbatch.planner.stages import Checked


def delivered_files(workflow: Workflow, graph: Graph) -> bytearray:
    """Return, by LFN number, 1 where its producer asks for transfer."""
    delivered, producers = bytearray(len(workflow.lfns)), graph.producers
    for task, lfn, flags in workflow.tasks.uses():
        if flags & TRANSFER and flags & MADE and producers[lfn] == task:
            delivered[lfn] = 1
    return delivered


def drop_doubles(
    checked: Checked, places: Sequence[OutputPlaces], delivered: bytearray
) -> tuple[Problem, ...]:
    """Of several files that would end up at one place, deliver the one that is made last.

    Shapes: places by workflow of the plan; warns of those that are not delivered.
    """
    workflow, producers = checked.workflow, checked.graph.producers
    at: dict[str, int] = {}
    lost: list[tuple[int, int, str]] = []
    candidates = compress(range(len(delivered)), delivered)
    for lfn in sorted(candidates, key=producers.__getitem__):
        for place in places[scope_of_file(workflow, lfn)].destinations(workflow.lfns[lfn]):
            other = at.get(place.url)
            if other is not None and delivered[other]:
                delivered[other] = 0
                lost.append((other, lfn, place.url))
            at[place.url] = lfn
    return (_lost_warning(checked, lost),) if lost else ()


def _lost_warning(checked: Checked, lost: list[tuple[int, int, str]]) -> Problem:
    tasks, producers = checked.workflow.tasks, checked.graph.producers
    other, lfn, url = lost[0]
    more = f" (and so for {len(lost) - 1:,} more files)" if len(lost) > 1 else ""
    return Problem(
        f"jobs {tasks.ids[producers[other]]} and {tasks.ids[producers[lfn]]} make files of their "
        f"own that would both be delivered to {url}; the last one in document order is{more}",
        where_of(checked, producers[other]),
        "give sub-workflows an --output-dir of their own, or rename the files",
    )


def drop_ambiguous(checked: Checked, registered: bytearray) -> tuple[Problem, ...]:
    """Register no file under a name that other files have, but for one of the first workflow.

    Shapes: a catalog knows files by their names alone; warns of those that are not registered.
    """
    workflow = checked.workflow
    named: dict[str, list[int]] = {}
    for lfn in compress(range(len(registered)), registered):
        named.setdefault(workflow.lfns[lfn], []).append(lfn)
    left = []
    for numbers in named.values():
        for lfn in numbers if len(numbers) > 1 else ():
            registered[lfn] = scope_of_file(workflow, lfn) == 0
            left += [] if registered[lfn] else [lfn]
    return (_unregistered_warning(checked, left),) if left else ()


def _unregistered_warning(checked: Checked, left: list[int]) -> Problem:
    tasks, lfn = checked.workflow.tasks, left[0]
    maker = checked.graph.producers[lfn]
    more = f" (and so for {len(left) - 1:,} more files)" if len(left) > 1 else ""
    return Problem(
        f"{checked.workflow.lfns[lfn]}, an output of job {tasks.ids[maker]}, is delivered, but not "
        f"registered: another file that is to be registered has that name{more}",
        where_of(checked, maker),
        "rename the file in one of the workflows, so that later plans can tell them apart",
    )


def registered_files(workflow: Workflow, delivered: bytearray) -> bytearray:
    """Return, by LFN number, 1 where a delivered file is to be registered as well.

    Shapes: what stays in the run is not: its clean-up may delete it.
    """
    registered = bytearray(len(delivered))
    wanted = OUTPUT | TRANSFER | REGISTER
    for lfn, flags in zip(workflow.tasks.use_lfns, workflow.tasks.use_flags, strict=True):
        if flags & wanted == wanted and delivered[lfn]:
            registered[lfn] = 1
    return registered

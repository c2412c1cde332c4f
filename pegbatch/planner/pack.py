"""Pack: put several units in one bag where this is asked for or forced.

A draft becomes one array, or several of at most 10,000 bags where `pegbatch.pack.max_children`
is raised above that.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from itertools import pairwise

from pegbatch.model.bags import ArrayTasks
from pegbatch.model.plan import Resources
from pegbatch.planner.stages import ArrayDraft, Arrayed, Packed, grow
from pegbatch.planner.tuning import ARRAY_CHILDREN_MAX, Tuning

NAME_MAX = 60


def pack(arrayed: Arrayed) -> Packed:
    """Cut every draft into bags and arrays, and name the arrays.

    Shapes: an array has at most min(max_children, 10,000) bags; tasks keep their order.
    """
    arrays: list[ArrayTasks] = []
    levels: list[int] = []
    resources: list[Resources] = []
    names: dict[str, int] = {}
    for draft in arrayed.drafts:
        bags = _bag_offsets(draft, arrayed)
        for first in range(0, len(bags) - 1, ARRAY_CHILDREN_MAX):
            offsets = bags[first : first + ARRAY_CHILDREN_MAX + 1]
            order = draft.order[offsets[0] : offsets[-1]]
            arrays.append(
                ArrayTasks(
                    name=_name(arrayed, draft.level, order, names),
                    order=order,
                    bag_offsets=array("i", (offset - offsets[0] for offset in offsets)),
                )
            )
            levels.append(draft.level)
            resources.append(draft.resources)
    array_of, bag_of = _places(arrays, len(arrayed.levels))
    return grow(
        Packed,
        arrayed,
        arrays=tuple(arrays),
        array_levels=tuple(levels),
        array_resources=tuple(resources),
        array_of=array_of,
        bag_of=bag_of,
    )


def _bag_offsets(draft: ArrayDraft, arrayed: Arrayed) -> array[int]:
    """Return where bags begin in the draft's order (bags + 1 entries)."""
    tuning = arrayed.tuning
    units = (
        array("i", range(len(draft.order) + 1))
        if draft.unit_offsets is None
        else (draft.unit_offsets)
    )
    bags = units
    if tuning.pack_size is not None or tuning.pack_runtime_seconds is not None:
        bags = _fill(draft.order, units, arrayed, tuning)
    if len(bags) - 1 > tuning.max_children:
        bags = _spread(bags, tuning.max_children)
    return bags


def _fill(order: Sequence[int], units: array[int], arrayed: Arrayed, tuning: Tuning) -> array[int]:
    """Put units in a bag, in order, while it stays within the asked size and runtime."""
    size_max = tuning.pack_size or len(order)
    runtime_max = tuning.pack_runtime_seconds or float("inf")
    offsets = array("i", [0])
    size, runtime = 0, 0.0
    for first, last in pairwise(units):
        more = sum(_runtime(arrayed, task, runtime_max) for task in order[first:last])
        if size and (size + last - first > size_max or runtime + more > runtime_max):
            offsets.append(first)
            size, runtime = 0, 0.0
        size, runtime = size + last - first, runtime + more
    offsets.append(len(order))
    return offsets


def _runtime(arrayed: Arrayed, task: int, unknown: float) -> float:
    """Return the expectation; without one a task fills a bag of its own."""
    seconds = arrayed.settings_table[arrayed.task_settings[task]].runtime_seconds
    return unknown if seconds is None else max(0.0, seconds)


def _spread(bags: array[int], parts: int) -> array[int]:
    """Join neighbouring bags so that `parts` are left, as even in number as can be."""
    count = len(bags) - 1
    return array("i", (bags[count * part // parts] for part in range(parts + 1)))


def _name(arrayed: Arrayed, level: int, order: Sequence[int], names: dict[str, int]) -> str:
    """Return `L<level>-<transformation>`, with a number where that is taken.

    Shapes: names, to which this one is added, maps each to the last number given after it.
    """
    transformations = arrayed.workflow.tasks.transformations
    kinds = {transformations[task] for task in order}
    words = {arrayed.workflow.transformations[kind].name for kind in kinds}
    word = re.sub(r"[^A-Za-z0-9_-]", "_", words.pop()) if len(words) == 1 else "mixed"
    stem = f"L{level}-{word}"[: NAME_MAX - 8]
    name, number = stem, names.get(stem, 1)
    while name in names:
        number += 1
        name = f"{stem}-{number}"
    names[stem] = number
    names.setdefault(name, 1)
    return name


def _places(arrays: Sequence[ArrayTasks], tasks: int) -> tuple[array[int], array[int]]:
    array_of, bag_of = array("i", bytes(4 * tasks)), array("i", bytes(4 * tasks))
    for number, packed in enumerate(arrays):
        for bag, (first, last) in enumerate(pairwise(packed.bag_offsets)):
            for task in packed.order[first:last]:
                array_of[task] = number
                bag_of[task] = bag
    return array_of, bag_of

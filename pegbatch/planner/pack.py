"""Pack: put several units in one bag where this is asked for or forced.

A draft becomes one array, or several of at most 10,000 bags where `pegbatch.pack.max_children`
is raised above that.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Sequence
from itertools import pairwise

from pegbatch.model.bags import ArrayTasks
from pegbatch.model.plan import Resources
from pegbatch.planner.stages import ArrayDraft, Arrayed, Packed, grow
from pegbatch.planner.tuning import ARRAY_CHILDREN_MAX, Tuning

NAME_MAX = 60

SHORTEST = 0.25
"""Share of the longest bag that a bag holds at least, where the number of vCPUs is known."""


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
    is_asked = tuning.pack_size is not None or tuning.pack_runtime_seconds is not None
    if is_asked and draft.order[0] not in arrayed.workflow.sub_workflows:
        bags = _fill(units, _seconds(draft.order, units, arrayed), tuning, draft.resources.vcpus)
    if len(bags) - 1 > tuning.max_children:
        bags = _spread(bags, tuning.max_children)
    return bags


def _seconds(order: Sequence[int], units: array[int], arrayed: Arrayed) -> array[float]:
    """Return the expected runtime of each unit; one that is not known fills a bag."""
    unknown = arrayed.tuning.pack_runtime_seconds or 0.0
    known = [settings.runtime_seconds for settings in arrayed.settings_table]
    of_settings = [unknown if seconds is None else max(0.0, seconds) for seconds in known]
    of_task = list(map(of_settings.__getitem__, arrayed.task_settings))
    return array(
        "d",
        (sum(map(of_task.__getitem__, order[first:last])) for first, last in pairwise(units)),
    )


def _fill(units: array[int], seconds: array[float], tuning: Tuning, vcpus: int) -> array[int]:
    """Put units in a bag, in order, while it stays within the asked size and runtime."""
    size_max = tuning.pack_size or units[-1]
    is_full = _fullness(sum(seconds), tuning, vcpus)
    offsets = array("i", [0])
    begun, done = 0.0, 0.0
    for unit, more in enumerate(seconds):
        first, last = units[unit], units[unit + 1]
        too_many = last - offsets[-1] > size_max
        if first > offsets[-1] and (too_many or is_full(done - begun, more, done, len(offsets))):
            offsets.append(first)
            begun = done
        done += more
    offsets.append(units[-1])
    return offsets


_IsFull = Callable[[float, float, float, int], bool]
"""Told the seconds in the bag, those of the next unit, those in all bags so far, and how many
bags these are; says whether the next unit needs a new bag."""


def _fullness(total: float, tuning: Tuning, vcpus: int) -> _IsFull:
    longest = math.inf if tuning.pack_runtime_seconds is None else tuning.pack_runtime_seconds
    if tuning.pack_vcpus is None or not total or not math.isfinite(longest):
        return lambda held, more, done, bags: held + more > longest
    share = total / _even_bags(total, longest, max(1, tuning.pack_vcpus // vcpus))
    return lambda held, more, done, bags: done + more / 2 > share * bags


def _even_bags(total: float, longest: float, at_once: int) -> int:
    """Return how many bags keep all vCPUs busy to the end.

    Bags run in waves of as many as there is room for: as few waves as the longest bag allows, and
    no bag shorter than a quarter of it on average, since a container has to start for each.
    """
    waves = math.ceil(total / (at_once * longest))
    return max(1, min(waves * at_once, int(total / (longest * SHORTEST))))


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

"""Pack: put several units in one bag where this is asked for or forced.

A draft becomes one array, or several of at most 10,000 bags where `pegbatch.pack.max_children`
is raised above that.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from itertools import pairwise

from pegbatch.model.bags import ArrayTasks
from pegbatch.model.plan import Resources
from pegbatch.planner.fill_waves import fill_waves
from pegbatch.planner.stages import ArrayDraft, Arrayed, Packed, grow
from pegbatch.planner.tuning import ARRAY_CHILDREN_MAX, Tuning

NAME_MAX = 60


def pack(arrayed: Arrayed) -> Packed:
    """Cut every draft into bags and arrays, and name the arrays.

    Shapes: an array has at most min(max_children, 10,000) bags; tasks keep their order, but where
    they fill a known number of vCPUs (fill_waves).
    """
    arrays: list[ArrayTasks] = []
    levels: list[int] = []
    resources: list[Resources] = []
    names: dict[str, int] = {}
    for draft in arrayed.drafts:
        in_bags, bags = _bags(draft, arrayed)
        for first in range(0, len(bags) - 1, ARRAY_CHILDREN_MAX):
            offsets = bags[first : first + ARRAY_CHILDREN_MAX + 1]
            order = in_bags[offsets[0] : offsets[-1]]
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


def _bags(draft: ArrayDraft, arrayed: Arrayed) -> tuple[array[int], array[int]]:
    """Return the tasks in order, and where bags begin among them (bags + 1 entries)."""
    tuning, order = arrayed.tuning, draft.order
    units = array("i", range(len(order) + 1)) if draft.unit_offsets is None else draft.unit_offsets
    bags = units
    is_asked = tuning.pack_size is not None or tuning.pack_runtime_seconds is not None
    if is_asked and order[0] not in arrayed.workflow.sub_workflows:
        seconds = _seconds(order, units, arrayed)
        if tuning.pack_vcpus is None or not _is_known(seconds, tuning):
            bags = _fill(units, seconds, tuning)
        else:
            at_once = max(1, tuning.pack_vcpus // draft.resources.vcpus)
            waves = _waves(seconds, arrayed, at_once)
            order, bags = _put(order, units, waves, tuning.pack_size or len(order))
    if len(bags) - 1 > tuning.max_children:
        bags = _spread(bags, tuning.max_children)
    return order, bags


def _is_known(seconds: Sequence[float], tuning: Tuning) -> bool:
    """Say whether bags can be measured by runtime."""
    longest = tuning.pack_runtime_seconds
    return longest is not None and math.isfinite(longest) and any(seconds)


def _waves(seconds: Sequence[float], arrayed: Arrayed, at_once: int) -> list[list[int]]:
    """Return the units of each bag, as the vCPUs take them."""
    asked, shares = arrayed.tuning.pack_runtime_seconds or 0.0, arrayed.bag_shares
    return fill_waves(
        seconds, longest=asked * shares.longest, least=asked * shares.least, at_once=at_once
    )


def _put(
    order: array[int], units: array[int], bags: Sequence[Sequence[int]], size_max: int
) -> tuple[array[int], array[int]]:
    """Return the tasks in the order of bags, and where these begin; one too large is cut."""
    put, offsets = array("i"), array("i", [0])
    for bag in bags:
        for unit in bag:
            first, last = units[unit], units[unit + 1]
            if offsets[-1] < len(put) and len(put) - offsets[-1] + last - first > size_max:
                offsets.append(len(put))
            put.extend(order[first:last])
        offsets.append(len(put))
    return put, offsets


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


def _fill(units: array[int], seconds: array[float], tuning: Tuning) -> array[int]:
    """Put units in a bag, in order, while it stays within the asked size and runtime."""
    size_max = tuning.pack_size or units[-1]
    longest = math.inf if tuning.pack_runtime_seconds is None else tuning.pack_runtime_seconds
    offsets = array("i", [0])
    held = 0.0
    for unit, more in enumerate(seconds):
        first, last = units[unit], units[unit + 1]
        if first > offsets[-1] and (last - offsets[-1] > size_max or held + more > longest):
            offsets.append(first)
            held = 0.0
        held += more
    offsets.append(units[-1])
    return offsets


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

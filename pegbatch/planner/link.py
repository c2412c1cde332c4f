"""Link: which array waits for which, and how.

An array depends on the arrays that hold a parent of one of its tasks. Where bag i needs only bag
i (or nothing) of an array of the same size the link is N_TO_N. Links that others imply are left
out (reduce_links), and more than 20 go through barrier jobs (barriers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from pegbatch.model.bags import ArrayTasks, TransferArray
from pegbatch.model.plan import Expected, Job, LinkType
from pegbatch.planner.barriers import JobLine, small_job, wire_up
from pegbatch.planner.nodes import container_of
from pegbatch.planner.reduce_links import reduce_links
from pegbatch.planner.resolve_profiles import ATTEMPTS_MAX, attempts_of
from pegbatch.planner.stages import Linked, Packed, Staged, grow

_Runtimes = Sequence[float | None]

TIMEOUT_NET_SECONDS = 300
"""What a child gets beyond the sum of its tasks' limits, for staging."""

TIMEOUT_LEAST_SECONDS = 60
"""Source: AWS Batch API, JobTimeout."""


def link(staged: Staged) -> Linked:
    """Turn packed arrays into jobs with their links.

    Shapes: jobs in plan order, stage-in arrays first, barriers just before the array they serve.
    """
    raw = [links_into(staged, number) for number in range(len(staged.arrays))]
    runtimes = _runtimes(staged)
    jobs = [_job(staged, number, runtimes) for number in range(len(staged.arrays))]
    if staged.transfer_arrays:
        raw = _behind_transfers(raw, staged.transfer_readers)
        jobs = [*map(_transfer_job, staged.transfer_arrays), *jobs]
    lines = [
        JobLine(job, tuple(links.items()))
        for job, links in zip(jobs, reduce_links(raw), strict=True)
    ]
    return grow(Linked, staged, jobs=wire_up(lines))


def _behind_transfers(
    links: list[dict[int, LinkType]], readers: tuple[tuple[int, ...], ...]
) -> list[dict[int, LinkType]]:
    """Number the arrays anew, stage-in arrays first, and let readers wait for these."""
    first = len(readers)
    moved = [{number + first: kind for number, kind in of.items()} for of in links]
    for transfer, arrays in enumerate(readers):
        for number in arrays:
            moved[number][transfer] = LinkType.ALL
    return [{} for _ in readers] + moved


def _transfer_job(array: TransferArray) -> Job:
    """Return a stage-in job; what it brings is no task of the workflow."""
    return replace(small_job(array.name, "stage-in", ()), size=array.size, timeout_seconds=None)


def links_into(packed: Packed, child: int) -> dict[int, LinkType]:
    """Return the arrays that one array needs, by number, with the weakest link that is enough."""
    graph, array_of, bag_of = packed.graph, packed.array_of, packed.bag_of
    offsets, parents = graph.parent_offsets, graph.parents
    size = packed.arrays[child].size
    found: dict[int, LinkType] = {}
    for task in packed.arrays[child].order:
        for edge in range(offsets[task], offsets[task + 1]):
            parent = parents[edge]
            number = array_of[parent]
            if number == child:
                continue  # in the same bag: a serial cluster
            kind = found.get(number)
            if kind is None:
                equal = size > 1 and packed.arrays[number].size == size
                kind = found[number] = LinkType.N_TO_N if equal else LinkType.ALL
            if kind is LinkType.N_TO_N and bag_of[parent] != bag_of[task]:
                found[number] = LinkType.ALL
    return found


def _job(packed: Packed, number: int, runtimes: _Runtimes) -> Job:
    tasks = packed.arrays[number]
    names = packed.workflow.transformations
    kinds = {packed.workflow.tasks.transformations[task] for task in tasks.order}
    settings = [packed.settings_table[packed.task_settings[task]] for task in tasks.order]
    tries = max(of_task.tries for of_task in settings)
    attempts = attempts_of(tries, packed.tuning.infrastructure_retries)
    if tasks.order[0] in packed.workflow.sub_workflows:
        attempts = ATTEMPTS_MAX  # it waits for long, may be lost more than once, and goes on
    return Job(
        name=tasks.name,
        kind="compute",
        level=packed.array_levels[number],
        size=tasks.size,
        tasks=len(tasks.order),
        transformations=tuple(sorted({str(names[kind]) for kind in kinds})),
        resources=packed.array_resources[number],
        attempts=attempts,
        timeout_seconds=_timeout(packed, tasks),
        depends_on=(),
        expected=_expected(packed, tasks, runtimes),
        container=container_of(packed, tasks.order[0]),
    )


def _runtimes(packed: Packed) -> _Runtimes:
    """Return the profile `runtime` by settings, empty where nobody has one."""
    known = [settings.runtime_seconds for settings in packed.settings_table]
    return () if all(seconds is None for seconds in known) else known


def _expected(packed: Packed, tasks: ArrayTasks, known: _Runtimes) -> Expected | None:
    """Return what the profiles `runtime` come to, or None where one of the tasks has none."""
    if not known:
        return None
    total = longest = 0.0
    for first, last in pairwise(tasks.bag_offsets):
        bag = 0.0
        for task in tasks.order[first:last]:
            seconds = known[packed.task_settings[task]]
            if seconds is None:
                return None
            bag += seconds
        total += bag
        longest = max(longest, bag)
    return Expected(seconds=round(total, 3), longest=round(longest, 3))


def _timeout(packed: Packed, tasks: ArrayTasks) -> int | None:
    """Return the net around the largest bag, or None where one of the tasks has no limit."""
    largest = 0
    for first, last in pairwise(tasks.bag_offsets):
        total = 0
        for task in tasks.order[first:last]:
            limit = packed.settings_table[packed.task_settings[task]].timeout_seconds
            if limit is None:
                return None
            total += limit
        largest = max(largest, total)
    return max(TIMEOUT_LEAST_SECONDS, largest + TIMEOUT_NET_SECONDS)

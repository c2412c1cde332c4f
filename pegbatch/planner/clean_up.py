"""Clean up: jobs that delete files of the run once nobody can need them any more.

`inplace` (Pegasus's way, and the default) adds, for each level, a job that waits for all arrays
that make or read one of its files; `leaf` adds one job behind the verdict, so that it runs after
success only. Files that wait for `fetch` are never among those deleted.

The links promise that every child which uses a file has ended before the job starts. Whether all
its tasks have succeeded is looked at when the job runs (worker), from the failure marks: the files
of a task that has not are kept, so that a later try finds them. Nothing of the workflow waits for
these jobs, the verdict included.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pegbatch.model.bags import CleanUp
from pegbatch.model.file_keys import file_key
from pegbatch.model.graph import NO_TASK
from pegbatch.model.plan import Job, JobLink, LinkType
from pegbatch.planner.add_verdict import VERDICT
from pegbatch.planner.barriers import Barriers, small_job
from pegbatch.planner.reduce_links import reduce_links
from pegbatch.planner.stages import Linked, grow

FILES_A_BAG = 10_000
"""What one child deletes where the properties say nothing: ten requests of DeleteObjects."""

BAGS_MAX = 10_000
"""Source: AWS Batch API, ArrayProperties."""


def clean_up(linked: Linked) -> Linked:
    """Add the clean-up jobs that were asked for.

    Shapes: each job stands right after the last one that it waits for, and is in no link but its
    own; two passes over the uses of files, none without clean-up.
    """
    strategy = linked.options.cleanup
    if strategy == "none":
        return linked
    deletable = _deletable(linked)
    if 1 not in deletable:
        return linked
    if strategy == "leaf":
        files = array("i", (lfn for lfn, flag in enumerate(deletable) if flag))
        bags = _even_bags(linked, len(files), sum(tasks.size for tasks in linked.arrays))
        cleaner = CleanUp(name="clean-up", after=(), files=files, bag_offsets=bags)
        job = _job(cleaner, (JobLink(VERDICT, LinkType.ALL),))
        return grow(Linked, linked, jobs=(*linked.jobs, job), clean_ups=(cleaner,))
    cleaners = tuple(_by_level(linked, deletable))
    return grow(Linked, linked, jobs=_with_jobs(linked.jobs, cleaners), clean_ups=cleaners)


def _deletable(linked: Linked) -> bytearray:
    """Return, by LFN number, 1 for what lies in `data/` and is wanted by tasks alone."""
    delivered, read = linked.delivered, linked.graph.read
    found = bytearray(len(linked.workflow.lfns))
    for lfn, producer in enumerate(linked.graph.producers):
        if producer != NO_TASK:
            # What is delivered waits for `fetch`, or stays where there is no output site. On S3
            # it is handed over by its task, and only what others read lies in `data/` too.
            name = linked.workflow.lfns[lfn]
            handed_over = delivered[lfn] and linked.places_of(lfn).is_handed_over(name)
            found[lfn] = 1 if not delivered[lfn] else (handed_over and read[lfn])
    for lfn, use in linked.inputs.items():
        if linked.transfer_arrays and use.url == file_key(linked.workflow, lfn):
            found[lfn] = 1  # fetched from the web
    for number in _waiting_copies(linked):
        found[number] = 0
    return found


def _waiting_copies(linked: Linked) -> Iterator[int]:
    """Yield the LFN numbers of reused files that are brought into the run for `fetch`."""
    waiting = {(one.lfn, one.url) for one in linked.reused_deliveries}
    names = {lfn for lfn, _ in waiting}
    for number, lfn in enumerate(linked.workflow.lfns if names else ()):
        if lfn in names and (lfn, file_key(linked.workflow, number)) in waiting:
            yield number


@dataclass(frozen=True, slots=True)
class _Users:
    """Which arrays use the deletable files."""

    levels: array[int]
    """By LFN number: the last level that makes or reads it; -1 for the others."""
    arrays: tuple[frozenset[int], ...]
    """By level: arrays that use a file of that level."""


def _by_level(linked: Linked, deletable: bytearray) -> Iterator[CleanUp]:
    users = _users(linked, deletable)
    files: list[array[int]] = [array("i") for _ in users.arrays]
    for lfn, level in enumerate(users.levels):
        if level >= 0:
            files[level].append(lfn)
    for level, of_level in enumerate(files):
        if of_level:
            bags = sum(
                tasks.size
                for tasks, its_level in zip(linked.arrays, linked.array_levels, strict=True)
                if its_level == level
            )
            yield CleanUp(
                name=f"clean-up-{level}",
                after=tuple(linked.arrays[number].name for number in sorted(users.arrays[level])),
                files=of_level,
                bag_offsets=_even_bags(linked, len(of_level), bags),
            )


def _users(linked: Linked, deletable: bytearray) -> _Users:
    levels = array("i", [-1]) * len(deletable)
    for level, _, lfns in _uses(linked):
        for lfn in lfns:
            if deletable[lfn] and levels[lfn] < level:
                levels[lfn] = level
    arrays: list[set[int]] = [set() for _ in range(max(linked.array_levels) + 1)]
    for _, number, lfns in _uses(linked):
        for lfn in lfns:
            if levels[lfn] >= 0:
                arrays[levels[lfn]].add(number)
    return _Users(levels, tuple(map(frozenset, arrays)))


def _uses(linked: Linked) -> Iterator[tuple[int, int, array[int]]]:
    """Yield (level, array, LFN numbers of all uses) of every task."""
    tasks, array_of = linked.workflow.tasks, linked.array_of
    offsets, lfns = tasks.use_offsets, tasks.use_lfns
    for task, number in enumerate(array_of):
        yield linked.array_levels[number], number, lfns[offsets[task] : offsets[task + 1]]


def _even_bags(linked: Linked, files: int, user_bags: int) -> array[int]:
    """Return where the bags of a clean-up job begin.

    Shapes: `clusters.num` bags; else one for `clusters.size` bags of tasks; else one for each
    FILES_A_BAG files. Never more than there are files.
    Source: Pegasus configuration reference, pegasus.file.cleanup.clusters.*.
    """
    tuning = linked.tuning
    count = -(-files // FILES_A_BAG)
    if tuning.clean_up_size is not None:
        count = -(-user_bags // tuning.clean_up_size)
    if tuning.clean_up_num is not None:
        count = tuning.clean_up_num
    count = min(max(count, 1), files, BAGS_MAX)
    return array("i", (files * bag // count for bag in range(count + 1)))


def _with_jobs(jobs: tuple[Job, ...], cleaners: tuple[CleanUp, ...]) -> tuple[Job, ...]:
    """Put each clean-up job behind the last one that it waits for."""
    places = {job.name: number for number, job in enumerate(jobs)}
    raw: list[dict[int, LinkType]] = [
        {places[link.array]: link.type for link in job.depends_on} for job in jobs
    ]
    raw += [{places[name]: LinkType.ALL for name in cleaner.after} for cleaner in cleaners]
    reduced = reduce_links(raw)[len(jobs) :]
    barriers = Barriers(set(places))
    behind: dict[int, list[Job]] = {}
    for cleaner, links in zip(cleaners, reduced, strict=True):
        needed = [JobLink(jobs[number].name, kind) for number, kind in links.items()]
        made, few = barriers.reduce(needed)
        behind.setdefault(max(links), []).extend([*made, _job(cleaner, tuple(few))])
    return tuple(one for number, job in enumerate(jobs) for one in (job, *behind.get(number, ())))


def _job(cleaner: CleanUp, links: tuple[JobLink, ...]) -> Job:
    return replace(small_job(cleaner.name, "clean-up", links), size=cleaner.size)

"""Barriers: a job may name 20 others, so more links go through a tree of small jobs.

A barrier does nothing and ends when all it waits for has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pegbatch.model.plan import Job, JobKind, JobLink, LinkType, Resources

DEPENDENCIES_MAX = 20
"""Source: AWS Batch service quotas, "Job dependencies per job"."""

SMALL = Resources(vcpus=1, memory_mib=512)
"""What barriers and the verdict ask for."""

SMALL_ATTEMPTS = 3
SMALL_TIMEOUT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job whose links still go by number."""

    job: Job
    links: tuple[tuple[int, LinkType], ...]
    """(position of the array among the compute jobs, type)."""


def wire_up(lines: Sequence[JobLine]) -> tuple[Job, ...]:
    """Return the jobs with their links by name, with barriers where there are more than 20.

    Shapes: compute jobs in the order given, each after the barriers made for it.
    """
    names = [line.job.name for line in lines]
    barriers = Barriers(set(names))
    jobs: list[Job] = []
    for line in lines:
        links = [JobLink(names[number], kind) for number, kind in line.links]
        made, few = barriers.reduce(links)
        jobs += [*made, replace(line.job, depends_on=tuple(few))]
    return tuple(jobs)


class Barriers:
    """Makes barriers and remembers them, so that equal sets of arrays share one."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._made: dict[tuple[JobLink, ...], Job] = {}

    def reduce(self, links: Sequence[JobLink]) -> tuple[list[Job], list[JobLink]]:
        """Return new barriers and at most 20 links that stand for the ones given.

        Shapes: N_TO_N links stay direct while they fit; an ALL link of a barrier is as strong.
        """
        if len(links) <= DEPENDENCIES_MAX:
            return [], list(links)
        direct = [link for link in links if link.type is LinkType.N_TO_N][: DEPENDENCIES_MAX - 1]
        through = [JobLink(link.array, LinkType.ALL) for link in links if link not in direct]
        new: list[Job] = []
        slots = DEPENDENCIES_MAX - len(direct)
        while len(through) > slots:
            # A barrier goes to the end of the queue, so the tree stays shallow.
            taken = min(DEPENDENCIES_MAX, len(through) - slots + 1)
            group, through = tuple(through[:taken]), through[taken:]
            through.append(self._barrier(group, new))
        return new, direct + through

    def _barrier(self, group: tuple[JobLink, ...], new: list[Job]) -> JobLink:
        job = self._made.get(group)
        if job is None:
            job = self._made[group] = self._new(group)
            new.append(job)
        return JobLink(job.name, LinkType.ALL)

    def _new(self, group: tuple[JobLink, ...]) -> Job:
        number = len(self._made) + 1
        while f"barrier-{number}" in self._taken:
            number += 1
        self._taken.add(f"barrier-{number}")
        return small_job(f"barrier-{number}", "barrier", group)


def small_job(name: str, kind: JobKind, links: tuple[JobLink, ...]) -> Job:
    """Return a plain job that runs no task of the workflow."""
    return Job(
        name=name,
        kind=kind,
        level=None,
        size=1,
        tasks=0,
        transformations=(),
        resources=SMALL,
        attempts=SMALL_ATTEMPTS,
        timeout_seconds=SMALL_TIMEOUT_SECONDS,
        depends_on=links,
    )

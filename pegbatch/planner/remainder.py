"""Remainder: what a later try of a run submits.

Arrays with bags that miss a success run these alone; an array that misses nothing is left out and
hands its links on, as does a barrier. The verdict is always there. A clean-up job is there where it
waits for something of the try, since what it kept for tasks that had failed is now to be deleted,
or where it has not succeeded before; it deletes what no task can need any more, in every try.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pegbatch.model.plan import Job, LinkType, Plan
from pegbatch.model.tries import Missing, Try
from pegbatch.planner.barriers import JobLine, wire_up
from pegbatch.planner.reduce_links import LinkReducer


def remainder(
    plan: Plan, missing: Mapping[str, Missing], number: int, *, succeeded: Collection[str]
) -> Try:
    """Return the try of that number: bags with anything missing, and what waits for them.

    Shapes: missing by array, those with nothing missing left out; succeeded names the jobs that
    ended well in the newest try that they were in (only clean-up jobs are looked at).
    """
    rest = _Rest(missing, frozenset(succeeded))
    for job in plan.jobs:
        rest.take(job)
    return Try(number=number, jobs=wire_up(rest.lines), bags=rest.bags)


class _Rest:
    """Goes through the jobs of a plan in their order, and keeps what belongs to the try."""

    def __init__(self, missing: Mapping[str, Missing], succeeded: frozenset[str]) -> None:
        self._missing = missing
        self._succeeded = succeeded
        self._reducer = LinkReducer()
        self._behind: dict[str, Mapping[int, LinkType]] = {}
        """By job of the plan: what a job waits for that waits for it, child by child."""
        self.lines: list[JobLine] = []
        self.bags: dict[str, tuple[int, ...]] = {}

    def take(self, job: Job) -> None:
        """Keep a job, or let it hand on what it waits for."""
        links = self._waits_for(job)
        if not self._is_kept(job, waits=bool(links)):
            self._behind[job.name] = self._reducer.reduce(links)
            return
        self._behind[job.name] = {len(self.lines): LinkType.N_TO_N}
        bags = self._bags_of(job)
        if bags:
            self.bags[job.name] = bags
        typed = {parent: self._type(parent, kind, bags) for parent, kind in links.items()}
        few = self._reducer.reduce(typed)
        self._reducer.add(few)
        self.lines.append(JobLine(_cut(job, self._missing.get(job.name)), tuple(few.items())))

    def _waits_for(self, job: Job) -> dict[int, LinkType]:
        """Follow the links of a job to jobs of the try; a way with an ALL link in it is one."""
        found: dict[int, LinkType] = {}
        for link in job.depends_on:
            for parent, kind in self._behind[link.array].items():
                if LinkType.ALL in (kind, link.type):
                    found[parent] = LinkType.ALL
                else:
                    found.setdefault(parent, LinkType.N_TO_N)
        return found

    def _is_kept(self, job: Job, *, waits: bool) -> bool:
        match job.kind:
            case "compute" | "stage-in":
                return job.name in self._missing
            case "clean-up":
                return waits or job.name not in self._succeeded
            case "verdict":
                return True
            case "barrier":
                return False  # made anew where they are needed

    def _bags_of(self, job: Job) -> tuple[int, ...]:
        """Return the bags that a job of the try runs; none for the verdict, which has no bags."""
        if job.kind == "verdict":
            return ()
        part = self._missing.get(job.name)
        return tuple(range(job.size)) if part is None else part.bags

    def _type(self, parent: int, kind: LinkType, bags: tuple[int, ...]) -> LinkType:
        """Return the type of a link in the try: child by child where both run the same bags."""
        its_bags = self.bags.get(self.lines[parent].job.name)
        is_pairwise = kind is LinkType.N_TO_N and its_bags == bags and len(bags) > 1
        return LinkType.N_TO_N if is_pairwise else LinkType.ALL


def _cut(job: Job, part: Missing | None) -> Job:
    """Return a job with what it misses alone."""
    if part is None:
        return job
    # Transfers are no tasks of the workflow.
    tasks = part.tasks if job.kind == "compute" else 0
    return replace(job, size=len(part.bags), tasks=tasks)

"""Verdict: the small job at the end that says how the workflow fared."""

from __future__ import annotations

from pegbatch.model.plan import JobLink, LinkType
from pegbatch.planner.barriers import Barriers, small_job
from pegbatch.planner.stages import Linked, grow

VERDICT = "verdict"


def add_verdict(linked: Linked) -> Linked:
    """Add the job that depends on all jobs nothing else depends on."""
    waited_for = {link.array for job in linked.jobs for link in job.depends_on}
    sinks = [JobLink(job.name, LinkType.ALL) for job in linked.jobs if job.name not in waited_for]
    barriers, few = Barriers({job.name for job in linked.jobs}).reduce(sinks)
    verdict = small_job(VERDICT, "verdict", tuple(few))
    return grow(Linked, linked, jobs=(*linked.jobs, *barriers, verdict))

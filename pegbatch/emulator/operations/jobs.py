"""DescribeJobs and ListJobs."""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.emulator import views
from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import QUEUE
from pegbatch.emulator.rules import listing
from pegbatch.emulator.state.jobs import Job, Json, Unit
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

MAX_IDS = 100


def describe(world: World, call: Call) -> Json:
    """DescribeJobs: up to 100 ids; what does not exist (or not yet) is left out."""
    ids = call.body["jobs"]
    if not 1 <= len(ids) <= MAX_IDS:
        raise Refusal(f"jobs has {len(ids)} entries, not 1 to {MAX_IDS}")
    now = world.now()
    home = world.settings.home
    found = []
    for job_id in ids:
        item = find(world, job_id, now)
        if isinstance(item, Job):
            found.append(views.job_detail(item, home))
        elif item is not None:
            found.append(views.unit_detail(item, home))
    return {"jobs": found}


def find(world: World, job_id: str, now: float) -> Job | Unit | None:
    """Return the job or child with an id (or ARN) that a client can see."""
    plain = job_id.rpartition("/")[2]
    name, _, index = plain.partition(":")
    job = world.jobs().get(name)
    if job is None or job.visible_at > now:
        return None
    if not index:
        return job
    if not job.is_array or not index.isdecimal() or int(index) >= len(job.units):
        return None
    return job.units[int(index)]


def list_jobs(world: World, call: Call) -> Json:
    """ListJobs: children of an array, or the jobs of a queue; RUNNING ones unless asked."""
    body = call.body
    listing.check_listing(body)
    if "multiNodeJobId" in body:
        return {"jobSummaryList": []}
    if "arrayJobId" in body:
        return _children(world, body)
    return _of_queue(world, body)


def _children(world: World, body: Json) -> Json:
    job = find(world, body["arrayJobId"], world.now())
    if job is None:
        return {"jobSummaryList": []}
    if not isinstance(job, Job) or not job.is_array:
        raise Refusal(f"job {body['arrayJobId']} is no array job")
    if body.get("filters"):
        raise Refusal("filters don't apply to the children of an array job")
    status = body.get("jobStatus", "RUNNING")
    units = [unit for unit in job.units if unit.status == status]
    found, token = listing.page(units, lambda u: (u.index or 0,), body, listing.STATUS_PAGE)
    return _answer([views.unit_summary(unit) for unit in found], token)


def _of_queue(world: World, body: Json) -> Json:
    queue = world.registry.need(QUEUE, body["jobQueue"])["jobQueueName"]
    now = world.now()
    filters = body.get("filters", ())
    jobs: Sequence[Job] = world.machine.core.by_queue.get(queue, [])
    jobs = [job for job in reversed(jobs) if job.visible_at <= now]
    status = body.get("jobStatus")
    most = listing.STATUS_PAGE
    if filters:
        most = listing.FILTER_PAGE
        test = listing.job_filter(filters[0], lambda job: str(job.detail["jobDefinition"]))
        jobs = [job for job in jobs if test(job)]
        status = status if filters[0]["name"] == "SHARE_IDENTIFIER" else None
    if not filters or status is not None:
        jobs = [job for job in jobs if job.status == (status or "RUNNING")]
    found, token = listing.page(jobs, lambda job: (-job.seq,), body, most)
    return _answer([views.job_summary(job) for job in found], token)


def _answer(summaries: list[Json], token: str | None) -> Json:
    answer: Json = {"jobSummaryList": summaries}
    return {**answer, "nextToken": token} if token else answer

"""SubmitJob."""

from __future__ import annotations

from uuid import UUID

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.registry import QUEUE
from pegbatch.emulator.rules import submissions
from pegbatch.emulator.rules.names import arn
from pegbatch.emulator.state.jobs import Job, JobSpec, Json, Unit
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

MAX_SHARES = 500


def submit(world: World, call: Call) -> Json:
    """SubmitJob: everything that can be refused is refused before a job exists."""
    body = call.body
    submissions.check_request(body, call.size_bytes, world.settings.minimum_timeout_seconds)
    queue = world.registry.need(QUEUE, body["jobQueue"])
    _check_queue(world, queue, body)
    definition = world.registry.definition(body["jobDefinition"])
    submissions.check_dependencies(body, world.jobs())
    spec = submissions.merge(body, definition, queue["jobQueueName"])
    detail = submissions.detail(body, definition)
    detail["jobDefinition"] = definition["jobDefinitionArn"]
    job = new_job(
        seq=world.next_seq,
        job_id=str(UUID(world.new_id())),
        home=world.settings.home,
        spec=spec,
        detail=detail,
        now=world.now(),
    )
    job.visible_at = job.created + world.late_seconds
    world.next_seq += 1
    world.machine.submit(job)
    return {"jobArn": job.arn, "jobName": spec.name, "jobId": job.id}


def new_job(*, seq: int, job_id: str, home: str, spec: JobSpec, detail: Json, now: float) -> Job:
    """Return a job with all its units, SUBMITTED."""
    job = Job(
        seq=seq, id=job_id, arn=arn(home, "job", job_id), spec=spec, detail=detail, created=now
    )
    indices = [None] if spec.size is None else range(spec.size)
    job.units = [Unit(job=job, index=index) for index in indices]
    job.open_units = len(job.units)
    job.counts = {"SUBMITTED": len(job.units)} if spec.size is not None else {}
    job.counted_at = now
    return job


def _check_queue(world: World, queue: Json, body: Json) -> None:
    name = queue["jobQueueName"]
    if queue["state"] != "ENABLED":
        raise Refusal(f"job queue {name} is {queue['state']}: it accepts no jobs")
    if queue["status"] not in ("VALID", "UPDATING"):
        raise Refusal(f"job queue {name} is {queue['status']}, not VALID")
    fair_share = "schedulingPolicyArn" in queue
    submissions.check_share(body, fair_share=fair_share)
    if fair_share:
        shares = world.machine.placement.shares(name)
        if body["shareIdentifier"] not in shares and len(shares) >= MAX_SHARES:
            raise Refusal(f"job queue {name} has {MAX_SHARES} active share identifiers")

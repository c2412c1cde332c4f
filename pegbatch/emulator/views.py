"""Jobs as DescribeJobs and ListJobs show them."""

from __future__ import annotations

from pegbatch.emulator.log_files import stream_name
from pegbatch.emulator.rules.names import arn
from pegbatch.emulator.state.jobs import ON_A_HOST, STATUSES, Attempt, Job, Json, Unit


def milliseconds(seconds: float) -> int:
    """Return a time as the API has it."""
    return int(seconds * 1000)


def job_detail(job: Job, home: str) -> Json:
    """Return a plain job or an array's parent as DescribeJobs shows it."""
    if not job.is_array:
        return unit_detail(job.units[0], home)
    found = _common(job, home)
    found |= {
        "jobArn": job.arn,
        "jobId": job.id,
        "status": job.parent_status,
        "createdAt": milliseconds(job.created),
        "startedAt": milliseconds(job.started),
        "attempts": [],
        "arrayProperties": {
            "size": job.spec.size,
            "statusSummary": summary(job),
            "statusSummaryLastUpdatedAt": milliseconds(job.counted_at),
        },
        "isCancelled": job.cancelled is not None,
        "isTerminated": job.terminated is not None,
    }
    if job.stopped:
        found["stoppedAt"] = milliseconds(job.stopped)
    if job.parent_reason:
        found["statusReason"] = job.parent_reason
    return found


def unit_detail(unit: Unit, home: str) -> Json:
    """Return a plain job or a child as DescribeJobs shows it."""
    job = unit.job
    found = _common(job, home)
    latest = unit.attempts[-1] if unit.attempts else None
    found |= {
        "jobArn": job.arn if unit.index is None else f"{job.arn}:{unit.index}",
        "jobId": unit.id,
        "status": unit.status,
        "createdAt": milliseconds(job.created),
        "startedAt": milliseconds(latest.started) if latest else 0,
        "attempts": [_attempt(unit, a) for a in unit.attempts if a.stopped],
        "isCancelled": unit.cancelled,
        "isTerminated": unit.terminated,
    }
    if latest is not None:
        found["container"] = {**found["container"], **_container(unit, latest)}
    if unit.stopped:
        found["stoppedAt"] = milliseconds(unit.stopped)
    if unit.reason:
        found["statusReason"] = unit.reason
    if unit.index is not None:
        found["arrayProperties"] = {"index": unit.index}
    return found


def job_summary(job: Job) -> Json:
    """Return a plain job or an array's parent as ListJobs shows it."""
    if not job.is_array:
        return unit_summary(job.units[0])
    found: Json = {
        "jobArn": job.arn,
        "jobId": job.id,
        "jobName": job.spec.name,
        "jobDefinition": job.detail["jobDefinition"],
        "createdAt": milliseconds(job.created),
        "status": job.parent_status,
        "arrayProperties": {"size": job.spec.size, "statusSummary": summary(job)},
    }
    if job.started:
        found["startedAt"] = milliseconds(job.started)
    if job.stopped:
        found["stoppedAt"] = milliseconds(job.stopped)
    _add_flags(found, job.parent_reason, job.cancelled is not None, job.terminated is not None)
    return _with_share(found, job)


def unit_summary(unit: Unit) -> Json:
    """Return a plain job or a child as ListJobs shows it."""
    job = unit.job
    found: Json = {
        "jobArn": job.arn if unit.index is None else f"{job.arn}:{unit.index}",
        "jobId": unit.id,
        "jobName": job.spec.name,
        "jobDefinition": job.detail["jobDefinition"],
        "createdAt": milliseconds(job.created),
        "status": unit.status,
    }
    if unit.attempts:
        latest = unit.attempts[-1]
        found["startedAt"] = milliseconds(latest.started)
        found["container"] = _outcome(latest)
    if unit.stopped:
        found["stoppedAt"] = milliseconds(unit.stopped)
    if unit.index is not None:
        found["arrayProperties"] = {"index": unit.index}
    _add_flags(found, unit.reason, unit.cancelled, unit.terminated)
    return _with_share(found, job)


def summary(job: Job) -> dict[str, int]:
    """Return the number of an array's children in each status, zeros included."""
    return {status: job.counts.get(status, 0) for status in STATUSES}


def _common(job: Job, home: str) -> Json:
    return {
        **job.detail,
        "jobName": job.spec.name,
        "jobQueue": arn(home, "job-queue", job.spec.queue),
    }


def _container(unit: Unit, attempt: Attempt) -> Json:
    found = _outcome(attempt)
    found["taskArn"] = _task_arn(unit.job, attempt)
    if attempt.started and (unit.status not in ON_A_HOST or unit.status == "RUNNING"):
        found["logStreamName"] = stream_name(unit.job, attempt.task)
    return found


def _attempt(unit: Unit, attempt: Attempt) -> Json:
    found: Json = {
        "container": _outcome(attempt),
        "startedAt": milliseconds(attempt.started),
        "stoppedAt": milliseconds(attempt.stopped),
    }
    found["container"]["taskArn"] = _task_arn(unit.job, attempt)
    if attempt.started:
        found["container"]["logStreamName"] = stream_name(unit.job, attempt.task)
    if attempt.status_reason:
        found["statusReason"] = attempt.status_reason
    return found


def _task_arn(job: Job, attempt: Attempt) -> str:
    parts = job.arn.split(":")
    return f"arn:aws:ecs:{parts[3]}:{parts[4]}:task/{attempt.task}"


def _outcome(attempt: Attempt) -> Json:
    found: Json = {}
    if attempt.exit_code is not None:
        found["exitCode"] = attempt.exit_code
    if attempt.reason:
        found["reason"] = attempt.reason
    return found


def _add_flags(found: Json, reason: str | None, cancelled: bool, terminated: bool) -> None:
    if reason:
        found["statusReason"] = reason
    if cancelled:
        found["isCancelled"] = True
    if terminated:
        found["isTerminated"] = True


def _with_share(found: Json, job: Job) -> Json:
    if job.spec.share is not None:
        found["shareIdentifier"] = job.spec.share
    return found

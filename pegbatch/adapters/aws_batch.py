"""AWS Batch through boto3: implements `ports.JobService` on Amazon and on the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.adapters.aws_queue import look_at_queue
from pegbatch.model.queue_facts import QueueFacts
from pegbatch.ports import DESCRIBED_AT_ONCE, JobAttempt, JobState


class AwsBatch:
    """Jobs of one account and region."""

    def __init__(self, caller: AwsCaller) -> None:
        """Take the caller of a `batch` client."""
        self._caller = caller

    def submit(self, body: Mapping[str, Any]) -> str:
        """Make one SubmitJob call and return the job id.

        Errors: SubmitUnclear where the call broke off; it is never repeated here.
        """
        return str(self._caller.call("submit_job", repeatable=False, **body)["jobId"])

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        """Return the states of jobs by id; ids that the service does not show are left out."""
        found: dict[str, JobState] = {}
        for start in range(0, len(job_ids), DESCRIBED_AT_ONCE):
            chunk = list(job_ids[start : start + DESCRIBED_AT_ONCE])
            answer = self._caller.call("describe_jobs", jobs=chunk)
            for detail in answer.get("jobs", ()):
                found[detail["jobId"]] = _job_state(detail)
        return found

    def find(self, queue: str, job_name: str) -> Sequence[JobState]:
        """Return the jobs of exactly that name in a queue, in any state.

        Source: AWS Batch, ListJobs: the JOB_NAME filter matches in any case and in any state.
        """
        by_name = [{"name": "JOB_NAME", "values": [job_name]}]
        listed = self._list(jobQueue=queue, filters=by_name)
        return [job for job in listed if job.name == job_name]

    def find_all(self, queue: str, start: str) -> Iterator[JobState]:
        """Yield the jobs of a queue whose names begin like this, in any state.

        Source: AWS Batch, ListJobs: an asterisk at the end of a JOB_NAME filter.
        """
        by_name = [{"name": "JOB_NAME", "values": [f"{start}*"]}]
        listed = self._list(jobQueue=queue, filters=by_name)
        return (job for job in listed if job.name.startswith(start))

    def children(self, job_id: str, status: str) -> Iterator[JobState]:
        """Yield the children of an array that are in one state."""
        return self._list(arrayJobId=job_id, jobStatus=status)

    def queue(self, name: str) -> QueueFacts | None:
        """Return a job queue as it stands, by name or ARN; None where there is none."""
        return look_at_queue(self._caller, name)

    def terminate(self, job_id: str, reason: str) -> None:
        """End a job in whatever state it is (array parents: all its children)."""
        self._caller.call("terminate_job", jobId=job_id, reason=reason)

    def _list(self, **arguments: Any) -> Iterator[JobState]:
        while True:
            answer = self._caller.call("list_jobs", **arguments)
            yield from map(_job_state, answer.get("jobSummaryList", ()))
            token = answer.get("nextToken")
            if not token:
                return
            arguments["nextToken"] = token


def _job_state(detail: Mapping[str, Any]) -> JobState:
    """Read a JobDetail or a JobSummary; both name these parts alike."""
    container = detail.get("container") or {}
    summary = (detail.get("arrayProperties") or {}).get("statusSummary") or {}
    return JobState(
        job_id=detail["jobId"],
        name=detail["jobName"],
        status=detail.get("status", ""),
        reason=detail.get("statusReason") or "",
        children={status: count for status, count in sorted(summary.items()) if count},
        exit_code=container.get("exitCode"),
        log_stream=container.get("logStreamName"),
        log_group=_log_group(container),
        created=_seconds(detail.get("createdAt")),
        started=_seconds(detail.get("startedAt")),
        stopped=_seconds(detail.get("stoppedAt")),
        attempts=tuple(map(_attempt, detail.get("attempts") or ())),
    )


def _attempt(detail: Mapping[str, Any]) -> JobAttempt:
    """Read an AttemptDetail. The container's own reason says more than the job's."""
    container = detail.get("container") or {}
    return JobAttempt(
        start=_seconds(detail.get("startedAt")),
        end=_seconds(detail.get("stoppedAt")),
        exit_code=container.get("exitCode"),
        reason=_joined(detail.get("statusReason"), container.get("reason")),
        log_stream=container.get("logStreamName"),
    )


def _joined(status: str | None, container: str | None) -> str:
    parts = [part for part in (status, container) if part]
    return ": ".join(dict.fromkeys(parts))


def _seconds(milliseconds: int | None) -> float | None:
    """Return a time of the API; it has 0 for one that has not come."""
    return milliseconds / 1000 if milliseconds else None


def _log_group(container: Mapping[str, Any]) -> str | None:
    """Return the log group that a job's definition names. Source: API LogConfiguration."""
    options = (container.get("logConfiguration") or {}).get("options") or {}
    return options.get("awslogs-group") or None

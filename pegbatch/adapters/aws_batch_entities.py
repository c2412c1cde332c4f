"""Definitions, environments and queues of one region: look, make, change, wait, delete."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.errors import OutsideError
from pegbatch.model.entities import EntityKind
from pegbatch.ports import Clock

Json = Mapping[str, Any]

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 15.0
DESCRIBE_MAX = 100
_UNFINISHED = ("RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED")
_PLACED = ("RUNNING", "STARTING")
_MOVING = frozenset({"CREATING", "UPDATING"})
_MEMBERS = {
    EntityKind.DEFINITION: "jobDefinitions",
    EntityKind.ENVIRONMENT: "computeEnvironments",
    EntityKind.QUEUE: "jobQueues",
}
_CREATE = {
    EntityKind.DEFINITION: "register_job_definition",
    EntityKind.ENVIRONMENT: "create_compute_environment",
    EntityKind.QUEUE: "create_job_queue",
}
_ARGUMENT = {EntityKind.ENVIRONMENT: "computeEnvironment", EntityKind.QUEUE: "jobQueue"}

logger = logging.getLogger(__name__)


class BatchEntities:
    """What one account has in one region, through one caller.

    Errors: every method raises what the caller does; waits that end badly raise OutsideError.
    """

    def __init__(self, caller: AwsCaller, clock: Clock, *, wait_seconds: float = 600.0) -> None:
        """Take the caller; wait_seconds bounds the wait for one environment or queue."""
        self._caller = caller
        self._clock = clock
        self.wait_seconds = wait_seconds

    def all(self, kind: EntityKind) -> tuple[Json, ...]:
        """Return every entity of a kind; of definitions the ACTIVE revisions."""
        if kind is EntityKind.DEFINITION:
            return tuple(self._pages("describe_job_definitions", _MEMBERS[kind], status="ACTIVE"))
        return tuple(self._pages(_describe(kind), _MEMBERS[kind]))

    def find(self, kind: EntityKind, name: str) -> Json | None:
        """Return an environment or queue by name or ARN; None where there is none."""
        answer = self._caller.call(_describe(kind), **_arguments({_MEMBERS[kind]: [name]}))
        return next(iter(answer.get(_MEMBERS[kind], ())), None)

    def definition(self, text: str) -> Json | None:
        """Return the revision that a name, `name:revision` or ARN means.

        Shapes: without a revision the latest ACTIVE one; None where there is none.
        """
        tail = text.rsplit("/", 1)[-1]
        name, _, revision = tail.partition(":")
        found = self._pages(
            "describe_job_definitions", "jobDefinitions", jobDefinitionName=name, status="ACTIVE"
        )
        matching = [body for body in found if revision in ("", str(body["revision"]))]
        return max(matching, key=lambda body: int(body["revision"]), default=None)

    def create(self, kind: EntityKind, body: Json) -> str:
        """Make an entity and return its ARN; it may not be VALID yet."""
        answer = self._caller.call(_CREATE[kind], **body)
        return str(next(value for key, value in answer.items() if key.endswith("Arn")))

    def update(self, kind: EntityKind, name: str, **changes: Any) -> Json:
        """Change an environment or queue, wait until it is VALID, and return it."""
        self._caller.call(
            f"update_{_snake(kind)}", **_arguments({_ARGUMENT[kind]: name}), **changes
        )
        return self.await_valid(kind, name)

    def delete(self, kind: EntityKind, name: str) -> None:
        """Disable an environment or queue, delete it, and wait until it is gone."""
        found = self.find(kind, name)
        if found is None or found["status"] == "DELETED":
            return
        if found["status"] != "DELETING":
            self._disable(kind, name, found)
            self._caller.call(f"delete_{_snake(kind)}", **_arguments({_ARGUMENT[kind]: name}))
        self._await(kind, name, lambda body: body is None or body["status"] == "DELETED")

    def deregister(self, arn: str) -> None:
        """Make one revision of a definition INACTIVE; running jobs keep it."""
        self._caller.call("deregister_job_definition", jobDefinition=arn)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags."""
        self._caller.call("tag_resource", resourceArn=arn, tags=dict(tags))

    def await_valid(self, kind: EntityKind, name: str) -> Json:
        """Wait until an environment or queue is VALID, and return it.

        Errors: OutsideError with the statusReason of one that is INVALID, or with the time.
        """
        found = self._await(kind, name, lambda body: body is not None and not _is_moving(body))
        assert found is not None
        check_valid(kind, found)
        return found

    def unfinished_job(self, queue: str) -> str | None:
        """Return a job of a queue that is not finished, in words; None where there is none."""
        for status in _UNFINISHED:
            for job in self._jobs(status, jobQueue=queue):
                return f"{job['jobName']} ({job['jobId']}, {status})"
        return None

    def job_on(self, cluster_arn: str, queues: Sequence[str]) -> str | None:
        """Return a job that occupies an environment, in words; None where there is none.

        Shapes: queues that send or have sent jobs to it. A job whose place is not shown counts,
        so that none is ever ended by mistake.
        """
        cluster = cluster_arn.rsplit("/", 1)[-1]
        placed = chain.from_iterable(self._placed(queue) for queue in queues)
        for group in _grouped(placed, DESCRIBE_MAX):
            answer = self._caller.call("describe_jobs", jobs=[job["jobId"] for job in group])
            for job in answer.get("jobs", ()):
                if job["status"] in _PLACED and _may_be_on(cluster, job):
                    return f"{job['jobName']} ({job['jobId']}, {job['status']})"
        return None

    def _placed(self, queue: str) -> Iterator[Json]:
        for status in _PLACED:
            yield from self._jobs(status, jobQueue=queue)
        for parent in self._jobs("PENDING", jobQueue=queue):
            if "arrayProperties" in parent:
                for status in _PLACED:
                    yield from self._jobs(status, arrayJobId=parent["jobId"])

    def _jobs(self, status: str, **of: str) -> Iterator[Json]:
        return self._pages("list_jobs", "jobSummaryList", jobStatus=status, **of)

    def _pages(self, operation: str, member: str, **arguments: Any) -> Iterator[Json]:
        while True:
            answer = self._caller.call(operation, **arguments)
            yield from answer.get(member, ())
            if not answer.get("nextToken"):
                return
            arguments["nextToken"] = answer["nextToken"]

    def _disable(self, kind: EntityKind, name: str, found: Json) -> None:
        if found["state"] != "DISABLED":
            self._caller.call(
                f"update_{_snake(kind)}", **_arguments({_ARGUMENT[kind]: name}), state="DISABLED"
            )
        self._await(
            kind,
            name,
            lambda body: body is None or (body["state"] == "DISABLED" and not _is_moving(body)),
        )

    def _await(
        self, kind: EntityKind, name: str, done: Callable[[Json | None], bool]
    ) -> Json | None:
        started, pause, said = self._clock.now(), FIRST_PAUSE_SECONDS, ""
        while True:
            found = self.find(kind, name)
            if done(found):
                return found
            status = found["status"] if found else "not shown yet"
            waited = self._clock.now() - started
            if waited >= self.wait_seconds:
                raise OutsideError(
                    f"{kind.words} {name} is still {status} after {waited:.0f} s",
                    hint="run the same command again, or with a longer --wait",
                )
            if status != said:
                logger.info("waiting for %s %s: %s", kind.words, name, status)
                said = status
            self._clock.sleep(min(pause, self.wait_seconds - waited))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def check_valid(kind: EntityKind, found: Json) -> None:
    """Refuse an environment or queue that cannot take jobs.

    Errors: OutsideError with the service's reason.
    """
    if found["status"] == "INVALID":
        name = found[f"{_ARGUMENT[kind]}Name"]
        raise OutsideError(
            f"{kind.words} {name} is INVALID: {found.get('statusReason') or 'no reason is given'}",
            hint="mend what it names (often a role, subnet or security group); then --update "
            "puts a new one in its place, or --delete takes it away",
        )


def _is_moving(found: Json) -> bool:
    return found.get("status") in _MOVING


def _may_be_on(cluster: str, job: Json) -> bool:
    container = job.get("container", {})
    parts = (container.get("taskArn") or container.get("containerInstanceArn") or "").split("/")
    # Task ARNs of old accounts do not name their cluster.
    return not cluster or len(parts) < 3 or parts[1] == cluster


def _grouped(items: Iterator[Json], size: int) -> Iterator[list[Json]]:
    group: list[Json] = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _arguments(named: dict[str, Any]) -> dict[str, Any]:
    return named


def _describe(kind: EntityKind) -> str:
    return f"describe_{_snake(kind)}s"


def _snake(kind: EntityKind) -> str:
    return kind.value.replace("-", "_")

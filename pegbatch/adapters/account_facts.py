"""Looking at an AWS account: everything that `pegbatch check` judges, and no more than that.

Nothing is changed, but for one object that is put and deleted where the user asks for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pegbatch.adapters.account_network import look_at_subnets
from pegbatch.adapters.account_policies import look_at_role, may_submit, may_use_bucket
from pegbatch.adapters.account_types import look_at_types
from pegbatch.adapters.aws_batch_entities import BatchEntities
from pegbatch.adapters.aws_buckets import Buckets
from pegbatch.adapters.aws_calls import AwsCaller, was_answered
from pegbatch.adapters.aws_shapes import batch_regions
from pegbatch.batch.entities import BucketUrl, short_name
from pegbatch.errors import AccessDenied, OutsideError
from pegbatch.model.account import AccountFacts, Identity, Json, Refused, SeenBucket
from pegbatch.model.entities import EntityKind
from pegbatch.ports import Clock

Found = TypeVar("Found")
OpenCaller = Callable[[str, int], AwsCaller]
"""Opens a caller of one service that tries a call so often."""

PROBE_TRIES = 2
LOOK_TRIES = 9
ASIDE_TRIES = 4
"""For what is good to know and not needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be looked at."""

    region: str
    queue: str
    on_demand_queue: str = ""
    definition: str
    bucket: BucketUrl | None
    submits: bool = False
    """Whether tasks submit jobs, as those of sub-workflows do."""
    write: bool


def look_at_account(question: Question, caller: OpenCaller, clock: Clock) -> AccountFacts:
    """Look everything up; what refuses to answer is part of the answer."""
    endpoints = {
        "AWS Batch": _probe(caller, "batch", "describe_job_queues", maxResults=1),
        "S3": _probe(caller, "s3", "list_buckets", MaxBuckets=1),
        "STS": _probe(caller, "sts", "get_caller_identity"),
        "CloudWatch Logs": _probe(caller, "logs", "describe_log_groups", limit=1),
    }
    known = question.region in batch_regions()
    if any(endpoints[name] for name in ("AWS Batch", "STS")):
        silent = Refused("the service does not answer")
        return AccountFacts(
            region=question.region,
            known_region=known,
            caller=silent,
            queue=silent,
            definition=silent,
            bucket=silent,
            environments=silent,
            counts=silent,
            endpoints=endpoints,
        )
    return _look(question, caller, clock, endpoints, known)


def _look(
    question: Question, caller: OpenCaller, clock: Clock, endpoints: Mapping[str, str], known: bool
) -> AccountFacts:
    batch = BatchEntities(caller("batch", LOOK_TRIES), clock)
    identity = _asked(lambda: _identity(caller))
    definition = _asked(
        lambda: batch.definition(question.definition) if question.definition else None
    )
    queue, environments = _queue(batch, question.queue)
    on_demand, on_demand_environments = _queue(batch, question.on_demand_queue)
    bucket = _asked(lambda: _bucket(question, caller, identity))
    container = _container(definition)
    ec2 = caller("ec2", ASIDE_TRIES)
    iam = caller("iam", ASIDE_TRIES)
    known_ones = () if isinstance(environments, Refused) else environments
    return AccountFacts(
        region=question.region,
        known_region=known,
        caller=identity,
        queue=queue,
        environments=environments,
        on_demand=on_demand,
        on_demand_environments=on_demand_environments,
        definition=definition,
        bucket=bucket,
        writable=_writable(question, caller, iam, identity, bucket),
        role_writable=_role_writable(question, iam, container, bucket),
        role_submits=_role_submits(question, iam, queue, definition),
        roles={name: _asked(partial(look_at_role, iam, name)) for name in _roles(container)},
        instance_types={
            _environment_name(body): _asked(partial(look_at_types, ec2, body))
            for body in known_ones
        },
        subnets={
            _environment_name(body): _asked(partial(look_at_subnets, ec2, body, container))
            for body in known_ones
        },
        counts=_asked(lambda: _counts(batch)),
        endpoints=endpoints,
    )


def _asked(look: Callable[[], Found]) -> Found | Refused:
    try:
        return look()
    except OutsideError as error:
        problem = error.problems[0]
        return Refused(problem.message, problem.hint or "", isinstance(error, AccessDenied))


def _probe(caller: OpenCaller, service: str, operation: str, **arguments: Any) -> str:
    try:
        caller(service, PROBE_TRIES).call(operation, **arguments)
    except OutsideError as error:
        return "" if was_answered(error) else error.problems[0].message
    return ""


def _identity(caller: OpenCaller) -> Identity:
    found = caller("sts", LOOK_TRIES).call("get_caller_identity")
    return Identity(str(found["Account"]), str(found["Arn"]))


def _queue(
    batch: BatchEntities, name: str
) -> tuple[Json | Refused | None, tuple[Json, ...] | Refused]:
    """Return a queue and its environments."""
    queue = _asked(lambda: batch.find(EntityKind.QUEUE, name) if name else None)
    return queue, _asked(lambda: _environments(batch, queue))


def _environments(batch: BatchEntities, queue: Json | Refused | None) -> tuple[Json, ...]:
    if queue is None or isinstance(queue, Refused):
        return ()
    order = sorted(queue.get("computeEnvironmentOrder", ()), key=lambda entry: entry["order"])
    return tuple(_found_in_order(batch, [entry["computeEnvironment"] for entry in order]))


def _found_in_order(batch: BatchEntities, arns: list[str]) -> Iterator[Json]:
    for arn in arns:
        found = batch.find(EntityKind.ENVIRONMENT, arn)
        if found is None:
            raise OutsideError(
                f"the queue names {short_name(arn)}, which is not there",
                hint="point the queue to an environment that exists",
            )
        yield found


def _counts(batch: BatchEntities) -> tuple[int, int]:
    return len(batch.all(EntityKind.QUEUE)), len(batch.all(EntityKind.ENVIRONMENT))


def _bucket(
    question: Question, caller: OpenCaller, identity: Identity | Refused
) -> SeenBucket | None:
    if question.bucket is None or isinstance(identity, Refused):
        return None
    buckets = Buckets(caller("s3", LOOK_TRIES), region=question.region, account=identity.account)
    found = buckets.find(question.bucket.bucket)
    return SeenBucket(found.name, found.region) if found else None


def _container(definition: Json | Refused | None) -> Mapping[str, Any]:
    if definition is None or isinstance(definition, Refused):
        return {}
    return definition.get("containerProperties") or {}


def _roles(container: Mapping[str, Any]) -> list[str]:
    names = (str(container.get(key) or "") for key in ("jobRoleArn", "executionRoleArn"))
    return [name for name in names if name]


def _environment_name(body: Json) -> str:
    return str(body["computeEnvironmentName"])


def _writable(
    question: Question,
    caller: OpenCaller,
    iam: AwsCaller,
    identity: Identity | Refused,
    bucket: SeenBucket | Refused | None,
) -> bool | Refused | None:
    if question.bucket is None or isinstance(identity, Refused):
        return None
    if not isinstance(bucket, SeenBucket):
        return None
    url = question.bucket
    if question.write:
        s3 = caller("s3", LOOK_TRIES)
        return _asked(lambda: _put_and_delete(s3, url, identity.account))
    answer = _asked(lambda: may_use_bucket(iam, identity.arn, url))
    if isinstance(answer, Refused):
        return Refused(answer.message, "try it: pegbatch check --write", answer.denied)
    return answer


def _role_writable(
    question: Question,
    iam: AwsCaller,
    container: Mapping[str, Any],
    bucket: SeenBucket | Refused | None,
) -> bool | Refused | None:
    url, role = question.bucket, str(container.get("jobRoleArn") or "")
    if url is None or not role.startswith("arn:") or not isinstance(bucket, SeenBucket):
        return None
    return _asked(lambda: may_use_bucket(iam, role, url))


def _role_submits(
    question: Question,
    iam: AwsCaller,
    queue: Json | Refused | None,
    definition: Json | Refused | None,
) -> bool | Refused | None:
    are_there = isinstance(queue, Mapping) and isinstance(definition, Mapping)
    if not question.submits or not are_there:
        return None
    role = str(_container(definition).get("jobRoleArn") or "")
    if not role.startswith("arn:"):
        return False
    named = ((queue, "jobQueueArn"), (definition, "jobDefinitionArn"))
    arns = [str(one[key]) for one, key in named if isinstance(one, Mapping)]
    return _asked(lambda: may_submit(iam, role, arns))


def _put_and_delete(s3: AwsCaller, url: BucketUrl, account: str) -> bool:
    folder = f"{url.key_prefix}/" if url.key_prefix else ""
    target = {
        "Bucket": url.bucket,
        "Key": f"{folder}pegbatch-check-{secrets.token_hex(8)}",
        "ExpectedBucketOwner": account,
    }
    s3.call("put_object", **_arguments(target))
    s3.call("delete_object", **_arguments(target))
    return True


def _arguments(named: Mapping[str, Any]) -> dict[str, Any]:
    return dict(named)

"""An AWS account in memory, as boto3's clients see it; the test says what goes wrong."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pegbatch.adapters.aws_batch_entities import BatchEntities
from pegbatch.adapters.aws_buckets import Buckets
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.cli.aws_batch.account import Account
from tests.fakes import FakeClock

REGION = "us-east-1"
NUMBER = "123456789012"
KINDS = {"ComputeEnvironment": "compute-environment", "JobQueue": "job-queue"}


def refusal(code: str, operation: str = "Any", status: int = 400, message: str = "no") -> Exception:
    """Return what boto3 raises for an answer."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        operation,
    )


class FakeBatchClient:
    """Definitions, environments and queues; jobs are what the test puts in.

    `errors[operation]` are raised one a call; `becomes[name]` is (status, reason) of what is made
    under a name; `calls` are the operations in order.
    """

    def __init__(self) -> None:
        self.definitions: list[dict[str, Any]] = []
        self.entities: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self.jobs: list[dict[str, Any]] = []
        self.errors: dict[str, list[Exception]] = defaultdict(list)
        self.becomes: dict[str, tuple[str, str]] = {}
        self.calls: list[str] = []
        self.deaf = False
        """Take updates and do nothing."""

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**arguments: Any) -> Any:
            self.calls.append(operation)
            if self.errors[operation]:
                raise self.errors[operation].pop(0)
            verb, _, noun = operation.partition("_")
            kind = "".join(part.capitalize() for part in noun.removesuffix("s").split("_"))
            if kind in KINDS:
                return getattr(self, f"_{verb}")(kind, **arguments)
            return getattr(self, f"_{operation}")(**arguments)

        return call

    def _create(self, kind: str, **body: Any) -> dict[str, Any]:
        small = kind[0].lower() + kind[1:]
        name = body[f"{small}Name"]
        if name in self.entities[kind]:
            raise refusal("ClientException", message="Object already exists")
        arn = f"arn:aws:batch:{REGION}:{NUMBER}:{KINDS[kind]}/{name}"
        status, reason = self.becomes.get(name, ("VALID", ""))
        made = {"state": "ENABLED", "tags": {}, **body, f"{small}Arn": arn}
        made |= {"status": status, "statusReason": reason, "ecsClusterArn": f"arn/cluster/{name}"}
        self.entities[kind][name] = made
        return {f"{small}Arn": arn}

    def _describe(self, kind: str, **given: Any) -> dict[str, Any]:
        member = f"{kind[0].lower()}{kind[1:]}s"
        wanted = [text.rsplit("/", 1)[-1] for text in given.get(member, ())]
        found = [one for name, one in self.entities[kind].items() if not wanted or name in wanted]
        return {member: found}

    def _update(self, kind: str, **given: Any) -> dict[str, Any]:
        name = given.pop(f"{kind[0].lower()}{kind[1:]}").rsplit("/", 1)[-1]
        body = self.entities[kind][name]
        resources = given.pop("computeResources", {})
        if not self.deaf:
            body |= given
            body.get("computeResources", {}).update(resources)
        return {}

    def _delete(self, kind: str, **given: Any) -> dict[str, Any]:
        (name,) = given.values()
        assert self.entities[kind][name]["state"] == "DISABLED"
        del self.entities[kind][name]
        return {}

    def _register_job_definition(self, **body: Any) -> dict[str, Any]:
        name = body["jobDefinitionName"]
        revision = 1 + sum(one["jobDefinitionName"] == name for one in self.definitions)
        arn = f"arn:aws:batch:{REGION}:{NUMBER}:job-definition/{name}:{revision}"
        made = {**body, "revision": revision, "status": "ACTIVE", "jobDefinitionArn": arn}
        self.definitions.append(made)
        return {"jobDefinitionName": name, "jobDefinitionArn": arn, "revision": revision}

    def _describe_job_definitions(self, **given: Any) -> dict[str, Any]:
        """Answer one a page, so that paging is exercised."""
        name = given.get("jobDefinitionName")
        found = [
            one
            for one in self.definitions
            if one["status"] == "ACTIVE" and name in (None, one["jobDefinitionName"])
        ]
        start = int(given.get("nextToken", 0))
        more = {"nextToken": str(start + 1)} if start + 1 < len(found) else {}
        return {"jobDefinitions": found[start : start + 1], **more}

    def _deregister_job_definition(self, jobDefinition: str) -> dict[str, Any]:  # noqa: N803
        for one in self.definitions:
            if one["jobDefinitionArn"] == jobDefinition:
                one["status"] = "INACTIVE"
        return {}

    def _tag_resource(self, resourceArn: str, tags: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        for entities in self.entities.values():
            for body in entities.values():
                if resourceArn in body.values():
                    body["tags"] = {**body["tags"], **tags}
        return {}

    def _list_jobs(self, **given: Any) -> dict[str, Any]:
        queue, parent = given.get("jobQueue"), given.get("arrayJobId")
        found = [
            job
            for job in self.jobs
            if job["status"] == given["jobStatus"]
            and (job.get("parent") == parent if parent else job.get("queue") == queue)
        ]
        return {"jobSummaryList": found}

    def _describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        return {"jobs": [job for job in self.jobs if job["jobId"] in jobs]}


class FakeS3Client:
    """Buckets and keys; a bucket in `closed` belongs to somebody else."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Any]] = {}
        self.closed: set[str] = set()
        self.errors: dict[str, list[Exception]] = defaultdict(list)
        self.undeletable: set[str] = set()

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**arguments: Any) -> Any:
            if self.errors[operation]:
                raise self.errors[operation].pop(0)
            owner = arguments.pop("ExpectedBucketOwner", NUMBER)
            assert owner == NUMBER
            if arguments.get("Bucket") in self.closed:
                raise refusal("403", operation, 403)
            return getattr(self, f"_{operation}")(**arguments)

        return call

    def put(self, name: str, *keys: str, tags: dict[str, str] | None = None) -> None:
        """Have a bucket with objects."""
        self.buckets[name] = {"keys": list(keys), "tags": tags or {}, "region": REGION}

    def _head_bucket(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        if Bucket not in self.buckets:
            raise refusal("404", "HeadBucket", 404)
        return {"BucketRegion": self.buckets[Bucket]["region"]}

    def _create_bucket(self, Bucket: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        self.put(Bucket)
        return {}

    def _get_bucket_tagging(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        tags = self.buckets[Bucket]["tags"]
        if not tags:
            raise refusal("NoSuchTagSet", "GetBucketTagging", 404)
        return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _put_bucket_tagging(self, Bucket: str, Tagging: Any) -> dict[str, Any]:  # noqa: N803
        tags = {entry["Key"]: entry["Value"] for entry in Tagging["TagSet"]}
        self.buckets[Bucket]["tags"] = tags
        return {}

    def _put_public_access_block(self, **given: Any) -> dict[str, Any]:
        self.buckets[given["Bucket"]]["closed"] = given["PublicAccessBlockConfiguration"]
        return {}

    def _put_bucket_encryption(self, **given: Any) -> dict[str, Any]:
        self.buckets[given["Bucket"]]["encrypted"] = True
        return {}

    def _list_objects_v2(self, Bucket: str, **given: Any) -> dict[str, Any]:  # noqa: N803
        keys = [k for k in self.buckets[Bucket]["keys"] if k.startswith(given.get("Prefix", ""))]
        start = int(given.get("ContinuationToken", 0))
        more = start + 1 < len(keys)
        page = {"Contents": [{"Key": key} for key in keys[start : start + 1]], "IsTruncated": more}
        return {**page, "NextContinuationToken": str(start + 1)} if more else page

    def _delete_objects(self, Bucket: str, Delete: Any) -> dict[str, Any]:  # noqa: N803
        wanted = [entry["Key"] for entry in Delete["Objects"]]
        assert len(wanted) <= 1000
        left = [key for key in wanted if key in self.undeletable]
        bucket = self.buckets[Bucket]
        bucket["keys"] = [k for k in bucket["keys"] if k not in wanted or k in left]
        return {"Errors": [{"Key": key, "Message": "locked"} for key in left]} if left else {}

    def _get_bucket_versioning(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        return {"Status": "Enabled"} if self.buckets[Bucket].get("versioned") else {}

    def _delete_bucket(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        if self.buckets[Bucket]["keys"]:
            raise refusal("BucketNotEmpty", "DeleteBucket", 409)
        del self.buckets[Bucket]
        return {}


class FakeAccount:
    """Both clients, and the account that use cases are handed."""

    def __init__(self, *, wait_seconds: float = 600.0) -> None:
        self.batch = FakeBatchClient()
        self.s3 = FakeS3Client()
        self.clock = FakeClock()
        self.account = Account(
            number=NUMBER,
            region=REGION,
            batch=BatchEntities(self._caller(self.batch), self.clock, wait_seconds=wait_seconds),
            buckets=Buckets(self._caller(self.s3), region=REGION, account=NUMBER),
            clock=self.clock,
        )

    def _caller(self, client: Any) -> AwsCaller:
        return AwsCaller(client, CallBudget(self.clock, 1e6), self.clock, jitter=lambda: 1.0)

    def job(self, name: str, status: str, queue: str, **more: Any) -> dict[str, Any]:
        """Put a job into a queue."""
        made = {"jobId": f"id-{name}", "jobName": name, "status": status, "queue": queue, **more}
        self.batch.jobs.append(made)
        return made

    def names(self, kind: str) -> set[str]:
        """Return the environments or queues that are there."""
        return set(self.batch.entities[kind])


def write_json(path: Path, body: Any) -> str:
    """Write a JSON file and return its path."""
    path.write_text(json.dumps(body))
    return str(path)

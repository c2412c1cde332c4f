"""The bucket of a prefix: look, make, empty of what is ours, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller, service_code
from pegbatch.errors import AccessDenied, OutsideError, Problem

DELETE_MAX = 1000
OLDEST_REGION = "us-east-1"
"""The one region that takes no LocationConstraint."""


@dataclass(frozen=True, slots=True)
class FoundBucket:
    """A bucket of this account."""

    name: str
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)


class Buckets:
    """Buckets of one account, through one caller of S3."""

    def __init__(self, caller: AwsCaller, *, region: str, account: str) -> None:
        """Take the caller, and whose buckets count as ours."""
        self._caller = caller
        self._region = region
        self._account = account

    def find(self, name: str) -> FoundBucket | None:
        """Return a bucket; None where nobody has one of that name.

        Errors: AccessDenied where it is another account's, or we may not look.
        """
        try:
            head = self._call("head_bucket", name)
        except AccessDenied as error:
            raise AccessDenied(
                f"bucket {name} exists and is not open to this account: it may be somebody else's",
                hint="name another with --s3, or allow s3:ListBucket on it",
            ) from error
        except OutsideError as error:
            if service_code(error) in ("404", "NoSuchBucket"):
                return None
            raise
        return FoundBucket(name, head.get("BucketRegion") or OLDEST_REGION, self._tags(name))

    def create(self, name: str, tags: Mapping[str, str]) -> FoundBucket:
        """Make a private, encrypted bucket."""
        place: dict[str, Any] = {}
        if self._region != OLDEST_REGION:
            place["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        try:
            self._caller.call("create_bucket", Bucket=name, **place)
        except OutsideError as error:
            # The answer of the first try may have been lost.
            if service_code(error) != "BucketAlreadyOwnedByYou":
                raise
        # Tags first: what is made and not tagged would never be deleted again.
        self._call("put_bucket_tagging", name, Tagging={"TagSet": _tag_set(tags)})
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy")
        access = dict.fromkeys((*closed, "RestrictPublicBuckets"), True)
        self._call("put_public_access_block", name, PublicAccessBlockConfiguration=access)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self._call(
            "put_bucket_encryption", name, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )
        return FoundBucket(name, self._region, tags)

    def keys(self, name: str, prefix: str = "") -> Iterator[str]:
        """Yield the keys of all objects below a prefix."""
        more: dict[str, Any] = {"Prefix": prefix} if prefix else {}
        while True:
            answer = self._call("list_objects_v2", name, **more)
            yield from (entry["Key"] for entry in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            more["ContinuationToken"] = answer["NextContinuationToken"]

    def keeps_versions(self, name: str) -> bool:
        """Tell whether deleted objects stay in a bucket as old versions."""
        return bool(self._call("get_bucket_versioning", name).get("Status"))

    def delete_objects(self, name: str, keys: Sequence[str]) -> None:
        """Delete objects.

        Errors: OutsideError where the bucket would only hide them, before any is deleted, and
        naming those that S3 would not delete.
        """
        if keys and self.keeps_versions(name):
            raise OutsideError(
                f"s3://{name} keeps old versions of objects, and stays with all that is in it",
                hint="delete the versions (in S3's console: Empty), and run the same command again",
            )
        for start in range(0, len(keys), DELETE_MAX):
            entries = [{"Key": key} for key in keys[start : start + DELETE_MAX]]
            answer = self._call("delete_objects", name, Delete={"Objects": entries, "Quiet": True})
            left = answer.get("Errors", ())
            if left:
                raise OutsideError(problems=[_left(name, entry) for entry in left])

    def delete(self, name: str) -> None:
        """Delete an empty bucket."""
        self._call("delete_bucket", name)

    def _tags(self, name: str) -> Mapping[str, str]:
        try:
            answer = self._call("get_bucket_tagging", name)
        except OutsideError as error:
            if service_code(error) == "NoSuchTagSet":
                return {}
            raise
        return {entry["Key"]: entry["Value"] for entry in answer.get("TagSet", ())}

    def _call(self, operation: str, name: str, **arguments: Any) -> dict[str, Any]:
        # Never into a bucket of somebody who took the name first.
        return self._caller.call(
            operation, Bucket=name, ExpectedBucketOwner=self._account, **arguments
        )


def _tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _left(name: str, entry: Mapping[str, str]) -> Problem:
    return Problem(f"not deleted: {entry.get('Message')}", f"s3://{name}/{entry.get('Key')}")

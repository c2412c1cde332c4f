"""Buckets as S3 takes and answers requests, against botocore's model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.stub import ANY, Stubber

from pegbatch.adapters.aws_buckets import Buckets, FoundBucket
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import local_client
from pegbatch.errors import AccessDenied, OutsideError
from tests.fakes import FakeClock

OWNER = {"Bucket": "b", "ExpectedBucketOwner": "123456789012"}


@contextmanager
def stubbed(region: str = "us-east-1") -> Iterator[tuple[Buckets, Stubber]]:
    clock = FakeClock()
    with local_client("s3", "http://127.0.0.1:9") as client, Stubber(client) as stub:
        caller = AwsCaller(client, CallBudget(clock, 1e6), clock, service="s3")
        yield Buckets(caller, region=region, account="123456789012"), stub
        stub.assert_no_pending_responses()


def settle(stub: Stubber) -> None:
    """Answer what follows the creation of a bucket."""
    stub.add_response("put_bucket_tagging", {}, {**OWNER, "Tagging": ANY})
    access = {**OWNER, "PublicAccessBlockConfiguration": ANY}
    stub.add_response("put_public_access_block", {}, access)
    encryption = {**OWNER, "ServerSideEncryptionConfiguration": ANY}
    stub.add_response("put_bucket_encryption", {}, encryption)


def test_the_oldest_region_takes_no_location() -> None:
    with stubbed() as (buckets, stub):
        stub.add_response("create_bucket", {}, {"Bucket": "b"})
        settle(stub)
        assert buckets.create("b", {"k": "v"}) == FoundBucket("b", "us-east-1", {"k": "v"})


def test_every_other_region_takes_one() -> None:
    with stubbed("eu-west-1") as (buckets, stub):
        place = {"LocationConstraint": "eu-west-1"}
        wanted = {"Bucket": "b", "CreateBucketConfiguration": place}
        stub.add_response("create_bucket", {}, wanted)
        settle(stub)
        assert buckets.create("b", {}).region == "eu-west-1"


def test_a_bucket_whose_creation_was_answered_too_late_is_ours() -> None:
    with stubbed() as (buckets, stub):
        stub.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", http_status_code=409)
        settle(stub)
        assert buckets.create("b", {}).name == "b"


def test_a_name_that_somebody_took_is_refused() -> None:
    with stubbed() as (buckets, stub):
        stub.add_client_error("create_bucket", "BucketAlreadyExists", http_status_code=409)
        with pytest.raises(OutsideError, match="BucketAlreadyExists"):
            buckets.create("b", {})


def test_only_a_bucket_of_this_account_is_found() -> None:
    with stubbed() as (buckets, stub):
        stub.add_client_error("head_bucket", "403", http_status_code=403, expected_params=OWNER)
        with pytest.raises(AccessDenied, match="may be somebody else's"):
            buckets.find("b")
        stub.add_client_error("head_bucket", "404", http_status_code=404)
        assert buckets.find("b") is None
        stub.add_response("head_bucket", {"BucketRegion": "eu-west-1"}, OWNER)
        stub.add_client_error("get_bucket_tagging", "NoSuchTagSet", http_status_code=404)
        assert buckets.find("b") == FoundBucket("b", "eu-west-1", {})


def test_tags_that_may_not_be_read_are_an_error() -> None:
    with stubbed() as (buckets, stub):
        stub.add_response("head_bucket", {}, OWNER)
        stub.add_client_error("get_bucket_tagging", "AccessDenied", http_status_code=403)
        with pytest.raises(AccessDenied, match="s3:GetBucketTagging"):
            buckets.find("b")
        stub.add_client_error("head_bucket", "400", http_status_code=400)
        with pytest.raises(OutsideError, match="head_bucket"):
            buckets.find("b")


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_nothing_is_deleted_from_a_bucket_that_would_only_hide_it(status: str) -> None:
    with stubbed() as (buckets, stub):
        stub.add_response("get_bucket_versioning", {"Status": status}, OWNER)
        with pytest.raises(OutsideError, match="keeps old versions"):
            buckets.delete_objects("b", ["k"])
        # Once it was emptied nobody asks, so that it can go.
        buckets.delete_objects("b", [])


def test_objects_are_deleted_a_thousand_a_call() -> None:
    with stubbed() as (buckets, stub):
        stub.add_response("get_bucket_versioning", {}, OWNER)
        for count in (1000, 1):
            objects = [{"Key": f"k{n}"} for n in range(count)]
            wanted = {**OWNER, "Delete": {"Objects": objects, "Quiet": True}}
            stub.add_response("delete_objects", {}, wanted)
        buckets.delete_objects("b", [*(f"k{n}" for n in range(1000)), "k0"])
        stub.add_response("delete_bucket", {}, OWNER)
        buckets.delete("b")

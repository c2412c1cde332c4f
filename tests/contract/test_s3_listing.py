"""Listing a prefix, page after page, against an S3 server."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from pegbatch.adapters.s3_listing import list_objects
from pegbatch.adapters.s3_logins import S3Login
from pegbatch.errors import AccessDenied, ObjectMissing, StoreError
from tests.wire_s3 import s3_server


@pytest.fixture(scope="module")
def login() -> Iterator[S3Login]:
    """Fill a bucket and return the login for it."""
    with s3_server() as url:
        login = S3Login(url, "testing", "testing")
        client = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="bucket")
        for number in range(7):
            client.put_object(Bucket="bucket", Key=f"deep/folder/{number}", Body=b"x" * number)
        client.put_object(Bucket="bucket", Key="deep/folder2", Body=b"")
        client.put_object(Bucket="bucket", Key="a b%20c#d", Body=b"")
        client.close()
        yield login


def test_a_folder_is_listed_whole_over_several_pages(login: S3Login) -> None:
    found = list(list_objects("bucket", "/deep/folder/", login, page=3))
    assert {info.url: info.size_bytes for info in found} == {
        f"s3://bucket/deep/folder/{number}": number for number in range(7)
    }


def test_a_bucket_is_listed_with_its_names_as_they_are(login: S3Login) -> None:
    urls = {info.url for info in list_objects("bucket", "", login)}
    assert len(urls) == 9
    assert "s3://bucket/a b%20c#d" in urls


def test_a_folder_that_is_not_there_is_empty_and_a_bucket_is_an_error(login: S3Login) -> None:
    assert list(list_objects("bucket", "nowhere", login)) == []
    with pytest.raises(ObjectMissing, match="no such bucket"):
        list(list_objects("no-such-bucket", "", login))


def test_a_service_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreError, match="cannot be listed"):
        list(list_objects("bucket", "", S3Login("http://127.0.0.1:9", "k", "s")))


def test_without_credentials_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(AccessDenied) as caught:
        list(list_objects("bucket", "", None))
    assert "AWS_PROFILE" in str(caught.value.problems[0].hint)

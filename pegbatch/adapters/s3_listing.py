"""Listing a prefix of a bucket on S3, page after page: the one way to learn of many objects.

Through boto3 and not obstore, so that it knows profiles, regions and custom endpoints as every
other tool does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from pegbatch.adapters.aws_calls import CREDENTIALS_HINT, error_code
from pegbatch.adapters.s3_logins import LOGIN_REGION, S3Login
from pegbatch.errors import AccessDenied, ObjectMissing, OutsideError, StoreError
from pegbatch.ports import ObjectInfo

PAGE = 1000
"""Source: Amazon S3 API, ListObjectsV2, MaxKeys."""


def list_objects(
    bucket: str, prefix: str, login: S3Login | None, *, page: int = PAGE
) -> Iterator[ObjectInfo]:
    """Yield the objects below a folder; nothing where there is no such folder.

    Shapes: login is that of a `user@site`, None for the user's AWS set-up; URLs are
    `s3://bucket/key`.
    Errors: AccessDenied, ObjectMissing where there is no such bucket, StoreError.
    """
    start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    try:
        with closing(_client(login)) as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=start, PaginationConfig={"PageSize": page}
            )
            for answer in pages:
                for item in answer.get("Contents", ()):
                    yield ObjectInfo(url=f"s3://{bucket}/{item['Key']}", size_bytes=item["Size"])
    except (ClientError, BotoCoreError) as error:
        raise _translated(error, f"s3://{bucket}/{prefix}") from error


def _client(login: S3Login | None) -> Any:
    session = botocore.session.get_session()
    if login is None:
        return session.create_client("s3")
    if login.access_key and login.secret_key:
        session.set_credentials(login.access_key, login.secret_key, login.token)
    return session.create_client(
        "s3",
        region_name=login.region or LOGIN_REGION,
        endpoint_url=login.endpoint_url,
        # Endpoints of one's own seldom have a host name for each bucket.
        config=Config(s3={"addressing_style": "path" if login.endpoint_url else "auto"}),
    )


def _translated(error: ClientError | BotoCoreError, where: str) -> OutsideError:
    if isinstance(error, NoCredentialsError):
        return AccessDenied("there are no AWS credentials", where=where, hint=CREDENTIALS_HINT)
    if isinstance(error, BotoCoreError):
        return StoreError(f"cannot be listed: {error}", where=where, hint="look at the network")
    code = error_code(error)
    if code == "NoSuchBucket":
        return ObjectMissing("there is no such bucket", where=where, hint="check its name")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status in (401, 403):
        return AccessDenied(
            f"cannot be listed: {code}", where=where, hint="allow s3:ListBucket on the bucket"
        )
    return StoreError(f"cannot be listed: {code or status}", where=where)

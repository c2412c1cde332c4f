"""Where planning looks to list a place on S3: the embedded AWS, Amazon, or a login's service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pegbatch.adapters.directory_replicas import ListObjects
from pegbatch.adapters.s3_logins import S3Logins
from pegbatch.adapters.store import Store
from pegbatch.emulator.background import local_folder
from pegbatch.errors import ObjectMissing
from pegbatch.planner.urls import s3_user
from pegbatch.ports import ObjectInfo


def object_lister(base_dir: Path, logins: S3Logins, *, amazon: bool) -> ListObjects:
    """Return what lists an `s3://` URL.

    Shapes: a `user@site` whose login names a service of its own is looked up there; else Amazon
    where the run is meant for it, or the buckets of the embedded AWS below base_dir. URLs come
    back as they were given.
    """
    buckets = local_folder(base_dir) / "s3"

    def listed(url: str) -> Iterator[ObjectInfo]:
        user = s3_user(url)
        start = f"s3://{user}/" if user else "s3://"
        bucket, _, prefix = url.removeprefix(start).strip("/").partition("/")
        login = logins.find(url)
        if amazon or (login is not None and login.endpoint_url):
            # Late on purpose: botocore takes a quarter of the time in which `plan` starts.
            from pegbatch.adapters.s3_listing import list_objects

            found = list_objects(bucket, prefix, login)
        else:
            found = _embedded(buckets, bucket, prefix)
        for info in found:
            yield info._replace(url=start + info.url.removeprefix("s3://"))

    return listed


def _embedded(buckets: Path, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
    if not bucket or not (buckets / bucket).is_dir():
        raise ObjectMissing(
            "the embedded AWS has no such bucket",
            where=f"s3://{bucket}",
            hint="to look on Amazon, set pegasus.aws.region and pegasus.aws.account; elsewhere, "
            "write s3://user@site/… and give ~/.pegasus/credentials.conf a login for it",
        )
    return Store(s3_directory=buckets).list(f"s3://{bucket}/{prefix}".rstrip("/"))

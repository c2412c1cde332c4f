"""S3 of the embedded AWS over the wire: how it is reached, and its buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import LOCAL_REGION, local_client
from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store_urls import parse_url
from pegbatch.errors import JobServiceError, JobServiceUnreachable, StoreError
from pegbatch.ports import Clock

RETRY_SECONDS = 20.0
"""Nothing on this machine is away for longer and comes back."""


class LocalCredentials:
    """What the embedded AWS takes for credentials: obstore's protocol of a credential provider."""

    config: Mapping[str, str] = {"region": LOCAL_REGION}

    def __call__(self) -> Mapping[str, object]:
        """Return credentials that anybody may have, and that last."""
        return {
            "access_key_id": "local",
            "secret_access_key": "local",
            "token": None,
            "expires_at": None,
        }


def wire_options(url: str) -> S3Options:
    """Return how the object store reaches S3 at the address of the embedded AWS."""
    return S3Options(
        endpoint_url=url, directly=True, credentials=LocalCredentials(), retry_seconds=RETRY_SECONDS
    )


def bucket_names(urls: Iterable[str]) -> tuple[str, ...]:
    """Return the buckets of those URLs that are in S3, sorted."""
    return tuple(sorted({parse_url(url).bucket for url in urls if url.startswith("s3://")}))


def make_buckets(url: str, names: Iterable[str], clock: Clock) -> None:
    """Make the buckets that are missing.

    Errors: StoreError naming the bucket that could not be made; JobServiceUnreachable where the
    embedded AWS has not answered for long.
    """
    with local_client("s3", url) as client:
        caller = AwsCaller(client, CallBudget(clock), clock, service="s3")
        for name in names:
            try:
                caller.call("create_bucket", Bucket=name)
            except JobServiceUnreachable:
                raise
            except JobServiceError as error:
                raise StoreError(
                    f"the bucket cannot be made: {error}",
                    where=f"s3://{name}",
                    hint="use 3 to 63 lower-case letters, digits, dots and hyphens in its name",
                ) from error

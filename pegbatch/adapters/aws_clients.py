"""Clients of Amazon, and of the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from pegbatch.adapters.aws_calls import CREDENTIALS_HINT
from pegbatch.engine.parallel import WORKERS
from pegbatch.errors import AccessDenied

LOCAL_REGION = "us-east-1"
CONNECT_SECONDS = 10
READ_SECONDS = 60
CREDENTIALS_LIFE = timedelta(minutes=10)
"""How long the object store keeps credentials before it asks for them again."""


@contextmanager
def local_client(service: str, url: str) -> Iterator[BaseClient]:
    """Open a client of the embedded AWS; the user's AWS set-up plays no part in it.

    Shapes: service is `batch` or `logs`; url is the emulator's address.
    """
    session = botocore.session.get_session({"profile": (None, None, None, None)})
    # The embedded AWS signs nothing and knows nobody; boto3 will not call without credentials.
    session.set_credentials("local", "local")
    client = session.create_client(
        service, region_name=LOCAL_REGION, endpoint_url=url, config=_config(proxies={})
    )
    try:
        yield client
    finally:
        client.close()


@contextmanager
def amazon_client(service: str, region: str) -> Iterator[BaseClient]:
    """Open a client of Amazon (or of what AWS_ENDPOINT_URL names), with the user's credentials.

    Errors: AccessDenied where the user's AWS set-up contradicts itself.
    """
    try:
        session = botocore.session.get_session()
        client = session.create_client(service, region_name=region, config=_config())
    except BotoCoreError as error:
        raise AccessDenied(
            f"cannot use the AWS set-up: {error}", hint="look at AWS_PROFILE and ~/.aws/config"
        ) from error
    try:
        yield client
    finally:
        client.close()


def _config(proxies: dict[str, str] | None = None) -> Config:
    # One try a call: adapters.aws_calls retries under a budget, and never repeats SubmitJob.
    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        # As many calls as are made at a time: with fewer, each one more opens a connection anew.
        max_pool_connections=WORKERS,
        proxies=proxies,
        user_agent_extra="pegbatch",
    )


class AmazonCredentials:
    """The user's credentials for the object store: obstore's protocol of a credential provider."""

    def __init__(self, region: str) -> None:
        """Find the credentials where every AWS tool finds them.

        Errors: AccessDenied where there are none.
        """
        self.config = {"region": region}
        try:
            found = botocore.session.get_session().get_credentials()
        except BotoCoreError as error:
            raise AccessDenied(f"cannot use the AWS set-up: {error}") from error
        if found is None:
            raise AccessDenied("there are no AWS credentials", hint=CREDENTIALS_HINT)
        self._found = found

    def __call__(self) -> Mapping[str, object]:
        """Return the credentials of now; they are asked for again after a while."""
        frozen = self._found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + CREDENTIALS_LIFE,
        }

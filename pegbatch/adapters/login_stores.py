"""S3 as the client's logins reach it: what the object store needs of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.s3_logins import LOGIN_REGION, S3Login, S3Logins
from pegbatch.adapters.store import s3_endpoint


class LoginCredentials:
    """The keys of one login: obstore's protocol of a credential provider."""

    def __init__(self, login: S3Login) -> None:
        """Take a login that has keys."""
        self.config = {"region": login.region or LOGIN_REGION}
        self._login = login

    def __call__(self) -> Mapping[str, object]:
        """Return the keys, which do not expire."""
        return {
            "access_key_id": self._login.access_key,
            "secret_access_key": self._login.secret_key,
            "token": self._login.token,
            "expires_at": None,
        }


def options_of_users(
    logins: S3Logins, owners: Mapping[str, str]
) -> Callable[[str, str], S3Options | None]:
    """Return how a `user@site`, or who is known to own a bucket, reaches it.

    Shapes: owners holds `user@site` by bucket, for URLs that name none; the answer is None where
    there is no login with keys. What stands in for Amazon (AWS_ENDPOINT_URL) does so for logins.
    """

    def options(user: str, bucket: str) -> S3Options | None:
        login = logins.find(f"s3://{user or owners.get(bucket, '')}/{bucket}")
        if login is None or not (login.access_key and login.secret_key):
            return None
        return S3Options(
            endpoint_url=login.endpoint_url or s3_endpoint(os.environ),
            credentials=LoginCredentials(login),
        )

    return options

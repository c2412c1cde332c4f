"""How a bucket of S3 is reached: where, by whom, and for how long it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

LOOPBACK = ("127.0.0.1", "localhost", "::1")
RETRY_SECONDS = 120.0
MAX_RETRIES = 1_000
BACKOFF_BASE = 3
LONGEST_BACKOFF_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""How long S3 may say nothing before a request is made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How S3 is reached, beyond what obstore reads from the environment."""

    endpoint_url: str | None = None
    """None: Amazon."""
    directly: bool = False
    """Past the proxies that the environment names: the endpoint is on this machine."""
    retry_seconds: float = RETRY_SECONDS
    """How long transient faults (5xx, SlowDown, reset) are retried, with backoff."""
    credentials: Callable[[], Any] | None = None
    """obstore credential provider; None: environment, container or instance role."""

    @property
    def is_guarded(self) -> bool:
        """Whether nobody on the way can change what is sent: by TLS, or on this machine."""
        place = urlsplit(self.endpoint_url or "https:")
        return place.scheme == "https" or place.hostname in LOOPBACK


def open_bucket(bucket: str, options: S3Options, *, sign_bodies: bool = True) -> S3Store:
    """Open a bucket; without sign_bodies the signatures of requests leave out what is sent."""
    config: S3Config = {} if sign_bodies else {"unsigned_payload": True}
    # The total time of a request is bounded by the size of the object alone; a stall is cut short.
    silence = max(1, round(min(SILENCE_SECONDS, options.retry_seconds / 2)))
    client: ClientConfig = {
        "timeout": "1 day",
        "read_timeout": f"{silence}s",
        "connect_timeout": "10s",
    }
    if options.endpoint_url:
        config["aws_endpoint_url_s3"] = options.endpoint_url
        client["allow_http"] = options.endpoint_url.startswith("http://")
        if options.directly:
            # There is no word for "no proxy"; one that is named and not used keeps others out.
            client["proxy_url"] = options.endpoint_url
            client["proxy_excludes"] = "127.0.0.1,localhost"
    # Time alone ends it. A pause is up to BACKOFF_BASE times as long as the one before, by chance:
    # with obstore's own 2 they would not grow, and its few retries would be over in seconds.
    retry: RetryConfig = {
        "max_retries": MAX_RETRIES,
        "retry_timeout": timedelta(seconds=options.retry_seconds),
        "backoff": {
            "base": BACKOFF_BASE,
            "max_backoff": timedelta(
                seconds=min(LONGEST_BACKOFF_SECONDS, max(0.5, options.retry_seconds / 8))
            ),
        },
    }
    return S3Store(
        bucket,
        config=config,
        client_options=client,
        retry_config=retry,
        credential_provider=options.credentials,
    )

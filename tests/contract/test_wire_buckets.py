"""Buckets of the embedded AWS over the wire, made through whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import pytest

from pegbatch.adapters.wire_buckets import make_buckets
from pegbatch.errors import JobServiceUnreachable, StoreError
from tests.fakes import FakeClock
from tests.faulty_proxy import Answer, Broken, Request, faulty_proxy, refusal
from tests.wire_s3 import s3_server


def test_a_service_that_is_busy_is_asked_again() -> None:
    left = [refusal(500, "InternalError"), refusal(503, "SlowDown")]

    def fault(request: Request, ask: Callable[[], Answer]) -> Broken | None:
        return left.pop() if left else None

    with s3_server() as endpoint, faulty_proxy(endpoint) as proxy:
        proxy.fault = fault
        make_buckets(proxy.url, ["first-bucket", "second-bucket"], FakeClock())
        with urlopen(HttpRequest(f"{endpoint}/first-bucket", method="HEAD")) as answer:
            assert answer.status == 200
        assert proxy.count("PUT", "bucket") == 4


def test_a_service_that_stays_busy_is_named_as_that() -> None:
    with s3_server() as endpoint, faulty_proxy(endpoint) as proxy:
        proxy.fault = lambda request, ask: refusal(503, "SlowDown")
        with pytest.raises(JobServiceUnreachable, match="create_bucket"):
            make_buckets(proxy.url, ["a-bucket"], FakeClock())


def test_a_name_that_no_bucket_may_have_is_refused_with_the_rule() -> None:
    with s3_server() as endpoint, pytest.raises(StoreError, match="3 to 63 lower-case"):
        make_buckets(endpoint, ["b"], FakeClock())

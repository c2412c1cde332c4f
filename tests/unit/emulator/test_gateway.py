"""Which service a request is for, and what a client of it reads when there is none."""

from __future__ import annotations

import pytest

from pegbatch.emulator.gateway import error_answer, service_of
from pegbatch.emulator.http_server import Head
from pegbatch.emulator.refusals import Refusal

SCOPE = "x/20300101/us-east-1/{}/aws4_request"


def head(target: str = "/", method: str = "GET", **headers: str) -> Head:
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return Head(method, target, found, tuple(f"{name}: {value}" for name, value in found.items()))


@pytest.mark.parametrize("service", ["batch", "logs", "s3", "cloudformation"])
def test_the_signature_says_the_service(service: str) -> None:
    text = f"AWS4-HMAC-SHA256 Credential={SCOPE.format(service)}, SignedHeaders=host, Signature=1"
    assert service_of(head(authorization=text)) == service


def test_a_presigned_url_says_it_too() -> None:
    credential = SCOPE.format("s3").replace("/", "%2F")
    assert service_of(head(f"/b/k?X-Amz-Credential={credential}&X-Amz-Signature=1")) == "s3"
    assert service_of(head("/b/k?AWSAccessKeyId=1&Signature=2&Expires=3")) == "s3"


@pytest.mark.parametrize("text", ["", "Basic x", "AWS4-HMAC-SHA256 Credential=x"])
def test_what_names_no_service_is_for_nobody_else(text: str) -> None:
    assert service_of(head("/v1/submitjob", authorization=text)) is None


@pytest.mark.parametrize(
    ("service", "start"),
    [
        ("s3", b"<Error><Code>NotImplemented</Code><Message>a &lt; b"),
        ("ec2", b"<Response><Errors><Error><Code>"),
        ("iam", b"<ErrorResponse><Error><Code>"),
    ],
)
def test_errors_are_in_the_form_that_the_services_clients_read(service: str, start: bytes) -> None:
    refusal = Refusal("a < b", error_type="NotImplemented", status=501)
    answer = error_answer(service, head(), refusal)
    assert answer.body.startswith(start)
    assert answer.status == 501
    assert error_answer(service, head(method="HEAD"), refusal).body == b""
    json = error_answer("events", head(x_amz_target="AWSEvents.ListRules"), refusal)
    assert json.body == b'{"__type":"NotImplemented","message":"a < b"}'

"""A message is sent once, and whatever goes wrong is told without the secret."""

from __future__ import annotations

import pytest

from pegbatch.adapters.clock import SystemClock
from pegbatch.adapters.notices import post, publish
from pegbatch.model.notify import Notice
from tests.webhook_desk import webhook_desk

NOTICE = Notice("w: failed", "w: failed\n<!channel> @all a & b <http://x|y>")


def test_a_webhook_gets_text_in_which_nothing_is_a_link_or_calls_people() -> None:
    with webhook_desk() as desk:
        assert post(desk.url, NOTICE) == ""
    text = "w: failed\n&lt;!channel&gt; @\u2060all a &amp; b &lt;http://x|y&gt;"
    assert desk.got == [{"text": text}]


def test_no_proxy_is_told_the_url_of_a_webhook_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with webhook_desk() as proxy, webhook_desk() as desk:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert post(desk.url, NOTICE) == ""
    assert (len(desk.got), proxy.got) == (1, [])


def test_a_refusal_is_told_by_its_code_and_not_tried_again() -> None:
    with webhook_desk(code=500) as desk:
        assert post(desk.url, NOTICE) == "127.0.0.1 says 500"
    assert len(desk.got) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    with webhook_desk() as elsewhere, webhook_desk(code=code, location=elsewhere.url) as desk:
        assert post(desk.url, NOTICE) == f"127.0.0.1 says {code}"
    assert elsewhere.got == []


def test_a_server_that_says_nothing_is_not_waited_for_without_end() -> None:
    with webhook_desk(silent=True) as desk:
        assert post(desk.url, NOTICE, patience_seconds=0.3) == (
            "127.0.0.1 has not answered for 0 s"
        )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/T0PSECRET",
        "http://127.0.0.1:0/T0PSECRET",
        "https://127.0.0.1:9/T0PSECRET",
    ],
)
def test_nobody_there_is_told_without_the_url(url: str) -> None:
    complaint = post(url, NOTICE)
    assert "cannot be told" in complaint
    assert "T0PSECRET" not in complaint


def test_without_credentials_that_is_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    topic = "arn:aws:sns:us-east-1:123456789012:t"
    assert "credentials" in publish(topic, "us-east-1", NOTICE, SystemClock()).lower()

"""The properties that say who is told of a run."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.model.notify import ON, SNS, WEBHOOK, read_notify_options

TOPIC = "arn:aws:sns:eu-central-1:123456789012:my-topic"


def test_nobody_is_told_of_anything_but_the_verdict_by_default() -> None:
    options = read_notify_options({})
    assert (options.topic, options.region, options.kinds) == ("", "", {"verdict"})


def test_a_topic_tells_its_region() -> None:
    options = read_notify_options({SNS: f" {TOPIC} ", ON: "Both"})
    assert (options.topic, options.region) == (TOPIC, "eu-central-1")
    assert options.kinds == {"verdict", "first-failure"}


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services/T/B/x?y=z",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]:80/x",
    ],
)
def test_webhooks_are_encrypted_or_on_this_machine(url: str) -> None:
    assert read_notify_options({WEBHOOK: url}).kinds == {"verdict"}


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/T0PSECRET",
        "http://127.0.0.1.example.com/T0PSECRET",
        "ftp://hooks.example.com/T0PSECRET",
        "file:///T0PSECRET",
        "T0PSECRET",
        "https:///T0PSECRET",
        "https://me:T0PSECRET@hooks.example.com/",
        "https://hooks.example.com:T0PSECRET/",
        "https://hooks.example.com/T0PSECRET\r\nX: y",
        "https://[T0PSECRET",
    ],
)
def test_other_webhooks_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as caught:
        read_notify_options({WEBHOOK: url}, lambda key: "p.properties:3")
    assert "p.properties:3: pegbatch.notify.webhook: " in str(caught.value)
    assert "T0PSECRET" not in str(caught.value)


def test_a_secret_on_a_command_line_is_refused() -> None:
    with pytest.raises(InputError, match="every user of this machine"):
        read_notify_options({WEBHOOK: "https://hooks.example.com/x"}, lambda key: "-D")


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_notify_options({SNS: "my-topic", ON: "always", WEBHOOK: "x"})
    assert len(caught.value.problems) == 3

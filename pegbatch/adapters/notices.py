"""Telling somebody: one message to an SNS topic, or to a webhook. Nothing is tried a second time.

A message may be lost, and is never sent twice; what went wrong is returned in words, never with
the URL of a webhook, which is a secret.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import amazon_client
from pegbatch.errors import OutsideError
from pegbatch.model.notify import Notice
from pegbatch.ports import Clock

SILENCE_SECONDS = 10.0
"""How long a server may say nothing."""
PATIENCE_SECONDS = 20.0
"""How long one message may take in all: a run waits for it."""
SUBJECT_MAX = 99
"""Source: SNS API, Publish: less than 100 characters of ASCII, the first a letter or digit."""


def publish(topic: str, region: str, notice: Notice, clock: Clock) -> str:
    """Publish to an SNS topic; return what went wrong, empty where nothing did."""

    def send() -> str:
        with amazon_client("sns", region) as client:
            caller = AwsCaller(client, CallBudget(clock), clock, service="sns", tries=1)
            caller.call(
                "publish",
                repeatable=False,
                TopicArn=topic,
                Subject=_subject(notice.subject),
                Message=notice.text,
            )
        return ""

    return _within(PATIENCE_SECONDS, send)


def post(url: str, notice: Notice, *, patience_seconds: float = PATIENCE_SECONDS) -> str:
    """Post `{"text": …}` to a webhook, as Slack takes it; return what went wrong.

    Shapes: an answer of 2xx is success; no redirect is followed, since it could lead anywhere.
    """
    body = json.dumps({"text": _slack(notice.text)}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "pegbatch"}

    def send() -> str:
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        with closing(_opener().open(request, timeout=SILENCE_SECONDS)):
            return ""

    return _within(patience_seconds, send, urlsplit(url).hostname or "the webhook")


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https, and follows nothing."""
    opener = urllib.request.OpenerDirector()
    # http is for this machine alone; a proxy would be told the URL.
    found = urllib.request.getproxies()
    for handler in (
        urllib.request.ProxyHandler({"https": found["https"]} if "https" in found else {}),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _within(seconds: float, send: Callable[[], str], host: str = "SNS") -> str:
    """Send in a thread of its own, and leave it there where it takes too long."""
    said: list[str] = []

    def run() -> None:
        try:
            said.append(send())
        except OutsideError as error:
            said.append(error.problems[0].message)
        except urllib.error.HTTPError as error:
            with closing(error):
                said.append(f"{host} says {error.code}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Their text may hold the URL.
            said.append(f"{host} cannot be told: {_kind(error)}")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return said[0] if said else f"{host} has not answered for {seconds:.0f} s"


def _kind(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return type(reason).__name__


def _subject(text: str) -> str:
    shown = text.encode("ascii", "replace").decode().strip()
    return (shown if shown[:1].isalnum() else f"pegbatch: {shown}")[:SUBJECT_MAX]


def _slack(text: str) -> str:
    """Return text without markup, in which nothing calls people.

    Source: Slack, "Escaping text"; Mattermost takes `@all` where it stands alone, so that a joiner
    of no width keeps it from doing so.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("@", "@\u2060")

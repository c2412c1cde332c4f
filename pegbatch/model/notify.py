"""Who is told what becomes of a run: the properties `pegbatch.notify.*`, and what they are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pegbatch.errors import InputError, Problem

SNS = "pegbatch.notify.sns"
WEBHOOK = "pegbatch.notify.webhook"
"""A secret: whoever knows the URL can write there. It is in no plan, and in no message of ours."""
ON = "pegbatch.notify.on"
KEYS = (SNS, WEBHOOK, ON)

NoticeKind: TypeAlias = Literal["first-failure", "verdict"]

_ON: Mapping[str, frozenset[NoticeKind]] = {
    "verdict": frozenset({"verdict"}),
    "first-failure": frozenset({"first-failure"}),
    "both": frozenset({"first-failure", "verdict"}),
}
_TOPIC = re.compile(
    r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}"
).fullmatch
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOptions:
    """The properties as typed values."""

    topic: str = ""
    """ARN; empty: nobody is told by SNS."""
    kinds: frozenset[NoticeKind] = _ON["verdict"]

    @property
    def region(self) -> str:
        """Return the region of the topic; empty where there is none."""
        found = _TOPIC(self.topic)
        return found["region"] if found is not None else ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told."""

    subject: str
    text: str
    """Lines; whatever others wrote in them is made harmless."""


def read_notify_options(
    properties: Mapping[str, str], where: Callable[[str], str | None] = lambda key: None
) -> NotifyOptions:
    """Read `pegbatch.notify.sns` and `pegbatch.notify.on`, and look at the webhook.

    Errors: InputError with every value that does not fit, each with the place that where tells;
    never with the URL.
    """
    topic = properties.get(SNS, "").strip()
    on = properties.get(ON, "").strip().lower() or "verdict"
    problems = []
    if topic and not _TOPIC(topic):
        hint = "for example arn:aws:sns:eu-central-1:123456789012:my-topic"
        problems.append(Problem(f"{SNS} = {topic[:80]}: not the ARN of a topic", where(SNS), hint))
    if on not in _ON:
        known = ", ".join(_ON)
        problems.append(Problem(f"{ON} = {on[:80]}: must be one of {known}", where(ON)))
    fault = _webhook_fault(properties.get(WEBHOOK, "").strip(), where(WEBHOOK))
    if fault:
        hint = f"set it in a properties file, or as _{WEBHOOK.replace('.', '__').upper()}"
        problems.append(Problem(f"{WEBHOOK}: {fault}", where(WEBHOOK), hint))
    if problems:
        raise InputError(problems=problems)
    return NotifyOptions(topic=topic, kinds=_ON[on])


def _webhook_fault(url: str, where: str | None) -> str:
    """Say what is wrong with the URL of a webhook; empty where nothing is, or there is none."""
    if not url:
        return ""
    if where == "-D":
        return "a secret on a command line can be read by every user of this machine"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "not a URL"
    if not url.isascii() or not url.isprintable() or " " in url or not host:
        return "not a URL"
    if "@" in parts.netloc:
        return "a user or a password in front of the host is not supported"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return "must begin with https:// (http:// only for this machine)"
    return ""

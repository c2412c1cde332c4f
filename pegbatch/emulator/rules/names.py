"""Names, tags and ARNs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pegbatch.emulator.refusals import Refusal

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
_ENTITY_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}\*?\Z")
_ARN = re.compile(r"arn:[a-z-]+:batch:[a-z0-9-]+:\d{12}:([a-z-]+)/(.+)\Z")
MAX_TAGS = 50
MAX_REASON = 1024


def check_job_name(name: str) -> None:
    """Refuse a job name over 128 characters, or not of letters, digits, `-` and `_`.

    Source: API SubmitJob, jobName: the first character must be alphanumeric.
    """
    if not _JOB_NAME.match(name):
        raise Refusal(
            f"Job name {name!r} is not valid: up to 128 letters, digits, hyphens and"
            " underscores, the first a letter or digit"
        )


def check_entity_name(what: str, name: str) -> None:
    """Refuse the name of a definition, queue or environment."""
    if not _ENTITY_NAME.match(name):
        raise Refusal(
            f"{what} {name!r} is not valid: up to 128 letters, digits, hyphens and underscores"
        )


def check_share(name: str) -> None:
    """Refuse a share identifier that is not up to 255 alphanumerics (and perhaps a `*`)."""
    if not _SHARE.match(name):
        raise Refusal(f"shareIdentifier {name!r} is not valid: up to 255 letters and digits")


def check_reason(reason: str) -> None:
    """Refuse a reason of cancel or terminate over 1,024 characters."""
    if len(reason) > MAX_REASON:
        raise Refusal(f"reason has {len(reason)} characters, more than {MAX_REASON}")


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse more than 50 tags, and keys that are too long or reserved."""
    if len(tags) > MAX_TAGS:
        raise Refusal(f"{len(tags)} tags, more than {MAX_TAGS}")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise Refusal(f"tag {key!r}: a key has 1 to 128 characters, a value up to 256")
        if key.lower().startswith("aws:"):
            raise Refusal(f"tag {key!r}: keys that start with aws: are reserved")


def arn(home: str, kind: str, name: str) -> str:
    """Return the ARN of a Batch resource; home is `region:account`."""
    return f"arn:aws:batch:{home}:{kind}/{name}"


def split_arn(text: str) -> tuple[str, str] | None:
    """Return (kind, name) of an ARN of Batch, None for anything else."""
    match = _ARN.match(text)
    return (match[1], match[2]) if match else None


def plain_name(kind: str, text: str) -> str:
    """Return the name of a resource given by name or ARN."""
    parts = split_arn(text)
    if parts is None:
        if text.startswith("arn:"):
            raise Refusal(f"{text} is not the ARN of a {kind}")
        return text
    if parts[0] != kind:
        raise Refusal(f"{text} is the ARN of a {parts[0]}, not of a {kind}")
    return parts[1]

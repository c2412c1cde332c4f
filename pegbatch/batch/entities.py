"""Names of AWS entities: from a prefix, from an ARN, from what the user wrote.

Source: Pegasus, pegasus-aws-batch: suffixes, and how a file, an ARN and a name are told apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from pegbatch.errors import Problem
from pegbatch.model.entities import EntityKind

SUFFIXES = {
    EntityKind.DEFINITION: "-job-definition",
    EntityKind.ENVIRONMENT: "-compute-env",
    EntityKind.QUEUE: "-job-queue",
    EntityKind.BUCKET: "-bucket",
}
NAME_KEYS = {
    EntityKind.DEFINITION: "jobDefinitionName",
    EntityKind.ENVIRONMENT: "computeEnvironmentName",
    EntityKind.QUEUE: "jobQueueName",
}
OTHER_SUFFIX = "-b"
"""An environment or queue that takes another's place has the file's name with this; the next
one has it without again."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}").fullmatch
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]").fullmatch
_ARN = re.compile(r"arn:(aws[a-z-]*):batch:([a-z0-9-]+):(\d{12}):([a-z-]+)/(.+)").fullmatch


@dataclass(frozen=True, slots=True)
class Reference:
    """What the user wrote for one entity."""

    kind: EntityKind
    form: Literal["file", "arn", "name"]
    text: str

    @property
    def short_name(self) -> str:
        """Return the name in an ARN or `name:revision`; a file has none."""
        return short_name(self.text)


def classify(kind: EntityKind, text: str, *, is_file: bool) -> Reference:
    """Tell a JSON file from an ARN and from a name.

    Shapes: is_file says whether a file of that path exists.
    """
    if text.startswith("arn:"):
        return Reference(kind, "arn", text)
    if "/" in text or is_file or PurePath(text).suffix == ".json":
        return Reference(kind, "file", text)
    return Reference(kind, "name", text)


def short_name(text: str) -> str:
    """Return the name in `arn:…:kind/name:revision`, `name:revision` or `name`."""
    tail = text.rsplit("/", 1)[-1] if text.startswith("arn:") else text
    return tail.split(":", 1)[0]


def default_name(kind: EntityKind, prefix: str) -> str:
    """Return the name that an entity gets where its file has none."""
    return prefix + SUFFIXES[kind]


def other_name(name: str) -> str:
    """Return the name that the replacement of an environment or queue gets."""
    return name + OTHER_SUFFIX


def reference_problems(
    reference: Reference, *, region: str, account: str | None, option: str
) -> list[Problem]:
    """Return what is wrong with an ARN or name, before anybody is asked.

    Shapes: account None: not known yet.
    """
    if reference.form == "file":
        return []
    if reference.form == "name":
        return name_problems(reference.kind, reference.short_name, option)
    return _arn_problems(reference, region, account, option)


def _arn_problems(
    reference: Reference, region: str, account: str | None, option: str
) -> list[Problem]:
    match = _ARN(reference.text)
    if match is None or match[4] != reference.kind.value:
        return [Problem(f"{reference.text} is not the ARN of a {reference.kind.words}", option)]
    _, arn_region, arn_account, _, _ = match.groups()
    found = []
    if arn_region != region:
        said = f"{reference.text} is in {arn_region}, not in {region}"
        hint = f"give --region {arn_region}, or an ARN of {region}; an embedded AWS has one region"
        found.append(Problem(said, option, hint))
    if account and arn_account != account:
        said = f"{reference.text} belongs to account {arn_account}, not to {account}"
        found.append(Problem(said, option))
    return found


def name_problems(kind: EntityKind, name: str, where: str | None) -> list[Problem]:
    """Return what AWS would refuse in a name.

    Source: API CreateComputeEnvironment, CreateJobQueue, RegisterJobDefinition; S3 bucket names.
    """
    if kind is EntityKind.BUCKET:
        if _BUCKET(name) and ".." not in name:
            return []
        hint = "3 to 63 small letters, digits, dots and hyphens; name another with --s3"
        return [Problem(f"{name!r} is no name for a bucket", where, hint)]
    if _NAME(name):
        return []
    hint = "up to 128 letters, digits, hyphens and underscores, the first a letter or digit"
    return [Problem(f"{name!r} is no name for a {kind.words}", where, hint)]


@dataclass(frozen=True, slots=True)
class BucketUrl:
    """`s3://bucket/key/prefix`."""

    bucket: str
    key_prefix: str = ""
    """Without slashes at its ends; empty for the whole bucket."""

    def __str__(self) -> str:
        return f"s3://{self.bucket}" + (f"/{self.key_prefix}" if self.key_prefix else "")


def bucket_url(text: str) -> BucketUrl | None:
    """Read `s3://bucket[/key/prefix]` (also `s3://user@amazon/bucket/…`, or the bucket alone).

    Shapes: None where it is no such URL.
    Source: Pegasus's form of S3 URLs, where the host is an identity.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "s3", text
    if scheme != "s3":
        return None
    host, _, path = rest.partition("/")
    if "@" in host:
        host, _, path = path.partition("/")
    return BucketUrl(host, path.strip("/")) if host else None


_OURS_AT_THE_TOP = re.compile(
    r"inputs/[0-9a-f]{64}"
    r"|[A-Za-z0-9_-]+-\d{8}T\d{6}Z-[0-9a-f]{8}"
    r"/(?:(?:plan|data|records|failures|logs)/.+|worker\.pyz|summary\.json)"
).fullmatch


def is_our_object(key: str, key_prefix: str) -> bool:
    """Tell whether an object is one that a run puts below its staging site's URL.

    Source: docs/formats.md, "Below the staging site's URL".
    """
    if key_prefix:
        if not key.startswith(f"{key_prefix}/"):
            return False
        key = key.removeprefix(f"{key_prefix}/")
    return _OURS_AT_THE_TOP(key) is not None

"""What `pegbatch-aws-batch` was asked, once command line and properties are read together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pegbatch.adapters.files import load_settings
from pegbatch.batch.entities import (
    BucketUrl,
    Reference,
    bucket_url,
    classify,
    default_name,
    name_problems,
    reference_problems,
)
from pegbatch.cli.choice import ACCOUNT, REGION
from pegbatch.errors import Problem, UsageError
from pegbatch.model.account import is_account
from pegbatch.model.aws_options import ON_DEMAND_QUEUE
from pegbatch.model.entities import PROPERTY_OF, EntityKind
from pegbatch.model.settings import Settings

PREFIX = "pegasus.aws.batch.prefix"
OPTION_OF = {
    EntityKind.DEFINITION: "--job-definition",
    EntityKind.ENVIRONMENT: "--compute-environment",
    EntityKind.QUEUE: "--job-queue",
    EntityKind.BUCKET: "--s3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The command line as it was typed."""

    conf: Path | None
    account: str | None
    region: str | None
    prefix: str | None
    entities: Mapping[EntityKind, str]
    """Only those given as an option."""
    merge_logs: str | None
    files: tuple[str, ...]
    job_files: tuple[Path, ...]
    save: Path | None
    yes: bool
    as_pegasus: bool = False
    """As pegasus-aws-batch: a bucket is made and deleted only where one is named, or jobs run."""
    as_json: bool
    wait_seconds: float
    """The longest that one environment or queue is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsBatchOptions:
    """Everything that a use case needs, checked."""

    settings: Settings
    region: str
    account: str | None
    """None: whoever the credentials belong to."""
    prefix: str
    references: Mapping[EntityKind, Reference]
    """Definition, environment and queue, where options or properties name them."""
    typed: frozenset[EntityKind]
    """Those that stand on the command line, not in the properties."""
    on_demand_queue: str
    """Name or ARN, of the property; empty for none."""
    bucket: BucketUrl
    """`<prefix>-bucket` where none is named."""
    keeps_bucket: bool
    """The bucket is neither made nor deleted."""
    words: Words


def read_options(words: Words) -> AwsBatchOptions:
    """Put options and properties together; an option wins over its property.

    Errors: UsageError with all that is missing or contradicts itself; InputError for properties
    that cannot be read.
    """
    home = os.environ.get("HOME")
    settings = load_settings(words.conf, (), Path(), Path(home) if home else None, os.environ)
    region = words.region or settings.get(REGION) or _environment_region()
    account = words.account or settings.get(ACCOUNT) or None
    prefix = words.prefix or settings.get(PREFIX)
    problems = _missing(region, prefix)
    if account and not is_account(account):
        problems.append(Problem(f"{account!r} is no AWS account: 12 digits", "--account"))
    references = dict(_references(words, settings))
    for kind, reference in references.items():
        option = OPTION_OF[kind] if kind in words.entities else settings.where(PROPERTY_OF[kind])
        problems += reference_problems(reference, region=region, account=account, option=option)
    keeps_bucket = words.as_pegasus and not words.job_files and not _bucket_text(words, settings)
    bucket = _bucket(words, settings, prefix, [] if keeps_bucket else problems)
    if problems or bucket is None:
        raise UsageError(problems=problems)
    return AwsBatchOptions(
        settings=settings,
        region=region,
        account=account,
        prefix=prefix,
        references=references,
        typed=frozenset(words.entities),
        on_demand_queue=settings.get(ON_DEMAND_QUEUE).strip(),
        bucket=bucket,
        keeps_bucket=keeps_bucket,
        words=words,
    )


def _missing(region: str, prefix: str) -> list[Problem]:
    problems = []
    if not region:
        hint = f"give --region, or set {REGION} in a properties file (--conf)"
        problems.append(Problem("no AWS region is named", hint=hint))
    if not prefix:
        hint = f"give --prefix, or set {PREFIX}: names begin with it"
        problems.append(Problem("no prefix is named", hint=hint))
    else:
        problems += name_problems(EntityKind.DEFINITION, prefix, "--prefix")
    return problems


def _references(words: Words, settings: Settings) -> Sequence[tuple[EntityKind, Reference]]:
    found = []
    for kind in (EntityKind.DEFINITION, EntityKind.ENVIRONMENT, EntityKind.QUEUE):
        text = words.entities.get(kind) or settings.get(PROPERTY_OF[kind])
        if text:
            found.append((kind, classify(kind, text, is_file=Path(text).is_file())))
    return found


def _bucket(
    words: Words, settings: Settings, prefix: str, problems: list[Problem]
) -> BucketUrl | None:
    kind = EntityKind.BUCKET
    text = _bucket_text(words, settings)
    url = bucket_url(text or default_name(kind, prefix))
    where = None if not text else OPTION_OF[kind] if kind in words.entities else PROPERTY_OF[kind]
    if url is None:
        problems.append(Problem(f"{text!r} is not s3://bucket or s3://bucket/prefix", where))
    elif prefix:
        problems += name_problems(kind, url.bucket, where)
    return url


def _bucket_text(words: Words, settings: Settings) -> str:
    """Return what names the bucket; empty where nothing does."""
    kind = EntityKind.BUCKET
    return words.entities.get(kind) or settings.get(PROPERTY_OF[kind])


def _environment_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""

"""Checks on Amazon: look at the account, then judge."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from pegbatch.adapters.account_facts import Question, look_at_account
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import amazon_client
from pegbatch.adapters.clock import SystemClock
from pegbatch.batch.account_checks import judge
from pegbatch.batch.account_findings import Wanted
from pegbatch.batch.entities import BucketUrl, bucket_url, classify
from pegbatch.batch.platforms import is_fargate
from pegbatch.cli.checking.requests import broken_limits
from pegbatch.cli.checking.subject import Subject
from pegbatch.cli.choice import ACCOUNT, REGION
from pegbatch.errors import UsageError
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.aws_options import read_aws_options
from pegbatch.model.checks import Finding, Verdict
from pegbatch.model.entities import PROPERTY_OF, EntityKind


def check_amazon(subject: Subject, *, write: bool) -> tuple[Finding, ...]:
    """Look at the account of a plan or of the properties, and judge it.

    Errors: UsageError where no region is named.
    """
    from_files = tuple(_files(subject))
    options = read_aws_options(subject.properties)
    bucket = _bucket(subject)
    question = Question(
        region=_region(subject),
        queue=_name(subject, EntityKind.QUEUE),
        on_demand_queue=options.on_demand_queue,
        definition=_name(subject, EntityKind.DEFINITION),
        bucket=bucket,
        submits=subject.sub_workflows > 0,
        write=write,
    )
    facts = _look(question)
    wanted = Wanted(
        account=subject.properties.get(ACCOUNT, ""),
        queue=question.queue,
        on_demand_queue=question.on_demand_queue,
        platform=options.platform,
        share_identifier=options.share_identifier,
        propagated_tags=frozenset(options.tags if options.propagate_tags else ()),
        definition=question.definition,
        bucket=bucket.bucket if bucket else "",
        largest=subject.largest,
        broken_limits=broken_limits(subject.plan, "aws", on_fargate=_on_fargate(facts)),
        requests=len(subject.plan.jobs) if subject.plan else 0,
        containers=subject.containers,
        sub_workflows=subject.sub_workflows,
        write=write,
    )
    return (*from_files, *judge(wanted, facts))


def _look(question: Question) -> AccountFacts:
    clock = SystemClock()
    budget = CallBudget(clock)
    with ExitStack() as stack:

        def caller(service: str, tries: int) -> AwsCaller:
            client = stack.enter_context(amazon_client(service, question.region))
            return AwsCaller(client, budget, clock, service=service, tries=tries)

        return look_at_account(question, caller, clock)


def _on_fargate(facts: AccountFacts) -> bool:
    found = facts.environments
    return not isinstance(found, Refused) and any(map(is_fargate, found))


def _region(subject: Subject) -> str:
    region = (
        subject.properties.get(REGION)
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
    )
    if not region:
        raise UsageError("no AWS region is named", hint=f"set {REGION}, or AWS_REGION")
    return region


def _files(subject: Subject) -> Iterator[Finding]:
    for kind in (EntityKind.QUEUE, EntityKind.DEFINITION):
        text = subject.properties.get(PROPERTY_OF[kind], "")
        if text and _is_file(kind, text):
            message = f"{PROPERTY_OF[kind]} names a JSON file, {text}"
            hint = "pegbatch-aws-batch --create --save makes what it describes, and names that"
            yield Finding(kind.words, Verdict.FAILED, message, hint)


def _name(subject: Subject, kind: EntityKind) -> str:
    text = subject.properties.get(PROPERTY_OF[kind], "")
    return "" if _is_file(kind, text) else text


def _is_file(kind: EntityKind, text: str) -> bool:
    return bool(text) and classify(kind, text, is_file=Path(text).is_file()).form == "file"


def _bucket(subject: Subject) -> BucketUrl | None:
    if subject.plan is not None:
        url = subject.plan.staging_url
        return bucket_url(url) if url.startswith("s3://") else None
    text = subject.properties.get(PROPERTY_OF[EntityKind.BUCKET], "")
    return bucket_url(text) if text else None

"""The bucket of the staging site, made where the first object of a run finds none.

Source: Pegasus's create-dir jobs, which make the bucket of an S3 site too.
"""

from __future__ import annotations

import os

from pegbatch.adapters.s3_logins import home_directory, load_logins
from pegbatch.adapters.store_urls import parse_url
from pegbatch.cli.aws_batch.account import open_account
from pegbatch.cli.choice import ACCOUNT, region
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.context import Context
from pegbatch.errors import BucketMissing
from pegbatch.model.names import safe_name
from pegbatch.model.plan import Plan

STAGING_TAG = "pegbatch:staging"
"""On a bucket that a run has made; its value is the name of the workflow."""
WAIT_SECONDS = 60.0


def put_first(run: OpenRun, context: Context, url: str, data: bytes) -> None:
    """Put the first object of a run.

    Errors: BucketMissing where there is no bucket, and it is not Amazon's to make.
    """
    try:
        context.ports.store.write(url, data)
    except BucketMissing:
        if context.state.service != "aws" or _has_own_service(run.plan):
            raise
        _make_bucket(run.plan)
        context.ports.store.write(url, data)


def _has_own_service(plan: Plan) -> bool:
    """Tell whether a login leads to another S3 than Amazon's."""
    bucket = parse_url(plan.staging_url).bucket
    logins = load_logins(home_directory(os.environ), os.environ)
    login = logins.find(f"s3://{plan.s3_users.get(bucket, '')}/{bucket}")
    return login is not None and login.endpoint_url is not None


def _make_bucket(plan: Plan) -> None:
    name, place = parse_url(plan.staging_url).bucket, region(plan, os.environ)
    # Zeros stand for the account of the credentials, whosever they are.
    number = plan.properties.get(ACCOUNT, "").strip()
    with open_account(place, number if number.strip("0") else None, WAIT_SECONDS) as account:
        account.buckets.create(name, {STAGING_TAG: safe_name(plan.workflow)})
    say(f"pegbatch: made the bucket {name} in {place}, private and encrypted")

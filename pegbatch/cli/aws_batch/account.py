"""The account and region that a command works in, opened for the time of the command."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pegbatch.adapters.aws_batch_entities import BatchEntities
from pegbatch.adapters.aws_buckets import Buckets
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import amazon_client
from pegbatch.adapters.aws_shapes import batch_regions
from pegbatch.adapters.clock import SystemClock
from pegbatch.errors import AccessDenied
from pegbatch.ports import Clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the use cases talk to."""

    number: str
    region: str
    batch: BatchEntities
    buckets: Buckets
    clock: Clock


@contextmanager
def open_account(region: str, number: str | None, wait_seconds: float) -> Iterator[Account]:
    """Open clients of Batch and S3, once it is known whose the credentials are.

    Shapes: a number that is given must be theirs.
    Errors: AccessDenied where there are no credentials, or those of another account.
    """
    if region not in batch_regions():
        logger.warning("%s is no region that this version of boto3 knows AWS Batch in", region)
    clock = SystemClock()
    with open_callers(region, clock) as caller:
        theirs = str(caller("sts").call("get_caller_identity")["Account"])
        if number not in (None, theirs):
            raise AccessDenied(
                f"the credentials belong to account {theirs}, not to {number}",
                hint="use another AWS_PROFILE, or mend --account or pegasus.aws.account",
            )
        yield Account(
            number=theirs,
            region=region,
            batch=BatchEntities(caller("batch"), clock, wait_seconds=wait_seconds),
            buckets=Buckets(caller("s3"), region=region, account=theirs),
            clock=clock,
        )


@contextmanager
def open_callers(region: str, clock: Clock) -> Iterator[Callable[[str], AwsCaller]]:
    """Yield what opens a client of a service; all of them draw on one budget of calls."""
    budget = CallBudget(clock)
    with ExitStack() as stack:

        def caller(service: str) -> AwsCaller:
            client = stack.enter_context(amazon_client(service, region))
            return AwsCaller(client, budget, clock, service=service)

        yield caller

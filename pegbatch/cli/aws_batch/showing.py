"""`--show`: what exists under a prefix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import click

from pegbatch.batch.entities import short_name
from pegbatch.batch.entity_bodies import is_ours
from pegbatch.cli.aws_batch.account import Account, open_account
from pegbatch.cli.aws_batch.described import bucket_entity, entity_of, name_of
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.errors import OutsideError
from pegbatch.model.entities import EntityKind
from pegbatch.report.entities import listing_text

Json = Mapping[str, Any]
BATCH_KINDS = (EntityKind.DEFINITION, EntityKind.ENVIRONMENT, EntityKind.QUEUE)


def show_entities(options: AwsBatchOptions) -> int:
    """Print what carries the prefix, in its name or in our tag, and the queue for on-demand.

    Errors: OutsideError with each kind that could not be looked at.
    """
    ledger = Ledger()
    with open_account(options.region, options.account, options.words.wait_seconds) as account:
        for kind in BATCH_KINDS:
            for body in ledger.attempt(f"{kind.words}s", partial(_found, account, kind)) or ():
                if _concerns(options, kind, body):
                    ledger.note(entity_of(kind, body, options.prefix))
        name = options.bucket.bucket
        bucket = ledger.attempt(f"bucket {name}", partial(account.buckets.find, name))
        if bucket is not None:
            ledger.note(bucket_entity(bucket, options.prefix))
        number = account.number
    if options.words.as_json:
        return ledger.finish(options, {"account": number})
    click.echo(listing_text(ledger.entities, options.prefix))
    if ledger.problems:
        raise OutsideError(problems=ledger.problems)
    return 0


def _found(account: Account, kind: EntityKind) -> Iterable[Json]:
    found = account.batch.all(kind)
    if kind is not EntityKind.DEFINITION:
        return [body for body in found if body["status"] != "DELETED"]
    latest: dict[str, Json] = {}
    for body in found:
        name = name_of(kind, body)
        if name not in latest or latest[name]["revision"] < body["revision"]:
            latest[name] = body
    return latest.values()


def _concerns(options: AwsBatchOptions, kind: EntityKind, body: Json) -> bool:
    name = name_of(kind, body)
    on_demand = kind is EntityKind.QUEUE and name == short_name(options.on_demand_queue)
    return on_demand or is_ours(body, options.prefix) or name.startswith(f"{options.prefix}-")

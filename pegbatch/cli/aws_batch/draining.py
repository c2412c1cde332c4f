"""What was replaced ends its jobs, and is deleted once it has none. No job is ever ended here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from pegbatch.batch.entity_bodies import is_ours, replaced_by
from pegbatch.cli.aws_batch.account import Account
from pegbatch.cli.aws_batch.described import arn_of, entity_of, environments_of, name_of
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.model.entities import EntityKind

Json = Mapping[str, Any]

PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
GONE = ("DELETING", "DELETED")
AGAIN = "run --update again to delete it once it is idle"

logger = logging.getLogger(__name__)


def drain(account: Account, options: AwsBatchOptions, ledger: Ledger) -> None:
    """Delete replaced queues and environments of a prefix as they become idle.

    Shapes: waits as long as `--wait` says; what is not idle by then is noted as draining.
    """
    deadline = account.clock.now() + options.words.wait_seconds
    pause, given_up = PAUSE_SECONDS, set[str]()
    while True:
        busy = _sweep(account, options, ledger, given_up)
        left = deadline - account.clock.now()
        if not busy or left <= 0:
            break
        logger.info("waiting: %s", "; ".join(why for _, _, why in busy))
        account.clock.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    for kind, body, why in busy:
        note = f"{why}; {AGAIN}"
        ledger.note(entity_of(kind, body, options.prefix, "draining", note))


def _sweep(
    account: Account, options: AwsBatchOptions, ledger: Ledger, given_up: set[str]
) -> list[tuple[EntityKind, Json, str]]:
    """Delete what is idle by now, and return what is not, with the reason."""
    busy = []
    # Queues first: a replaced environment stays open until no queue names it.
    for kind in (EntityKind.QUEUE, EntityKind.ENVIRONMENT):
        for body in _replaced(account, options, kind):
            if arn_of(kind, body) in given_up:
                continue
            why = why_busy(account, options, kind, body)
            if why:
                busy.append((kind, body, why))
                continue
            part = f"{kind.words} {name_of(kind, body)}"
            if not ledger.attempt(part, partial(_delete, account, options, ledger, kind, body)):
                given_up.add(arn_of(kind, body))
    return busy


def _replaced(account: Account, options: AwsBatchOptions, kind: EntityKind) -> list[Json]:
    return [
        body
        for body in account.batch.all(kind)
        if is_ours(body, options.prefix) and replaced_by(body) and body["status"] not in GONE
    ]


def _delete(
    account: Account, options: AwsBatchOptions, ledger: Ledger, kind: EntityKind, body: Json
) -> bool:
    account.batch.delete(kind, name_of(kind, body))
    note = f"replaced by {replaced_by(body)}"
    ledger.note(entity_of(kind, body, options.prefix, "deleted", note))
    return True


def why_busy(account: Account, options: AwsBatchOptions, kind: EntityKind, body: Json) -> str:
    """Return what a queue or environment is still needed for; empty where it is idle."""
    name = name_of(kind, body)
    if kind is EntityKind.QUEUE:
        job = account.batch.unfinished_job(name)
        return f"{name} holds job {job}" if job else ""
    queues = account.batch.all(EntityKind.QUEUE)
    users = [
        str(queue["jobQueueName"])
        for queue in queues
        if queue["status"] not in GONE and name in environments_of(queue)
    ]
    if users:
        return f"job queue {' and '.join(users)} uses {name}"
    job = account.batch.job_on(
        str(body.get("ecsClusterArn", "")), [name_of(EntityKind.QUEUE, one) for one in queues]
    )
    return f"job {job} may run on {name}" if job else ""

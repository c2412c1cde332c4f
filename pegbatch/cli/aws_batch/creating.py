"""`--create` and `--update`: make what is missing, and put what differs in its place.

The order is Pegasus's: definition, environment, queue, bucket. An environment that has to be
replaced gets a twin under the other name; queues are switched to it; the old one ends its jobs
and is deleted once it is idle (draining.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from pegbatch.adapters.properties_files import save_properties
from pegbatch.batch.entity_bodies import PREFIX_TAG, EntityBody, is_ours, prepare, tagged
from pegbatch.batch.entity_differences import differences
from pegbatch.batch.platforms import is_fargate
from pegbatch.cli.aws_batch.account import Account, open_account
from pegbatch.cli.aws_batch.bodies import read_bodies
from pegbatch.cli.aws_batch.described import arn_of, bucket_entity, entity_of
from pegbatch.cli.aws_batch.draining import drain
from pegbatch.cli.aws_batch.environments import settle_environment, switch_queues
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.cli.aws_batch.queues import settle_queue
from pegbatch.cli.aws_batch.settling import Settling
from pegbatch.cli.choice import ACCOUNT, REGION
from pegbatch.errors import OutsideError
from pegbatch.model.aws_options import EC2, FARGATE, PLATFORM
from pegbatch.model.entities import PROPERTY_OF, Entity, EntityAction, EntityKind

DEFINITION, ENVIRONMENT = EntityKind.DEFINITION, EntityKind.ENVIRONMENT
QUEUE, BUCKET = EntityKind.QUEUE, EntityKind.BUCKET


def create_entities(options: AwsBatchOptions, *, update: bool) -> int:
    """Make what is missing; with update, also change what differs. Print and save the ARNs.

    Errors: InputError before any call; OutsideError with all that went wrong, after every part.
    """
    bodies = read_bodies(options)
    with open_account(options.region, options.account, options.words.wait_seconds) as account:
        ledger = settle(account, options, bodies, update=update)
        return ledger.finish(options, {"account": account.number})


def settle(
    account: Account,
    options: AwsBatchOptions,
    bodies: Mapping[EntityKind, EntityBody],
    *,
    update: bool,
) -> Ledger:
    """Try every part in an open account, and save what came of it."""
    ledger = Ledger()
    settling = Settling(account=account, options=options, ledger=ledger, update=update)
    _definition(settling, bodies)
    environment = _environment(settling, bodies)
    _queue(settling, bodies, environment)
    if update:
        ledger.attempt("what was replaced", partial(drain, account, options, ledger))
    if not options.keeps_bucket:
        ledger.attempt(f"bucket {options.bucket.bucket}", partial(_bucket, settling))
    _save(options, account, ledger)
    return ledger


def _definition(settling: Settling, bodies: Mapping[EntityKind, EntityBody]) -> None:
    body = bodies.get(DEFINITION)
    if body is not None:
        act = partial(_register, settling, body)
        settling.ledger.attempt(f"{DEFINITION.words} {body.name}", act)
    elif DEFINITION in settling.options.references:
        _named(settling, DEFINITION)


def _register(settling: Settling, body: EntityBody) -> None:
    batch, prefix = settling.account.batch, settling.options.prefix
    found = batch.definition(body.name)
    changed = differences(body, found) if found is not None else ()
    if found is not None and not changed:
        settling.ledger.note(entity_of(DEFINITION, found, prefix, "unchanged"))
        return
    arn = batch.create(DEFINITION, tagged(body, prefix))
    made = batch.definition(arn)
    if made is None:
        raise OutsideError(f"{arn} was registered and is not shown", hint="look with --show")
    note = "; ".join(str(one) for one in changed)
    action: EntityAction = "created" if found is None else "new revision"
    settling.ledger.note(entity_of(DEFINITION, made, prefix, action, note))


def _environment(settling: Settling, bodies: Mapping[EntityKind, EntityBody]) -> str | None:
    """Return the ARN of the environment that queues are to use; None where there is none."""
    body = bodies.get(ENVIRONMENT)
    if body is None:
        return _named(settling, ENVIRONMENT) if ENVIRONMENT in settling.options.references else None
    part = f"{ENVIRONMENT.words} {body.name}"
    settled = settling.ledger.attempt(part, partial(settle_environment, settling, body))
    if settled is None:
        return None
    if settled.old:
        settling.ledger.attempt(part, partial(switch_queues, settling, settled))
    return arn_of(ENVIRONMENT, settled.current)


def _queue(
    settling: Settling, bodies: Mapping[EntityKind, EntityBody], environment: str | None
) -> None:
    body = bodies.get(QUEUE)
    if body is None:
        if QUEUE in settling.options.references:
            _named(settling, QUEUE)
        return
    filled = prepare(QUEUE, body.body, prefix=settling.options.prefix, environment=environment)
    whole = EntityBody(QUEUE, filled, body.source)
    act = partial(settle_queue, settling, whole)
    settling.ledger.attempt(f"{QUEUE.words} {body.name}", act)


def _named(settling: Settling, kind: EntityKind) -> str | None:
    """Look an ARN or a name up, and return the ARN."""
    reference = settling.options.references[kind]
    part = f"{kind.words} {reference.text}"
    found = settling.ledger.attempt(part, partial(settling.look_up, reference))
    return arn_of(kind, found) if found is not None else None


def _bucket(settling: Settling) -> None:
    buckets, options = settling.account.buckets, settling.options
    name = options.bucket.bucket
    found = buckets.find(name)
    if found is None:
        made = buckets.create(name, {PREFIX_TAG: options.prefix})
        settling.ledger.note(bucket_entity(made, options.prefix, "created"))
        return
    if found.region != options.region:
        raise OutsideError(
            f"it is in {found.region}, the jobs are to run in {options.region}",
            hint="take a bucket of the same region: traffic between regions is slow and paid for",
        )
    ours = is_ours({"tags": found.tags}, options.prefix)
    action: EntityAction = "unchanged" if ours else "found"
    settling.ledger.note(bucket_entity(found, options.prefix, action))


def _save(options: AwsBatchOptions, account: Account, ledger: Ledger) -> None:
    if options.words.save is None:
        return
    found = {
        PROPERTY_OF[entity.kind]: entity.arn
        for entity in ledger.entities
        if entity.kind is not BUCKET and entity.action not in ("deleted", "draining", "kept")
    }
    if any(entity.kind is BUCKET for entity in ledger.entities):
        found[PROPERTY_OF[BUCKET]] = str(options.bucket)
    values = {
        REGION: account.region,
        ACCOUNT: account.number,
        **found,
    }
    path = options.words.save
    queues = [one for one in ledger.entities if found.get(PROPERTY_OF[QUEUE]) == one.arn]
    fargate = ledger.attempt(str(path), partial(_on_fargate, account, queues))
    if fargate:
        values[PLATFORM] = FARGATE
    stale = {PLATFORM: EC2} if fargate is False else {}
    ledger.attempt(str(path), partial(save_properties, path, values, where_set=stale))


def _on_fargate(account: Account, queues: Sequence[Entity]) -> bool | None:
    """Tell whether the queue that is saved is on Fargate; None where none is."""
    for queue in queues:
        names = queue.capacity.get("environments", ())
        found = (account.batch.find(ENVIRONMENT, name) for name in names)
        return any(is_fargate(body) for body in found if body is not None)
    return None

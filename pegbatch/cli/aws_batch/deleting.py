"""`--delete`: what was made under a prefix, in the order that AWS asks for, and nothing else.

Queue, environment, definitions, bucket. What is in use stays, and everything that its jobs need
stays with it; what we did not make stays in any case. Each that stays is reported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from pegbatch.adapters.aws_buckets import FoundBucket
from pegbatch.batch.entities import is_our_object
from pegbatch.batch.entity_bodies import PREFIX_TAG, STACK_TAG, is_ours
from pegbatch.cli.aws_batch.account import Account, open_account
from pegbatch.cli.aws_batch.bodies import read_body
from pegbatch.cli.aws_batch.described import arn_of, bucket_entity, entity_of, name_of
from pegbatch.cli.aws_batch.draining import GONE, why_busy
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import OPTION_OF, AwsBatchOptions
from pegbatch.errors import OutsideError, UsageError
from pegbatch.model.entities import EntityKind

Json = Mapping[str, Any]
FOREIGN = "was not made by pegbatch under this prefix"
OF_STACK = "is part of a stack, which --teardown deletes"
_JOBS = "wait for the jobs or end them (pegbatch cancel), and run --delete again"
_HINTS = {
    EntityKind.QUEUE: _JOBS,
    EntityKind.ENVIRONMENT: f"{_JOBS}; a queue of others has to be pointed elsewhere first",
}
ORDER = (EntityKind.QUEUE, EntityKind.ENVIRONMENT, EntityKind.DEFINITION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What is to be deleted, looked up before anybody is asked."""

    bodies: Mapping[EntityKind, Sequence[Json]]
    bucket: FoundBucket | None
    keys: tuple[str, ...]
    """Every object in the bucket."""

    @property
    def count(self) -> int:
        """Return how many entities there are."""
        return sum(map(len, self.bodies.values())) + (self.bucket is not None)


def delete_entities(options: AwsBatchOptions) -> int:
    """Delete what was made under the prefix, once the user agrees.

    Shapes: entities on the command line restrict it to these.
    Errors: UsageError where nobody can be asked; OutsideError with all that stays, and why.
    """
    if not options.words.yes and not sys.stdin.isatty():
        raise UsageError("--delete asks first, and there is no terminal", hint="give --yes")
    ledger = Ledger()
    with open_account(options.region, options.account, options.words.wait_seconds) as account:
        targets = look_up_targets(account, options, ledger)
        if targets.count and not options.words.yes:
            click.echo(_question(targets), err=True)
            if not click.confirm("Delete them?", err=True):
                click.echo("pegbatch: nothing was deleted", err=True)
                return 0
        deletion = Deletion(account, options, ledger)
        deletion.delete(targets)
        if not ledger.entities and not ledger.problems and not options.words.as_json:
            click.echo(f"nothing that was made under the prefix {options.prefix} exists")
        return ledger.finish(options, {"account": account.number})


class Deletion:
    """One `--delete` under way."""

    def __init__(self, account: Account, options: AwsBatchOptions, ledger: Ledger) -> None:
        """Start with nothing in use."""
        self._account = account
        self._options = options
        self._ledger = ledger
        self._needed = ""
        """Why definitions and bucket must stay; empty while they need not."""

    def delete(self, targets: Targets) -> None:
        """Try every part."""
        for kind in (EntityKind.QUEUE, EntityKind.ENVIRONMENT):
            for body in targets.bodies[kind]:
                self._try(kind, name_of(kind, body), partial(self._delete_one, kind, body))
        for body in targets.bodies[EntityKind.DEFINITION]:
            act = partial(self._deregister, body)
            self._try(EntityKind.DEFINITION, name_of(EntityKind.DEFINITION, body), act)
        if targets.bucket is not None:
            act = partial(self._delete_bucket, targets.bucket, targets.keys)
            self._try(EntityKind.BUCKET, targets.bucket.name, act)

    def _try(self, kind: EntityKind, name: str, act: Callable[[], None]) -> None:
        self._ledger.attempt(f"{kind.words} {name}", act)

    def _delete_one(self, kind: EntityKind, body: Json) -> None:
        try:
            why = why_busy(self._account, self._options, kind, body)
        except OutsideError:
            self._needed = self._needed or f"{name_of(kind, body)} may be in use"
            raise
        if why:
            self._needed = self._needed or why
            raise OutsideError(f"stays, for it is in use: {why}", hint=_HINTS[kind])
        self._account.batch.delete(kind, name_of(kind, body))
        self._ledger.note(entity_of(kind, body, self._options.prefix, "deleted"))

    def _deregister(self, body: Json) -> None:
        self._refuse_needed()
        self._account.batch.deregister(arn_of(EntityKind.DEFINITION, body))
        entity = entity_of(EntityKind.DEFINITION, body, self._options.prefix, "deleted")
        self._ledger.note(entity)

    def _delete_bucket(self, bucket: FoundBucket, keys: tuple[str, ...]) -> None:
        self._refuse_needed()
        foreign = [key for key in keys if not is_our_object(key, self._options.bucket.key_prefix)]
        if foreign:
            raise OutsideError(
                f"stays, with all that is in it: {len(foreign):,} of its {len(keys):,} objects "
                f"were not put there by a run, the first is {foreign[0]}",
                hint="move these away and run --delete again",
            )
        self._account.buckets.delete_objects(bucket.name, keys)
        self._account.buckets.delete(bucket.name)
        note = f"with {len(keys):,} objects" if keys else ""
        entity = bucket_entity(bucket, self._options.prefix, "deleted", note)
        self._ledger.note(entity)

    def _refuse_needed(self) -> None:
        if self._needed:
            raise OutsideError(f"stays, for jobs may need it: {self._needed}")


def look_up_targets(account: Account, options: AwsBatchOptions, ledger: Ledger) -> Targets:
    """Find what was made under the prefix; what cannot be found out is a problem."""
    bodies: dict[EntityKind, Sequence[Json]] = {}
    for kind in ORDER:
        act = partial(_targets_of, account, options, ledger, kind)
        bodies[kind] = ledger.attempt(f"{kind.words}s", act) or ()
    name = options.bucket.bucket
    look = partial(_bucket, account, options, ledger)
    bucket = ledger.attempt(f"bucket {name}", look) if _wanted(options, EntityKind.BUCKET) else None
    list_keys = partial(_keys, account, name)
    keys = ledger.attempt(f"bucket {name}", list_keys) if bucket is not None else ()
    return Targets(bodies=bodies, bucket=bucket if keys is not None else None, keys=keys or ())


def _targets_of(
    account: Account, options: AwsBatchOptions, ledger: Ledger, kind: EntityKind
) -> list[Json]:
    if not _wanted(options, kind):
        return []
    found = [body for body in account.batch.all(kind) if body["status"] not in GONE]
    if kind not in options.typed:
        _note_foreign(options, ledger, kind, found)
        return [body for body in found if is_ours(body, options.prefix)]
    name, revision = _typed(options, kind)
    named = [body for body in found if name_of(kind, body) == name]
    if revision:
        named = [body for body in named if str(body["revision"]) == revision]
    ours = [body for body in named if is_ours(body, options.prefix)]
    if not ours:
        state = f"{FOREIGN}, and stays" if named else "is not there"
        raise OutsideError(f"{name} {state}", where=OPTION_OF[kind])
    return ours


def _typed(options: AwsBatchOptions, kind: EntityKind) -> tuple[str, str]:
    """Return name and revision of what stands on the command line."""
    reference = options.references[kind]
    if reference.form == "file":
        return read_body(options, kind, Path(reference.text)).name, ""
    tail = reference.text.rsplit("/", 1)[-1]
    return reference.short_name, tail.partition(":")[2]


def _wanted(options: AwsBatchOptions, kind: EntityKind) -> bool:
    if kind is EntityKind.BUCKET and options.keeps_bucket:
        return False
    return not options.typed or kind in options.typed


def _bucket(account: Account, options: AwsBatchOptions, ledger: Ledger) -> FoundBucket | None:
    found = account.buckets.find(options.bucket.bucket)
    if found is None or found.tags.get(PREFIX_TAG) == options.prefix:
        return found
    if EntityKind.BUCKET in options.typed:
        raise OutsideError(f"{FOREIGN}, and stays with all that is in it")
    ledger.note(bucket_entity(found, options.prefix, "kept", FOREIGN))
    return None


def _note_foreign(
    options: AwsBatchOptions, ledger: Ledger, kind: EntityKind, found: Sequence[Json]
) -> None:
    """Say of what only sounds like ours that it stays."""
    for body in found:
        sounds = name_of(kind, body).startswith(f"{options.prefix}-")
        if sounds and not is_ours(body, options.prefix):
            note = OF_STACK if STACK_TAG in (body.get("tags") or {}) else FOREIGN
            ledger.note(entity_of(kind, body, options.prefix, "kept", note))


def _keys(account: Account, name: str) -> tuple[str, ...]:
    return tuple(account.buckets.keys(name))


def _question(targets: Targets) -> str:
    lines = [
        f"  {kind.words} {arn_of(kind, body)}" for kind in ORDER for body in targets.bodies[kind]
    ]
    if targets.bucket is not None:
        held = f"{len(targets.keys):,} objects: inputs, data, records and logs of runs"
        lines.append(f"  bucket {targets.bucket.name} with {held if targets.keys else 'nothing'}")
    return "\n".join(["These exist, and were made under this prefix:", *lines])

"""Compute environments: made, kept, changed in place, or replaced under the other name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.adapters.aws_batch_entities import check_valid
from pegbatch.batch.entities import short_name
from pegbatch.batch.entity_bodies import EntityBody, is_ours
from pegbatch.batch.entity_differences import differences, is_in_place
from pegbatch.batch.platforms import is_fargate
from pegbatch.cli.aws_batch.described import arn_of, entity_of, environments_of, name_of
from pegbatch.cli.aws_batch.settling import Settling
from pegbatch.errors import OutsideError, Problem
from pegbatch.model.entities import Difference, EntityKind

Json = Mapping[str, Any]
KIND = EntityKind.ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Settled:
    """The environment that jobs are to use, and the one whose place it takes."""

    current: Json
    old: tuple[Json, ...] = ()


def settle_environment(settling: Settling, entity: EntityBody) -> Settled:
    """Return the environment of a file; with update, also one that takes another's place.

    Errors: OutsideError where it differs and may not be changed, or is not VALID.
    """
    twins = settling.twins(KIND, entity.name)
    current = _current(settling, entity, settling.in_use(entity, twins))
    if current is None:
        return Settled(settling.make(entity, twins))
    changed = differences(entity, current)
    if not settling.update:
        return Settled(_as_it_is(settling, entity, current, changed))
    if not changed and current["status"] != "INVALID":
        # An update that was broken off may have left the other one behind.
        left = [body for body in settling.in_use(entity, twins).values() if body is not current]
        settling.ledger.note(entity_of(KIND, current, settling.options.prefix, "unchanged"))
        return Settled(
            settling.account.batch.await_valid(KIND, name_of(KIND, current)), tuple(left)
        )
    mendable = current["status"] != "INVALID" and is_ours(current, settling.options.prefix)
    if mendable and is_in_place(KIND, changed):
        return Settled(settling.change(entity, current, changed))
    return _replace(settling, entity, twins, current)


def switch_queues(settling: Settling, settled: Settled) -> None:
    """Put the current environment in the place of the old ones, in every queue of the prefix.

    Errors: OutsideError naming the queues of others that still use an old one.
    """
    new_name, new_arn = name_of(KIND, settled.current), arn_of(KIND, settled.current)
    old_names = {name_of(KIND, old) for old in settled.old}
    problems = []
    for queue in settling.account.batch.all(EntityKind.QUEUE):
        if not old_names & set(environments_of(queue)):
            continue
        if not _may_switch(settling, queue):
            name = queue["jobQueueName"]
            text = f"{' and '.join(sorted(old_names))} stays: job queue {name} uses it, too"
            problems.append(Problem(text, hint="point that queue to the new environment yourself"))
        elif is_fargate(settled.current) == is_fargate(settled.old[0]):
            _switch(settling, queue, old_names, new_arn)
        elif not _is_from_file(settling):
            text = f"job queue {queue['jobQueueName']} cannot move between EC2 and Fargate"
            hint = "give its JSON file with --job-queue, so that a new one takes its place"
            problems.append(Problem(text, hint=hint))
    for old in settled.old:
        settling.mark_replaced(KIND, old, new_name)
    if problems:
        raise OutsideError(problems=problems)


def _current(settling: Settling, entity: EntityBody, twins: Mapping[str, Json]) -> Json | None:
    """Return the one that queues use; else the one that is as the file says; else any."""
    if len(twins) < 2:
        return next(iter(twins.values()), None)
    used = {
        name
        for queue in settling.account.batch.all(EntityKind.QUEUE)
        for name in environments_of(queue)
    }
    ranked = sorted(
        twins.items(), key=lambda item: (item[0] not in used, bool(differences(entity, item[1])))
    )
    return ranked[0][1]


def _as_it_is(
    settling: Settling, entity: EntityBody, current: Json, changed: tuple[Difference, ...]
) -> Json:
    if changed:
        settling.report_differences(entity, current, changed)
        return current
    check_valid(KIND, current)
    return settling.keep(KIND, current)


def _replace(
    settling: Settling, entity: EntityBody, twins: Mapping[str, Json], current: Json
) -> Settled:
    note = f"takes the place of {name_of(KIND, current)}"
    others = [body for body in settling.in_use(entity, twins).values() if body is not current]
    for other in others:
        # Made by an update that was broken off before any queue used it.
        if not differences(entity, other) and other["status"] != "INVALID":
            found = settling.account.batch.await_valid(KIND, name_of(KIND, other))
            settling.ledger.note(entity_of(KIND, found, settling.options.prefix, "replaced", note))
            return Settled(found, (current,))
        settling.mark_replaced(KIND, other, name_of(KIND, current))
    return Settled(settling.make(entity, twins, note), (current,))


def _may_switch(settling: Settling, queue: Json) -> bool:
    named = settling.options.references.get(EntityKind.QUEUE)
    is_named = named is not None and named.short_name == queue["jobQueueName"]
    return is_named or is_ours(queue, settling.options.prefix)


def _is_from_file(settling: Settling) -> bool:
    """Tell whether the queue will be settled after this, and replaced where it has to be."""
    named = settling.options.references.get(EntityKind.QUEUE)
    return named is None or named.form == "file"


def _switch(settling: Settling, queue: Json, old_names: set[str], new_arn: str) -> None:
    order: dict[str, int] = {}
    for entry in sorted(queue["computeEnvironmentOrder"], key=lambda one: one["order"]):
        arn = entry["computeEnvironment"]
        order.setdefault(new_arn if short_name(arn) in old_names else arn, entry["order"])
    entries = [{"order": place, "computeEnvironment": arn} for arn, place in order.items()]
    name = str(queue["jobQueueName"])
    settling.account.batch.update(EntityKind.QUEUE, name, computeEnvironmentOrder=entries)

"""Job queues: made, kept, changed in place, or replaced under the other name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.batch.entities import short_name
from pegbatch.batch.entity_bodies import EntityBody, is_ours
from pegbatch.batch.entity_differences import differences, is_in_place
from pegbatch.batch.platforms import is_fargate
from pegbatch.cli.aws_batch.described import environments_of, name_of
from pegbatch.cli.aws_batch.settling import Settling
from pegbatch.errors import OutsideError
from pegbatch.model.entities import Difference, EntityKind

Json = Mapping[str, Any]
KIND = EntityKind.QUEUE


def settle_queue(settling: Settling, entity: EntityBody) -> None:
    """Have the queue of a file; with update, also change or replace one that differs.

    Errors: OutsideError where it cannot be made, or differs and may not be changed.
    """
    _check_environments(entity)
    twins = settling.twins(KIND, entity.name)
    current = next(iter(settling.in_use(entity, twins).values()), None)
    if current is None:
        settling.make(entity, twins)
        return
    changed = differences(entity, current)
    if changed and not settling.update:
        settling.report_differences(entity, current, changed)
    elif not changed:
        settling.keep(KIND, current)
    elif not is_ours(current, settling.options.prefix):
        raise OutsideError(
            f"{name_of(KIND, current)} was not made by pegbatch under this prefix, and differs: "
            + "; ".join(str(one) for one in changed),
            hint="give the queue of the file another jobQueueName",
        )
    elif is_in_place(KIND, changed) and not _changes_family(settling, entity, current, changed):
        settling.change(entity, current, changed)
    else:
        made = settling.make(entity, twins, f"takes the place of {name_of(KIND, current)}")
        _retire(settling, current, name_of(KIND, made))


def _check_environments(entity: EntityBody) -> None:
    missing = [
        entry["order"]
        for entry in entity.body.get("computeEnvironmentOrder", ())
        if "computeEnvironment" not in entry
    ]
    if missing:
        raise OutsideError(
            "not made: there is no compute environment for it",
            hint="give one with --compute-environment, or in computeEnvironmentOrder",
        )


def _retire(settling: Settling, current: Json, new_name: str) -> None:
    """Take no new jobs in a queue whose place is taken; those in it still run."""
    settling.mark_replaced(KIND, current, new_name)
    settling.account.batch.update(KIND, name_of(KIND, current), state="DISABLED")


def _changes_family(
    settling: Settling, entity: EntityBody, current: Json, changed: Sequence[Difference]
) -> bool:
    """Tell whether a queue would move between EC2 and Fargate, which no queue can."""
    if not any(one.path.startswith("computeEnvironmentOrder") for one in changed):
        return False
    wanted = [short_name(one["computeEnvironment"]) for one in _order(entity.body)]
    return len(_families(settling, [*wanted, *environments_of(current)])) > 1


def _families(settling: Settling, names: Sequence[str]) -> set[bool]:
    found = (settling.account.batch.find(EntityKind.ENVIRONMENT, name) for name in set(names))
    return {is_fargate(body) for body in found if body is not None}


def _order(body: Json) -> Sequence[Json]:
    order: Sequence[Json] = body.get("computeEnvironmentOrder", ())
    return order

"""What the steps of `--create` and `--update` share."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pegbatch.adapters.aws_batch_entities import check_valid
from pegbatch.batch.entities import NAME_KEYS, Reference, other_name
from pegbatch.batch.entity_bodies import (
    DIGEST_TAG,
    REPLACED_TAG,
    EntityBody,
    digest,
    is_ours,
    replaced_by,
    tagged,
)
from pegbatch.batch.entity_differences import differences
from pegbatch.cli.aws_batch.account import Account
from pegbatch.cli.aws_batch.described import arn_of, entity_of, name_of
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.errors import OutsideError, Problem
from pegbatch.model.entities import Difference, EntityAction, EntityKind

Json = Mapping[str, Any]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """One `--create` or `--update` under way."""

    account: Account
    options: AwsBatchOptions
    ledger: Ledger
    update: bool

    def look_up(self, reference: Reference) -> Json | None:
        """Return what an ARN or name means, and note that it is there.

        Shapes: None where the properties name what is not there, and options other parts: of
        Pegasus's properties some are written before all of it is made.
        Errors: OutsideError where it is missing or INVALID.
        """
        kind, batch = reference.kind, self.account.batch
        is_definition = kind is EntityKind.DEFINITION
        text = reference.text
        found = batch.definition(text) if is_definition else batch.find(kind, text)
        if found is None and self.options.typed and kind not in self.options.typed:
            logger.warning(
                "%s %s of the properties is not there yet: no option asks for it", kind.words, text
            )
            return None
        if found is None:
            raise OutsideError(
                f"there is none in {self.options.region}",
                hint="give a JSON file to have one made",
            )
        if not is_definition:
            check_valid(kind, found)
        self.ledger.note(entity_of(kind, found, self.options.prefix, "found"))
        return found

    def twins(self, kind: EntityKind, name: str) -> dict[str, Json]:
        """Return what exists under a name and under its other name."""
        names = (name, other_name(name))
        found = {one: self.account.batch.find(kind, one) for one in names}
        return {
            one: body
            for one, body in found.items()
            if body is not None and body["status"] != "DELETED"
        }

    def in_use(self, entity: EntityBody, twins: Mapping[str, Json]) -> dict[str, Json]:
        """Return those that nothing has taken the place of.

        Shapes: under the other name only what is ours counts; somebody else's is just in the way.
        """
        return {
            name: body
            for name, body in twins.items()
            if not replaced_by(body)
            and body["status"] != "DELETING"
            and (name == entity.name or is_ours(body, self.options.prefix))
        }

    def keep(self, kind: EntityKind, found: Json) -> Json:
        """Note that one is as it should be, and return it once it is VALID."""
        body = self.account.batch.await_valid(kind, name_of(kind, found))
        self.ledger.note(entity_of(kind, body, self.options.prefix, "unchanged"))
        return body

    def make(self, entity: EntityBody, twins: Mapping[str, Json], note: str = "") -> Json:
        """Make an environment or queue under the free name, and return it once it is VALID.

        Shapes: note says whose place it takes; empty where it takes none.
        Errors: OutsideError where both names are taken, or it cannot be made.
        """
        made = self._make(entity, self._free_name(entity, twins))
        action: EntityAction = "replaced" if note else "created"
        self.ledger.note(entity_of(entity.kind, made, self.options.prefix, action, note))
        return made

    def _make(self, entity: EntityBody, name: str) -> Json:
        batch = self.account.batch
        body = {**tagged(entity, self.options.prefix), NAME_KEYS[entity.kind]: name}
        try:
            batch.create(entity.kind, body)
        except OutsideError:
            # The answer of the first try may have been lost: then it is there all the same.
            found = batch.find(entity.kind, name)
            if found is None or not is_ours(found, self.options.prefix):
                raise
        return batch.await_valid(entity.kind, name)

    def _free_name(self, entity: EntityBody, twins: Mapping[str, Json]) -> str:
        """Return the name that is not taken.

        Errors: OutsideError where the one that was replaced last still ends its jobs.
        """
        for name in (entity.name, other_name(entity.name)):
            if name not in twins:
                return name
        raise OutsideError(
            f"both {entity.name} and {other_name(entity.name)} are taken: one still ends its jobs, "
            "or is not ours",
            hint="look with --show; wait for these jobs, and run --update again",
        )

    def change(self, entity: EntityBody, found: Json, changed: Sequence[Difference]) -> Json:
        """Make changes that hurt no job by one update call, and remember the file."""
        name = name_of(entity.kind, found)
        batch = self.account.batch
        arn = arn_of(entity.kind, found)
        batch.update(entity.kind, name, **_changes(entity, changed))
        batch.tag(arn, {DIGEST_TAG: digest(entity.body)})
        body = batch.await_valid(entity.kind, name)
        left = differences(entity, body)
        if left:
            raise OutsideError(
                "the change was accepted and is not shown: " + "; ".join(map(str, left)),
                hint="look again with --show in a moment",
            )
        note = "; ".join(str(one) for one in changed)
        self.ledger.note(entity_of(entity.kind, body, self.options.prefix, "updated", note))
        return body

    def report_differences(
        self, entity: EntityBody, found: Json, changed: Sequence[Difference]
    ) -> None:
        """Leave what exists as it is, and say of each difference how to make the change."""
        prefix = self.options.prefix
        note = f"differs from {entity.source}"
        self.ledger.note(entity_of(entity.kind, found, prefix, "kept", note))
        hint = "--update makes the change, without ending a job"
        self.ledger.problems += [Problem(str(one), entity.source, hint) for one in changed]

    def mark_replaced(self, kind: EntityKind, old: Json, new_name: str) -> None:
        """Say in a tag that an environment or queue only ends its jobs; not on others' own."""
        if is_ours(old, self.options.prefix):
            self.account.batch.tag(arn_of(kind, old), {REPLACED_TAG: new_name})


def _changes(entity: EntityBody, changed: Sequence[Difference]) -> dict[str, Any]:
    """Return the arguments of an update: whole members, and of resources what has changed."""
    tops = {one.path.partition(".")[0].partition("[")[0] for one in changed}
    changes: dict[str, Any] = {top: entity.body[top] for top in sorted(tops) if top in entity.body}
    if "computeResources" in changes:
        names = {one.path.partition(".")[2] for one in changed if "." in one.path}
        resources = entity.body["computeResources"]
        changes["computeResources"] = {name: resources[name] for name in sorted(names)}
    return changes

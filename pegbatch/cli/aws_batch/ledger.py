"""What was done to each part and what went wrong: every part is tried, nothing is forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from pegbatch.cli.aws_batch.options import AwsBatchOptions
from pegbatch.cli.telling import echo_json
from pegbatch.errors import OutsideError, Problem
from pegbatch.model.entities import Entity, entity_to_json
from pegbatch.report.entities import entities_text

Found = TypeVar("Found")

_CHANGES = ("created", "new revision", "updated", "replaced", "draining", "deleted")

logger = logging.getLogger(__name__)


class Ledger:
    """Collects outcomes; one part that fails does not keep the next from being tried."""

    def __init__(self) -> None:
        """Start empty."""
        self.entities: list[Entity] = []
        self.problems: list[Problem] = []

    def note(self, entity: Entity) -> None:
        """Write down what was done to one entity, and say so."""
        self.entities.append(entity)
        level = logging.INFO if entity.action in _CHANGES else logging.DEBUG
        note = f": {entity.note}" if entity.note else ""
        logger.log(level, "%s %s %s%s", entity.action, entity.kind.words, entity.arn, note)

    def attempt(self, part: str, act: Callable[[], Found]) -> Found | None:
        """Do one part; what it raises on purpose is a problem, and the answer None.

        Shapes: part is the word that a message without a place begins with.
        """
        try:
            return act()
        except OutsideError as error:
            self.problems += [_placed(problem, part) for problem in error.problems]
            return None

    def finish(self, options: AwsBatchOptions, more: Mapping[str, Any]) -> int:
        """Print what was done; refuse with all problems if there were any.

        Errors: OutsideError.
        """
        answer = {
            "prefix": options.prefix,
            "region": options.region,
            **more,
            "entities": [entity_to_json(entity) for entity in self.entities],
            "errors": [str(problem) for problem in self.problems],
        }
        if self.entities and not options.words.as_json:
            click.echo(entities_text(self.entities))
        if self.problems:
            raise OutsideError(problems=self.problems, answer=answer)
        if options.words.as_json:
            echo_json(answer)
        return 0


def _placed(problem: Problem, part: str) -> Problem:
    return problem if problem.where else Problem(problem.message, part, problem.hint)

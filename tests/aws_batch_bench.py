"""A user of `pegbatch-aws-batch` with three files, on an account in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pegbatch.cli.aws_batch.bodies import read_bodies
from pegbatch.cli.aws_batch.creating import settle
from pegbatch.cli.aws_batch.deleting import Deletion, look_up_targets
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import Words, read_options
from pegbatch.model.entities import EntityKind
from tests.fake_account import NUMBER, REGION, FakeAccount, write_json

DEFINITION, ENVIRONMENT = EntityKind.DEFINITION, EntityKind.ENVIRONMENT
QUEUE, BUCKET = EntityKind.QUEUE, EntityKind.BUCKET
CE, JQ = "ComputeEnvironment", "JobQueue"
CONTAINER = {"image": "busybox", "vcpus": 1, "memory": 64}
RESOURCES: dict[str, Any] = {
    "type": "EC2",
    "maxvCpus": 4,
    "instanceTypes": ["optimal"],
    "instanceRole": "r",
    "subnets": ["s"],
}
WORDS = Words(
    conf=None,
    account=NUMBER,
    region=REGION,
    prefix="p",
    entities={},
    merge_logs=None,
    files=(),
    job_files=(),
    save=None,
    yes=True,
    as_json=False,
    wait_seconds=60.0,
)


class Bench:
    """A fake account, and the files of a user who works on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = FakeAccount(wait_seconds=60.0)
        self.entities: dict[EntityKind, str] = {}
        self.words = WORDS
        self.write(DEFINITION, {"containerProperties": CONTAINER})
        self.write(ENVIRONMENT, {"computeResources": RESOURCES})
        self.write(QUEUE, {"priority": 10, "computeEnvironmentOrder": [{"order": 1}]})

    def write(self, kind: EntityKind, body: Any) -> None:
        self.entities[kind] = write_json(self.folder / f"{kind.value}.json", body)

    def resources(self, **changed: Any) -> None:
        self.write(ENVIRONMENT, {"computeResources": {**RESOURCES, **changed}})

    def run(self, *, update: bool = False) -> Ledger:
        options = read_options(replace(self.words, entities=self.entities))
        return settle(self.aws.account, options, read_bodies(options), update=update)

    def delete(self, **entities: str) -> Ledger:
        typed = {EntityKind(kind.replace("_", "-")): text for kind, text in entities.items()}
        options = read_options(replace(self.words, entities=typed))
        ledger = Ledger()
        targets = look_up_targets(self.aws.account, options, ledger)
        Deletion(self.aws.account, options, ledger).delete(targets)
        return ledger


def actions(ledger: Ledger) -> dict[str, str]:
    return {entity.name: entity.action for entity in ledger.entities}


def told(ledger: Ledger) -> str:
    return "\n".join(str(problem) for problem in ledger.problems)


def task(cluster: str) -> dict[str, str]:
    return {"taskArn": f"arn:aws:ecs:us-east-1:1:task/{cluster}/0123"}

"""`--delete` takes what was made, in order, and leaves whatever is in use or not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.batch.entity_bodies import PREFIX_TAG, STACK_TAG
from tests.aws_batch_bench import (
    BUCKET,
    CE,
    CONTAINER,
    DEFINITION,
    ENVIRONMENT,
    JQ,
    QUEUE,
    Bench,
    actions,
    task,
    told,
)
from tests.fake_account import refusal


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_deleting_takes_all_that_was_made_in_order(bench: Bench) -> None:
    bench.run()
    bench.write(DEFINITION, {"containerProperties": {**CONTAINER, "image": "other"}})
    bench.run()
    key = "d-20261120T120000Z-0a1b2c3d/data/f.a"
    bench.aws.s3.buckets["p-bucket"]["keys"] = [key, f"inputs/{'0' * 64}"]
    ledger = bench.delete()
    assert ledger.problems == []
    kinds = [entity.kind for entity in ledger.entities]
    assert kinds == [QUEUE, ENVIRONMENT, DEFINITION, DEFINITION, BUCKET]
    assert bench.aws.names(CE) == bench.aws.names(JQ) == set()
    assert bench.aws.s3.buckets == {}
    assert {one["status"] for one in bench.aws.batch.definitions} == {"INACTIVE"}
    assert bench.delete().entities == []


def test_a_queue_in_use_stays_with_all_that_its_jobs_need(bench: Bench) -> None:
    bench.run()
    bench.aws.job("busy", "RUNNING", "p-job-queue", container=task("p-compute-env"))
    ledger = bench.delete()
    assert ledger.entities == []
    assert len(ledger.problems) == 4
    assert "p-job-queue holds job busy" in told(ledger)
    assert bench.aws.names(CE) and bench.aws.names(JQ) and bench.aws.s3.buckets
    assert bench.aws.batch.definitions[0]["status"] == "ACTIVE"


def test_what_cannot_be_asked_about_counts_as_in_use(bench: Bench) -> None:
    bench.run()
    bench.aws.batch.errors["list_jobs"] = [refusal("AccessDeniedException", status=403)] * 20
    ledger = bench.delete()
    assert ledger.entities == []
    assert "batch:ListJobs" in told(ledger)
    assert "stays, for jobs may need it" in told(ledger)


def test_what_belongs_to_a_stack_stays_and_is_told(bench: Bench) -> None:
    tags = {STACK_TAG: "p"}
    bench.aws.batch._create(
        JQ, jobQueueName="p-job-queue", priority=1, computeEnvironmentOrder=[], tags=tags
    )
    (entity,) = bench.delete().entities
    assert (entity.action, entity.note) == ("kept", "is part of a stack, which --teardown deletes")
    assert bench.aws.names(JQ) == {"p-job-queue"}


def test_foreign_things_under_the_prefix_stay_and_are_told(bench: Bench) -> None:
    bench.aws.s3.put("p-bucket", "thesis.tex")
    bench.aws.batch._create(JQ, jobQueueName="p-job-queue", priority=1, computeEnvironmentOrder=[])
    bench.aws.batch._register_job_definition(jobDefinitionName="p-x", tags={PREFIX_TAG: "other"})
    ledger = bench.delete()
    assert ledger.problems == []
    assert set(actions(ledger).values()) == {"kept"}
    assert bench.aws.s3.buckets["p-bucket"]["keys"] == ["thesis.tex"]
    assert bench.aws.names(JQ) == {"p-job-queue"}
    assert bench.aws.batch.definitions[0]["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"s3": "s3://p-bucket"}, "was not made by pegbatch"),
        ({"job_queue": "theirs"}, "theirs was not made by pegbatch"),
        ({"job_queue": "gone"}, "gone is not there"),
    ],
)
def test_foreign_things_that_are_named_are_refused(
    bench: Bench, typed: dict[str, str], words: str
) -> None:
    bench.aws.s3.put("p-bucket")
    bench.aws.batch._create(JQ, jobQueueName="theirs", priority=1, computeEnvironmentOrder=[])
    named = {kind.replace("s3", "bucket"): text for kind, text in typed.items()}
    ledger = bench.delete(**named)
    assert words in told(ledger)
    assert "p-bucket" in bench.aws.s3.buckets and bench.aws.names(JQ) == {"theirs"}


def test_only_what_is_named_is_deleted(bench: Bench) -> None:
    bench.run()
    bench.write(DEFINITION, {"containerProperties": {**CONTAINER, "image": "other"}})
    bench.run()
    ledger = bench.delete(job_definition="p-job-definition:1")
    assert [entity.revision for entity in ledger.entities] == [1]
    assert [one["status"] for one in bench.aws.batch.definitions] == ["INACTIVE", "ACTIVE"]
    ledger = bench.delete(job_queue=bench.entities[QUEUE])
    assert actions(ledger) == {"p-job-queue": "deleted"}
    assert bench.aws.names(CE)


def test_a_bucket_with_objects_of_others_stays_whole(bench: Bench) -> None:
    bench.run()
    ours = f"inputs/{'0' * 64}"
    bench.aws.s3.buckets["p-bucket"]["keys"] = [ours, "thesis.tex"]
    ledger = bench.delete()
    assert "1 of its 2 objects were not put there by a run, the first is thesis.tex" in told(ledger)
    assert bench.aws.s3.buckets["p-bucket"]["keys"] == [ours, "thesis.tex"]


def test_a_bucket_that_keeps_versions_stays_whole(bench: Bench) -> None:
    bench.run()
    ours = f"inputs/{'0' * 64}"
    bench.aws.s3.buckets["p-bucket"] |= {"keys": [ours], "versioned": True}
    ledger = bench.delete()
    assert "keeps old versions of objects" in told(ledger)
    assert bench.aws.s3.buckets["p-bucket"]["keys"] == [ours]


def test_objects_that_s3_does_not_delete_are_named(bench: Bench) -> None:
    bench.run()
    key = f"inputs/{'0' * 64}"
    bench.aws.s3.buckets["p-bucket"]["keys"] = [key]
    bench.aws.s3.undeletable.add(key)
    assert f"s3://p-bucket/{key}: not deleted: locked" in told(bench.delete())
    assert "p-bucket" in bench.aws.s3.buckets


def test_an_environment_that_a_foreign_queue_uses_stays(bench: Bench) -> None:
    bench.run()
    arn = bench.aws.batch.entities[CE]["p-compute-env"]["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": arn}]
    bench.aws.batch._create(JQ, jobQueueName="theirs", priority=1, computeEnvironmentOrder=order)
    ledger = bench.delete()
    assert "job queue theirs uses p-compute-env" in told(ledger)
    assert "has to be pointed elsewhere first" in told(ledger)
    assert actions(ledger) == {"p-job-queue": "deleted"}

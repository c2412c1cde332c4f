"""`--create` and `--update` on an account where things go wrong: nothing lost, all reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import javaproperties
import pytest

from pegbatch.batch.entity_bodies import PREFIX_TAG, REPLACED_TAG
from pegbatch.cli.aws_batch.ledger import Ledger
from pegbatch.cli.aws_batch.options import read_options
from pegbatch.errors import InputError, OutsideError, UsageError
from tests.aws_batch_bench import (
    BUCKET,
    CE,
    CONTAINER,
    DEFINITION,
    ENVIRONMENT,
    JQ,
    QUEUE,
    RESOURCES,
    WORDS,
    Bench,
    actions,
    task,
    told,
)
from tests.fake_account import NUMBER, REGION, refusal


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_everything_is_made_and_tagged(bench: Bench) -> None:
    ledger = bench.run()
    assert ledger.problems == []
    assert set(actions(ledger).values()) == {"created"}
    assert set(actions(ledger)) == {
        "p-job-definition",
        "p-compute-env",
        "p-job-queue",
        "p-bucket",
    }
    client = bench.aws.batch
    made = [client.definitions[0], *client.entities[CE].values(), *client.entities[JQ].values()]
    assert all(one["tags"][PREFIX_TAG] == "p" for one in made)
    bucket = bench.aws.s3.buckets["p-bucket"]
    assert bucket["tags"] == {PREFIX_TAG: "p"}
    assert bucket["encrypted"] and all(bucket["closed"].values())


def test_a_second_time_changes_nothing(bench: Bench) -> None:
    bench.run()
    bench.aws.batch.calls.clear()
    ledger = bench.run()
    assert set(actions(ledger).values()) == {"unchanged"}
    assert all(call.startswith("describe_") for call in bench.aws.batch.calls)


def test_a_changed_definition_is_a_new_revision(bench: Bench) -> None:
    bench.run()
    bench.write(DEFINITION, {"containerProperties": {**CONTAINER, "image": "other"}})
    ledger = bench.run()
    (entity,) = (one for one in ledger.entities if one.kind is DEFINITION)
    assert (entity.action, entity.revision) == ("new revision", 2)
    assert "'busybox' is to become 'other'" in entity.note


def test_a_changed_environment_and_queue_are_told_and_left_alone(bench: Bench) -> None:
    bench.run()
    bench.resources(instanceTypes=["m5"])
    bench.write(QUEUE, {"priority": 20})
    ledger = bench.run()
    assert actions(ledger)["p-compute-env"] == "kept"
    assert actions(ledger)["p-job-queue"] == "kept"
    assert "computeResources.instanceTypes: ['optimal'] is to become ['m5']" in told(ledger)
    assert "priority: 10 is to become 20" in told(ledger)
    assert told(ledger).count("--update makes the change") == 2
    assert bench.aws.names(CE) == {"p-compute-env"}


def test_an_invalid_environment_is_an_error_with_its_reason_and_the_rest_is_tried(
    bench: Bench,
) -> None:
    bench.aws.batch.becomes["p-compute-env"] = ("INVALID", "the role cannot be taken on")
    ledger = bench.run()
    assert actions(ledger) == {"p-job-definition": "created", "p-bucket": "created"}
    assert "is INVALID: the role cannot be taken on" in told(ledger)
    assert "there is no compute environment for it" in told(ledger)
    again = bench.run()
    assert "is INVALID: the role cannot be taken on" in told(again)


def test_update_puts_a_good_environment_in_the_place_of_an_invalid_one(bench: Bench) -> None:
    bench.aws.batch.becomes["p-compute-env"] = ("INVALID", "why")
    bench.run()
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert actions(ledger)["p-compute-env-b"] == "replaced"
    assert bench.aws.names(CE) == {"p-compute-env-b"}


def test_every_failure_is_reported_and_every_part_is_tried(bench: Bench) -> None:
    errors, s3 = bench.aws.batch.errors, bench.aws.s3
    errors["register_job_definition"] = [refusal("ClientException", message="bad image")]
    errors["create_compute_environment"] = [refusal("ClientException", message="bad subnet")]
    s3.closed.add("p-bucket")
    ledger = bench.run()
    assert len(ledger.problems) == 4
    for words in ("bad image", "bad subnet", "not made", "may be somebody else's"):
        assert words in told(ledger)
    assert ledger.entities == []


def test_throttled_calls_are_ridden_out(bench: Bench) -> None:
    slow = refusal("TooManyRequestsException", status=429)
    for operation in ("describe_compute_environments", "create_job_queue", "list_jobs"):
        bench.aws.batch.errors[operation] = [slow] * 5
    bench.aws.s3.errors["create_bucket"] = [refusal("SlowDown", status=503)] * 3
    ledger = bench.run()
    assert ledger.problems == []
    assert set(actions(ledger).values()) == {"created"}


def test_a_lost_answer_to_a_creation_makes_nothing_twice(bench: Bench) -> None:
    real = bench.aws.batch._create

    def lossy(kind: str, **body: Any) -> dict[str, Any]:
        real(kind, **body)
        bench.aws.batch._create = real  # type: ignore[method-assign]
        raise refusal("ServerException", status=500)

    bench.aws.batch._create = lossy  # type: ignore[method-assign]
    ledger = bench.run()
    assert ledger.problems == []
    assert actions(ledger)["p-compute-env"] == "created"


def test_what_does_not_settle_in_time_is_told(bench: Bench) -> None:
    bench.aws.batch.becomes["p-job-queue"] = ("CREATING", "")
    ledger = bench.run()
    assert "job queue p-job-queue is still CREATING after 60 s" in told(ledger)
    assert actions(ledger)["p-bucket"] == "created"


def test_what_hurts_no_job_is_changed_in_place(bench: Bench) -> None:
    bench.run()
    bench.resources(maxvCpus=64)
    bench.write(QUEUE, {"priority": 20})
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert actions(ledger)["p-compute-env"] == "updated"
    assert actions(ledger)["p-job-queue"] == "updated"
    assert set(actions(bench.run()).values()) == {"unchanged"}


def test_a_change_that_is_accepted_and_not_made_is_told(bench: Bench) -> None:
    bench.run()
    bench.aws.batch.deaf = True
    bench.resources(maxvCpus=64)
    assert "accepted and is not shown" in told(bench.run(update=True))


def test_an_environment_is_replaced_and_deleted_only_when_its_jobs_are_done(bench: Bench) -> None:
    bench.run()
    job = bench.aws.job("busy", "RUNNING", "p-job-queue", container=task("p-compute-env"))
    bench.aws.job("elsewhere", "RUNNING", "p-job-queue", container=task("p-compute-env-b"))
    bench.resources(instanceTypes=["m5"])
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert actions(ledger)["p-compute-env"] == "draining"
    assert bench.aws.names(CE) == {"p-compute-env", "p-compute-env-b"}
    order = bench.aws.batch.entities[JQ]["p-job-queue"]["computeEnvironmentOrder"]
    assert [entry["computeEnvironment"].rsplit("/")[-1] for entry in order] == ["p-compute-env-b"]
    assert bench.aws.batch.entities[CE]["p-compute-env"]["state"] == "ENABLED"
    job["status"] = "SUCCEEDED"
    ledger = bench.run(update=True)
    assert actions(ledger)["p-compute-env"] == "deleted"
    assert bench.aws.names(CE) == {"p-compute-env-b"}
    assert set(actions(bench.run()).values()) == {"unchanged"}


@pytest.mark.parametrize("container", [{}, {"taskArn": "arn:aws:ecs:us-east-1:1:task/0123"}])
def test_a_child_whose_place_is_not_shown_keeps_its_environment(
    bench: Bench, container: dict[str, str]
) -> None:
    bench.run()
    bench.aws.job("array", "PENDING", "p-job-queue", arrayProperties={"size": 2})
    child = bench.aws.job("array:1", "STARTING", "", parent="id-array", container=container)
    bench.resources(instanceTypes=["m5"])
    assert actions(bench.run(update=True))["p-compute-env"] == "draining"
    child["status"] = "FAILED"
    assert actions(bench.run(update=True))["p-compute-env"] == "deleted"


def test_the_wait_for_jobs_ends_as_soon_as_they_do(bench: Bench) -> None:
    bench.run()
    job = bench.aws.job("busy", "RUNNING", "p-job-queue", container=task("p-compute-env"))
    bench.resources(instanceTypes=["m5"])

    def finish() -> None:
        job["status"] = "SUCCEEDED"

    bench.aws.clock.on_sleep = finish
    assert actions(bench.run(update=True))["p-compute-env"] == "deleted"


def test_an_update_that_was_broken_off_before_the_switch_goes_on(bench: Bench) -> None:
    bench.run()
    bench.resources(instanceTypes=["m5"])
    bench.aws.batch.errors["update_job_queue"] = [refusal("ClientException", message="broken off")]
    bench.run(update=True)
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert bench.aws.names(CE) == {"p-compute-env-b"}


def test_a_left_over_of_an_older_update_is_deleted_and_the_change_made(bench: Bench) -> None:
    bench.run()
    order = bench.aws.batch.entities[JQ]["p-job-queue"]["computeEnvironmentOrder"]
    bench.resources(instanceTypes=["m5"])
    bench.run(update=True)
    # As if the queue had never been switched, and the old environment were there still.
    bench.aws.batch.entities[JQ]["p-job-queue"]["computeEnvironmentOrder"] = order
    bench.aws.batch._create(
        CE,
        computeEnvironmentName="p-compute-env",
        type="MANAGED",
        computeResources=RESOURCES,
        tags={PREFIX_TAG: "p"},
    )
    bench.resources(instanceTypes=["c5"])
    ledger = bench.run(update=True)
    assert "both p-compute-env and p-compute-env-b are taken" in told(ledger)
    assert bench.aws.names(CE) == {"p-compute-env"}
    assert bench.run(update=True).problems == []
    assert bench.aws.names(CE) == {"p-compute-env-b"}


def test_a_foreign_queue_keeps_the_environment_that_it_uses(bench: Bench) -> None:
    bench.run()
    old = bench.aws.batch.entities[CE]["p-compute-env"]["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": old}]
    bench.aws.batch._create(JQ, jobQueueName="theirs", priority=1, computeEnvironmentOrder=order)
    bench.resources(instanceTypes=["m5"])
    ledger = bench.run(update=True)
    assert "p-compute-env stays: job queue theirs uses it, too" in told(ledger)
    assert bench.aws.batch.entities[JQ]["theirs"]["computeEnvironmentOrder"] == order
    assert actions(ledger)["p-compute-env"] == "draining"


def test_a_foreign_environment_is_replaced_but_never_changed_or_deleted(bench: Bench) -> None:
    foreign = {"computeEnvironmentName": "p-compute-env", "type": "MANAGED"}
    bench.aws.batch._create(CE, **foreign, computeResources=dict(RESOURCES))
    bench.resources(maxvCpus=64)
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert bench.aws.names(CE) == {"p-compute-env", "p-compute-env-b"}
    there = bench.aws.batch.entities[CE]["p-compute-env"]
    assert there["computeResources"]["maxvCpus"] == 4
    assert REPLACED_TAG not in there["tags"]


def test_a_foreign_environment_under_the_other_name_is_only_in_the_way(bench: Bench) -> None:
    bench.run()
    foreign = {"computeEnvironmentName": "p-compute-env-b", "type": "MANAGED"}
    bench.aws.batch._create(CE, **foreign, computeResources=dict(RESOURCES))
    assert set(actions(bench.run(update=True)).values()) == {"unchanged"}
    bench.resources(instanceTypes=["m5"])
    assert "are taken: one still ends its jobs, or is not ours" in told(bench.run(update=True))
    assert bench.aws.names(CE) == {"p-compute-env", "p-compute-env-b"}


def test_a_foreign_queue_of_the_same_name_is_left_as_it_is(bench: Bench) -> None:
    bench.aws.batch._create(JQ, jobQueueName="p-job-queue", priority=3, computeEnvironmentOrder=[])
    assert "was not made by pegbatch" in told(bench.run(update=True))
    assert bench.aws.batch.entities[JQ]["p-job-queue"]["priority"] == 3


def test_a_queue_that_cannot_be_changed_is_replaced_and_ends_its_jobs(bench: Bench) -> None:
    bench.run()
    job = bench.aws.job("waiting", "RUNNABLE", "p-job-queue")
    bench.write(QUEUE, {"priority": 10, "schedulingPolicyArn": "arn"})
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert actions(ledger)["p-job-queue-b"] == "replaced"
    assert actions(ledger)["p-job-queue"] == "draining"
    assert bench.aws.batch.entities[JQ]["p-job-queue"]["state"] == "DISABLED"
    job["status"] = "SUCCEEDED"
    assert actions(bench.run(update=True))["p-job-queue"] == "deleted"
    assert bench.aws.names(JQ) == {"p-job-queue-b"}


def test_from_ec2_to_fargate_the_queue_moves_too(bench: Bench) -> None:
    bench.run()
    resources = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
    bench.write(ENVIRONMENT, {"computeResources": resources})
    ledger = bench.run(update=True)
    assert ledger.problems == []
    assert bench.aws.names(CE) == {"p-compute-env-b"}
    assert bench.aws.names(JQ) == {"p-job-queue-b"}


def test_a_queue_that_is_only_named_cannot_move_to_fargate(bench: Bench) -> None:
    bench.run()
    resources = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
    bench.write(ENVIRONMENT, {"computeResources": resources})
    bench.entities[QUEUE] = "p-job-queue"
    ledger = bench.run(update=True)
    assert "cannot move between EC2 and Fargate" in told(ledger)
    assert bench.aws.names(JQ) == {"p-job-queue"}


def test_names_and_arns_are_looked_up_and_missing_ones_reported(bench: Bench) -> None:
    bench.run()
    bench.entities = {
        DEFINITION: "p-job-definition:1",
        ENVIRONMENT: f"arn:aws:batch:{REGION}:{NUMBER}:compute-environment/p-compute-env",
        QUEUE: "nowhere",
    }
    ledger = bench.run()
    assert actions(ledger)["p-job-definition"] == "found"
    assert actions(ledger)["p-compute-env"] == "found"
    assert "job queue nowhere: there is none in us-east-1" in told(ledger)


def test_what_properties_name_and_no_option_asks_for_may_be_missing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    conf = bench.folder / "pegasusrc"
    conf.write_text(
        "pegasus.aws.batch.job_definition = later-job-definition\n"
        "pegasus.aws.batch.compute_environment = p-compute-env\n"
        "pegasus.aws.batch.job_queue = p-job-queue\n"
    )
    bench.words = replace(bench.words, conf=conf)
    del bench.entities[DEFINITION]
    ledger = bench.run()
    assert ledger.problems == []
    assert "job definition later-job-definition of the properties is not there yet" in caplog.text
    assert actions(ledger)["p-job-queue"] == "created"
    bench.entities = {}
    assert "job definition later-job-definition: there is none" in told(bench.run())


def test_as_pegasus_a_bucket_is_made_and_deleted_only_where_it_is_named(bench: Bench) -> None:
    # No bucket could have this name, and none is asked for.
    bench.words = replace(bench.words, as_pegasus=True, prefix="p_q")
    assert bench.run().problems == []
    assert bench.aws.s3.buckets == {}
    bench.entities[BUCKET] = "s3://mine/key"
    assert actions(bench.run())["mine"] == "created"
    assert bench.delete().problems == []
    assert list(bench.aws.s3.buckets) == ["mine"]
    assert actions(bench.delete(bucket="s3://mine/key")) == {"mine": "deleted"}


def test_an_environment_alone_gets_a_queue_of_priority_one(bench: Bench) -> None:
    del bench.entities[QUEUE], bench.entities[DEFINITION]
    assert bench.run().problems == []
    assert bench.aws.batch.entities[JQ]["p-job-queue"]["priority"] == 1


def test_all_that_is_wrong_in_all_files_is_told_before_any_call(bench: Bench) -> None:
    bench.write(DEFINITION, {"containerProperties": {"imag": "x", "vcpus": "1"}})
    bench.resources(maxvCpus=0)
    (bench.folder / "job-queue.json").write_text("{")
    with pytest.raises(InputError) as error:
        bench.run()
    text = str(error.value)
    assert "containerProperties.imag: unknown key" in text and "did you mean image?" in text
    assert "containerProperties.vcpus: '1' is not a whole number" in text
    assert "computeResources.maxvCpus: 0" in text
    assert "job-queue.json:1: malformed JSON" in text
    assert bench.aws.batch.calls == []


def test_a_bucket_in_another_region_is_reported(bench: Bench) -> None:
    bench.aws.s3.put("p-bucket")
    bench.aws.s3.buckets["p-bucket"]["region"] = "eu-west-1"
    assert "it is in eu-west-1" in told(bench.run())


def test_arns_are_saved_where_they_were_made(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "my.properties"
    path.write_text("# mine\npegasus.aws.batch.job_queue = old\nother = 1\n")
    bench.words = replace(WORDS, save=path)
    bench.run()
    lines = path.read_text().splitlines()
    arn = f"arn:aws:batch:{REGION}:{NUMBER}"
    assert lines[:3] == [
        "# mine",
        f"pegasus.aws.batch.job_queue = {arn}:job-queue/p-job-queue",
        "other = 1",
    ]
    assert f"pegasus.aws.batch.job_definition = {arn}:job-definition/p-job-definition:1" in lines
    assert "pegasus.aws.batch.s3_bucket = s3://p-bucket" in lines


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        ("", "FARGATE", "FARGATE"),
        ("EC2", "FARGATE_SPOT", "FARGATE"),
        ("FARGATE", "EC2", "EC2"),
        ("", "EC2", ""),
    ],
)
def test_the_platform_that_is_saved_is_that_of_the_queue(
    before: str, kind: str, after: str, bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "my.properties"
    path.write_text(f"pegbatch.aws.platform = {before}\n" if before else "")
    resources = {"type": kind, "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
    ec2 = {"instanceTypes": ["m5"], "instanceRole": "r"} if kind == "EC2" else {}
    bench.write(ENVIRONMENT, {"computeResources": {**resources, **ec2}})
    bench.words = replace(WORDS, save=path)
    assert bench.run().problems == []
    assert javaproperties.loads(path.read_text()).get("pegbatch.aws.platform", "") == after


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prefix": None}, "no prefix is named"),
        ({"region": None}, "no AWS region is named"),
        ({"account": "12"}, "is no AWS account"),
        ({"prefix": "a b"}, "is no name"),
        ({"prefix": "Capital"}, "is no name for a bucket"),
        ({"entities": {BUCKET: "https://b"}}, "is not s3://bucket"),
        ({"entities": {QUEUE: "arn:aws:sqs:x:1:q"}}, "is not the ARN of a job queue"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_options(replace(WORDS, **change))


def test_the_ledger_refuses_with_everything_that_went_wrong() -> None:
    ledger = Ledger()

    def fail() -> None:
        raise OutsideError("broken", hint="mend it")

    assert ledger.attempt("part", fail) is None
    with pytest.raises(OutsideError, match="part: broken\n  mend it"):
        ledger.finish(read_options(WORDS), {})

"""Files, ARNs and names are told apart as Pegasus does it, and our objects from others'."""

from __future__ import annotations

import pytest

from pegbatch.batch.entities import (
    BucketUrl,
    bucket_url,
    classify,
    default_name,
    is_our_object,
    name_problems,
    other_name,
    reference_problems,
    short_name,
)
from pegbatch.model.entities import EntityKind

QUEUE = EntityKind.QUEUE
RUN = "diamond-20261120T120000Z-0a1b2c3d"


@pytest.mark.parametrize(
    ("text", "is_file", "form"),
    [
        ("conf/queue.json", False, "file"),
        ("queue", True, "file"),
        ("queue.json", False, "file"),
        ("queue", False, "name"),
        ("queue:3", False, "name"),
        ("arn:aws:batch:us-east-1:123456789012:job-queue/q", False, "arn"),
        ("arn:aws-us-gov:batch:us-gov-west-1:123456789012:job-queue/q", False, "arn"),
    ],
)
def test_a_reference_is_a_file_an_arn_or_a_name(text: str, is_file: bool, form: str) -> None:
    assert classify(QUEUE, text, is_file=is_file).form == form


def test_files_are_not_judged_by_their_names_and_names_are() -> None:
    for text, count in (("./a b.json", 0), ("a b", 1), ("queue:3", 0)):
        reference = classify(QUEUE, text, is_file=False)
        found = reference_problems(reference, region="r", account=None, option="-q")
        assert len(found) == count


def test_a_bucket_url_is_shown_as_it_is_written() -> None:
    assert str(BucketUrl("b")) == "s3://b"
    assert str(BucketUrl("b", "a/c")) == "s3://b/a/c"


def test_names_begin_with_the_prefix_and_end_as_pegasus_has_them() -> None:
    assert [default_name(kind, "p") for kind in EntityKind] == [
        "p-job-definition",
        "p-compute-env",
        "p-job-queue",
        "p-bucket",
    ]


@pytest.mark.parametrize("text", ["arn:aws:batch:r:1:job-definition/name:3", "name:3", "name"])
def test_the_short_name_leaves_out_arn_and_revision(text: str) -> None:
    assert short_name(text) == "name"


def test_what_is_replaced_gets_a_name_of_its_own() -> None:
    assert other_name("p-compute-env") == "p-compute-env-b"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_arns_of_every_partition_are_taken(partition: str) -> None:
    arn = f"arn:{partition}:batch:somewhere-1:123456789012:job-queue/q"
    reference = classify(QUEUE, arn, is_file=False)
    found = reference_problems(reference, region="somewhere-1", account=None, option="-q")
    assert found == []


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("arn:aws:batch:us-east-1:123456789012:job-definition/d", "not the ARN of a job queue"),
        ("arn:aws:sqs:us-east-1:123456789012:q", "not the ARN of a job queue"),
        ("arn:aws:batch:eu-west-1:123456789012:job-queue/q", "is in eu-west-1"),
        ("arn:aws:batch:us-east-1:999999999999:job-queue/q", "belongs to account 999999999999"),
    ],
)
def test_an_arn_that_cannot_be_meant_is_refused(arn: str, words: str) -> None:
    reference = classify(QUEUE, arn, is_file=False)
    (problem,) = reference_problems(
        reference, region="us-east-1", account="123456789012", option="-q"
    )
    assert words in problem.message


def test_an_arn_of_another_region_is_refused_with_the_region_to_give() -> None:
    arn = "arn:aws:batch:us-east-1:123456789012:job-queue/q"
    reference = classify(QUEUE, arn, is_file=False)
    (problem,) = reference_problems(reference, region="eu-west-1", account=None, option="-q")
    assert problem.hint is not None
    assert problem.hint.startswith("give --region us-east-1, or")


@pytest.mark.parametrize("name", ["", "-begins", "ü", "a b", "x" * 129])
def test_names_that_aws_refuses_are_refused_first(name: str) -> None:
    assert len(name_problems(QUEUE, name, None)) == 1


@pytest.mark.parametrize(
    ("name", "count"),
    [("good-bucket.1", 0), ("Capital", 1), ("ab", 1), ("a..b", 1), ("under_score", 1)],
)
def test_bucket_names_have_rules_of_their_own(name: str, count: int) -> None:
    assert len(name_problems(EntityKind.BUCKET, name, None)) == count


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://b", BucketUrl("b")),
        ("s3://b/", BucketUrl("b")),
        ("s3://b/key/prefix/", BucketUrl("b", "key/prefix")),
        ("s3://user@amazon/b/key", BucketUrl("b", "key")),
        ("b", BucketUrl("b")),
        ("https://b/key", None),
        ("s3://", None),
    ],
)
def test_s3_urls_are_read_in_pegasus_forms(text: str, url: BucketUrl | None) -> None:
    assert bucket_url(text) == url


@pytest.mark.parametrize(
    "key",
    [
        f"inputs/{'0' * 64}",
        f"{RUN}/plan/plan.json",
        f"{RUN}/worker.pyz",
        f"{RUN}/data/deep/f.a",
        f"{RUN}/records/L0/0/1.1.jsonl",
        f"{RUN}/summary.json",
    ],
)
@pytest.mark.parametrize("prefix", ["", "some/where"])
def test_what_a_run_puts_is_ours(key: str, prefix: str) -> None:
    assert is_our_object(f"{prefix}/{key}" if prefix else key, prefix)


@pytest.mark.parametrize(
    "key",
    [
        "thesis.tex",
        "inputs/notes.txt",
        f"{RUN}/thesis.tex",
        f"other/{RUN}/worker.pyz",
        "diamond/data/f.a",
        f"{RUN}/data/",
    ],
)
def test_what_a_run_does_not_put_is_not_ours(key: str) -> None:
    assert not is_our_object(key, "")


def test_what_lies_outside_the_prefix_is_not_ours() -> None:
    assert not is_our_object(f"{RUN}/worker.pyz", "some/where")
    assert not is_our_object(f"some/whereabouts/{RUN}/worker.pyz", "some/where")

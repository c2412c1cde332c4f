"""Entities and findings as people read them."""

from __future__ import annotations

import re

from pegbatch.model.checks import Finding, Verdict, finding_to_json
from pegbatch.model.entities import Entity, EntityKind, entity_to_json
from pegbatch.report.entities import entities_text, findings_text, listing_text

ENVIRONMENT = Entity(
    kind=EntityKind.ENVIRONMENT,
    name="p-compute-env",
    arn="arn:ce",
    action="replaced",
    note="takes the place of x",
    state="ENABLED",
    status="INVALID",
    reason="the role is gone",
    capacity={"type": "SPOT", "desired_vcpus": 2, "max_vcpus": 8, "instance_types": ["m5", "c5"]},
)
DEFINITION = Entity(
    kind=EntityKind.DEFINITION,
    name="p-job-definition",
    arn="arn:jd:3",
    action="unchanged",
    state="ACTIVE",
    revision=3,
    ours=True,
    capacity={"image": "busybox", "vcpus": "1", "memory_mib": "64", "gpus": None},
)
QUEUE = Entity(
    kind=EntityKind.QUEUE,
    name="p-job-queue",
    arn="arn:jq",
    ours=True,
    capacity={"priority": 1, "environments": ["a", "b"]},
)
BUCKET = Entity(
    kind=EntityKind.BUCKET, name="b", arn="arn:b", ours=True, capacity={"region": "eu-west-1"}
)


def test_what_was_done_stands_beside_the_arn() -> None:
    assert entities_text([ENVIRONMENT, DEFINITION]).splitlines() == [
        "compute environment  arn:ce    replaced (takes the place of x)",
        "job definition       arn:jd:3  unchanged",
    ]


def test_the_listing_shows_state_revision_and_capacity() -> None:
    lines = listing_text([DEFINITION, ENVIRONMENT, QUEUE, BUCKET], "p").splitlines()
    assert [re.split("  +", line) for line in lines] == [
        ["KIND", "NAME", "STATE", "CAPACITY"],
        ["job definition", "p-job-definition:3", "ACTIVE", "1 vCPUs, 64 MiB, busybox"],
        [
            "compute environment",
            "p-compute-env (not made by --create)",
            "ENABLED INVALID (takes the place of x)",
            "SPOT, 2 of 8 vCPUs, m5, c5",
        ],
        ["", "the role is gone"],
        ["job queue", "p-job-queue", "-", "priority 1, on a then b"],
        ["bucket", "b", "-", "eu-west-1"],
    ]
    assert len({line.index(re.split("  +", line)[-1]) for line in lines if line[0] != " "}) == 1


def test_an_empty_listing_says_so() -> None:
    assert listing_text([], "p") == "nothing exists under the prefix p"


def test_an_entity_as_json_has_every_part() -> None:
    found = entity_to_json(DEFINITION)
    assert found["kind"] == "job-definition" and found["revision"] == 3
    assert found["capacity"]["image"] == "busybox"


def test_a_finding_says_below_what_to_do() -> None:
    found = [
        Finding("region", Verdict.OK, "us-east-1"),
        Finding("job queue", Verdict.FAILED, "there is none", "make one"),
    ]
    assert findings_text(found).splitlines() == [
        "ok      region     us-east-1",
        "failed  job queue  there is none",
        "                   make one",
    ]
    assert finding_to_json(found[1]) == {
        "check": "job queue",
        "verdict": "failed",
        "message": "there is none",
        "hint": "make one",
    }

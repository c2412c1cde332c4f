"""What was seen of an account is judged, and every fault says what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.batch.account_checks import judge
from pegbatch.batch.account_findings import Wanted
from pegbatch.batch.machine_fit import Largest, largest_jobs
from pegbatch.batch.trust import ECS_TASKS, trusts
from pegbatch.errors import PlanError
from pegbatch.model.account import (
    AccountFacts,
    Identity,
    InstanceType,
    Refused,
    SeenBucket,
    Subnet,
)
from pegbatch.model.checks import Finding, Verdict
from pegbatch.model.fargate import FARGATE_MEMORY, fargate_pair
from pegbatch.model.images import image_fault
from pegbatch.model.plan import Resources
from tests.plans import job, plan

ROLE = "arn:aws:iam::123456789012:role/job"
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ECS_TASKS},
            "Action": "sts:AssumeRole",
        }
    ]
}
ENVIRONMENT = {
    "computeEnvironmentName": "ce",
    "state": "ENABLED",
    "status": "VALID",
    "computeResources": {"type": "EC2", "maxvCpus": 16},
}
DEFINITION: dict[str, Any] = {
    "jobDefinitionName": "d",
    "revision": 2,
    "containerProperties": {"image": "busybox:1", "jobRoleArn": ROLE},
}
GOOD = AccountFacts(
    region="us-east-1",
    caller=Identity("123456789012", "arn:aws:iam::123456789012:user/me"),
    queue={"state": "ENABLED", "status": "VALID"},
    environments=(ENVIRONMENT,),
    definition=DEFINITION,
    bucket=SeenBucket("b", "us-east-1"),
    writable=True,
    role_writable=True,
    roles={ROLE: TRUST},
    instance_types={"ce": (InstanceType("m5.large", 2, 8192),)},
    subnets={"ce": (Subnet("s", "nat-1", False),)},
    counts=(1, 2),
    endpoints={"AWS Batch": ""},
)
WANTED = Wanted(
    account="123456789012",
    queue="q",
    definition="d",
    bucket="b",
    largest=(Largest(2, 4096),),
    requests=4,
)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (True, Verdict.OK),
        (False, Verdict.FAILED),
        (Refused("denied", "allow it"), Verdict.WARNING),
    ],
)
def test_a_plan_with_sub_workflows_asks_whether_its_tasks_may_submit_jobs(
    answer: bool | Refused, verdict: Verdict
) -> None:
    wanted = replace(WANTED, sub_workflows=1)
    found = one("sub-workflows", replace(GOOD, role_submits=answer), wanted)
    assert found.verdict is verdict
    assert findings("sub-workflows", replace(GOOD, role_submits=answer)) == []
    assert findings("sub-workflows", GOOD, wanted) == []  # nobody could be asked


def findings(check: str, facts: AccountFacts, wanted: Wanted = WANTED) -> list[Finding]:
    return [finding for finding in judge(wanted, facts) if finding.check == check]


def one(check: str, facts: AccountFacts, wanted: Wanted = WANTED) -> Finding:
    (finding,) = findings(check, facts, wanted)
    return finding


def test_an_account_in_order_passes_every_check() -> None:
    found = judge(WANTED, GOOD)
    assert {finding.verdict for finding in found} == {Verdict.OK}
    assert len({finding.check for finding in found}) == 17


@pytest.mark.parametrize(
    ("check", "change", "verdict"),
    [
        ("credentials", {"caller": Refused("none", "log in")}, Verdict.FAILED),
        ("region", {"known_region": False}, Verdict.WARNING),
        ("account", {"caller": Identity("999999999999", "arn")}, Verdict.FAILED),
        ("bucket", {"bucket": None}, Verdict.WARNING),
        ("bucket", {"bucket": SeenBucket("b", "eu-west-1")}, Verdict.WARNING),
        ("bucket", {"bucket": Refused("not yours", "another")}, Verdict.FAILED),
        ("bucket write", {"writable": False}, Verdict.FAILED),
        ("bucket write", {"writable": Refused("no", "try --write")}, Verdict.WARNING),
        ("job role write", {"role_writable": False}, Verdict.FAILED),
        ("job queue", {"queue": None}, Verdict.FAILED),
        ("job queue", {"queue": {"state": "DISABLED", "status": "VALID"}}, Verdict.FAILED),
        ("job queue", {"queue": {"state": "ENABLED", "status": "UPDATING"}}, Verdict.WARNING),
        (
            "compute environment",
            {"environments": ({**ENVIRONMENT, "status": "INVALID", "statusReason": "why"},)},
            Verdict.FAILED,
        ),
        ("compute environment", {"environments": Refused("denied", "allow it")}, Verdict.FAILED),
        ("job definition", {"definition": None}, Verdict.FAILED),
        ("job definition", {"definition": Refused("denied", "allow it")}, Verdict.FAILED),
        ("job role", {"roles": {ROLE: None}}, Verdict.FAILED),
        ("job role", {"roles": {ROLE: {"Statement": []}}}, Verdict.FAILED),
        ("job role", {"roles": {ROLE: Refused("no", "allow it", denied=True)}}, Verdict.WARNING),
        ("subnets", {"subnets": {"ce": (Subnet("s", "", True),)}}, Verdict.WARNING),
        ("subnets", {"subnets": {"ce": (Subnet("s", "igw-1", False),)}}, Verdict.WARNING),
        ("subnets", {"subnets": {"ce": Refused("no", "allow it")}}, Verdict.WARNING),
        ("quotas", {"counts": (46, 0)}, Verdict.WARNING),
        ("quotas", {"counts": Refused("no", "allow it")}, Verdict.WARNING),
        ("largest job", {"instance_types": {"ce": Refused("no", "allow it")}}, Verdict.WARNING),
    ],
)
def test_what_is_not_in_order_is_found_and_says_what_to_do(
    check: str, change: dict[str, Any], verdict: Verdict
) -> None:
    found = one(check, replace(GOOD, **change))
    assert found.verdict is verdict
    assert found.message and found.hint


def test_an_invalid_environment_is_told_with_its_reason() -> None:
    broken = {**ENVIRONMENT, "status": "INVALID", "statusReason": "role is gone"}
    found = one("compute environment", replace(GOOD, environments=(broken,)))
    assert "role is gone" in found.message


def test_a_service_that_does_not_answer_is_named_apart_from_those_that_do() -> None:
    facts = replace(GOOD, endpoints={"AWS Batch": "", "S3": "timed out"})
    bad, good = findings("network", facts)
    assert (bad.verdict, good.verdict) == (Verdict.FAILED, Verdict.OK)
    assert "S3" in bad.message and "AWS Batch" in good.message
    (only,) = findings("network", replace(GOOD, endpoints={"S3": "timed out"}))
    assert only.verdict is Verdict.FAILED


@pytest.mark.parametrize("key", ["queue", "definition", "bucket"])
def test_what_nobody_has_named_is_a_failure(key: str) -> None:
    wanted = replace(WANTED, **{key: ""})
    failed = [one for one in judge(wanted, GOOD) if one.verdict is Verdict.FAILED]
    assert len(failed) == 1 and "named" in failed[0].message


def test_a_definition_without_job_role_is_a_warning_and_on_fargate_a_failure() -> None:
    plain = {**DEFINITION, "containerProperties": {"image": "i"}}
    assert one("job role", replace(GOOD, definition=plain)).verdict is Verdict.WARNING
    fargate = {**plain, "platformCapabilities": ["FARGATE"]}
    facts = replace(GOOD, definition=fargate)
    assert one("job role", facts).verdict is Verdict.FAILED
    assert one("execution role", facts).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("largest", "words"),
    [
        (Largest(17, 1), "maxvCpus is 16"),
        (Largest(2, 8192), "none of m5.large is large enough"),
        (Largest(1, 1, 1), "none of m5.large is large enough"),
    ],
)
def test_a_job_that_fits_nowhere_is_told_with_the_reason(largest: Largest, words: str) -> None:
    found = one("largest job", GOOD, replace(WANTED, largest=(largest,)))
    assert found.verdict is Verdict.FAILED
    assert words in found.message


@pytest.mark.parametrize(
    ("largest", "verdict"),
    [
        (Largest(4, 30 * 1024), Verdict.OK),
        (Largest(16, 121 * 1024), Verdict.FAILED),
        (Largest(1, 2048, 1), Verdict.FAILED),
    ],
)
def test_on_fargate_the_largest_job_must_fit_a_pair(largest: Largest, verdict: Verdict) -> None:
    fargate = {**ENVIRONMENT, "computeResources": {"type": "FARGATE", "maxvCpus": 64}}
    facts = replace(GOOD, environments=(fargate,))
    assert one("largest job", facts, replace(WANTED, largest=(largest,))).verdict is verdict


def test_broken_limits_are_listed_one_by_one() -> None:
    wanted = replace(WANTED, broken_limits=PlanError("too many", hint="fewer"))
    assert one("limits", GOOD, wanted) == Finding("limits", Verdict.FAILED, "too many", "fewer")


def test_an_account_that_nobody_could_ask_is_not_judged_further() -> None:
    silent = Refused("does not answer", "look at the network")
    facts = AccountFacts(
        region="us-east-1",
        caller=silent,
        queue=silent,
        environments=silent,
        definition=silent,
        bucket=silent,
        counts=silent,
        endpoints={"AWS Batch": "timed out"},
    )
    found = {finding.check for finding in judge(WANTED, facts)}
    assert not found & {"account", "largest job", "job role", "image", "subnets"}
    no_environments = replace(GOOD, environments=(), subnets={"ce": ()})
    assert findings("largest job", no_environments) == []
    assert findings("subnets", no_environments) == []


def test_an_account_that_the_properties_do_not_name_is_told() -> None:
    assert "not set" in one("account", GOOD, replace(WANTED, account="")).message


def test_an_unmanaged_environment_takes_any_job() -> None:
    unmanaged = {"computeEnvironmentName": "ce", "state": "ENABLED", "status": "VALID"}
    facts = replace(GOOD, environments=(unmanaged,))
    assert one("largest job", facts).verdict is Verdict.OK


def test_without_a_plan_sizes_are_not_asked_for() -> None:
    wanted = replace(WANTED, largest=(), requests=0)
    assert one("largest job", GOOD, wanted).verdict is Verdict.NOT_APPLICABLE
    assert findings("limits", GOOD, wanted) == []


def test_only_jobs_that_no_other_covers_are_asked_for() -> None:
    sizes = [Resources(1, 512), Resources(2, 512), Resources(1, 4096), Resources(1, 512, 1)]
    jobs = [replace(job(f"L{n}"), resources=size) for n, size in enumerate(sizes)]
    assert largest_jobs(plan(*jobs)) == (
        Largest(1, 512, 1),
        Largest(1, 4096),
        Largest(2, 512),
    )


@pytest.mark.parametrize(
    "image",
    [
        "busybox",
        "busybox:1.36",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/worker:latest",
        "localhost:5000/worker@sha256:" + "0" * 64,
        "public.ecr.aws/amazonlinux/amazonlinux:2023",
    ],
)
def test_references_of_images_are_known(image: str) -> None:
    assert image_fault(image) == ""


@pytest.mark.parametrize(
    "image",
    [
        "",
        "has blank",
        "UPPER/case",
        "name:",
        "XXXXXXXXXXX.dkr.ecr.us-west-2.amazonaws.com/awsbatch/fetch_and_run",
        "https://docker.io/busybox",
    ],
)
def test_what_is_no_reference_of_an_image_is_told(image: str) -> None:
    assert image_fault(image)


@pytest.mark.parametrize(
    ("statement", "trusted"),
    [
        (TRUST["Statement"][0], True),
        (
            {**TRUST["Statement"][0], "Principal": {"Service": ["ec2.amazonaws.com", ECS_TASKS]}},
            True,
        ),
        ({**TRUST["Statement"][0], "Principal": "*"}, True),
        ({**TRUST["Statement"][0], "Principal": {"Service": "ec2.amazonaws.com"}}, False),
        ({**TRUST["Statement"][0], "Principal": {"AWS": "*"}}, False),
        ({**TRUST["Statement"][0], "Action": "sts:TagSession"}, False),
        ({**TRUST["Statement"][0], "Effect": "Deny"}, False),
    ],
)
def test_a_trust_policy_lets_a_service_in_or_not(statement: dict[str, Any], trusted: bool) -> None:
    assert trusts({"Statement": statement}, ECS_TASKS) is trusted
    assert trusts({"Statement": [statement]}, ECS_TASKS) is trusted


def test_a_denial_outweighs_what_is_allowed() -> None:
    allow = TRUST["Statement"][0]
    assert not trusts({"Statement": [allow, {**allow, "Effect": "Deny"}]}, ECS_TASKS)


@pytest.mark.parametrize(
    ("asked", "pair"),
    [
        ((1, 500), (1.0, 2048)),
        ((0.25, 600), (0.25, 1024)),
        ((1, 9000), (2.0, 9216)),
        ((3, 1), (4.0, 8192)),
        ((16, 122_880), (16.0, 122_880)),
        ((16, 122_881), None),
        ((17, 1), None),
    ],
)
def test_the_next_pair_of_fargate_holds_what_is_asked(
    asked: tuple[float, int], pair: tuple[float, int] | None
) -> None:
    assert fargate_pair(*asked) == pair


def test_every_pair_of_fargate_is_its_own_next_pair() -> None:
    for vcpus, memories in FARGATE_MEMORY.items():
        assert all(fargate_pair(vcpus, memory) == (vcpus, memory) for memory in memories)

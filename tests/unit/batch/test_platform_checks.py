"""Queues, definition and property have to agree on EC2 or on Fargate; two queues are looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.batch.account_checks import judge
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.checks import Finding, Verdict
from tests.unit.batch.test_account_checks import DEFINITION, ENVIRONMENT, GOOD, WANTED

QUEUE = {"state": "ENABLED", "status": "VALID"}
ON_DEMAND = replace(WANTED, on_demand_queue="second")


def environment(kind: str, **more: str) -> dict[str, Any]:
    return {**ENVIRONMENT, "computeResources": {"type": kind, "maxvCpus": 16}, **more}


def of(check: str, facts: AccountFacts, wanted: Any = WANTED) -> list[Finding]:
    return [finding for finding in judge(wanted, facts) if finding.check == check]


def seen(**more: Any) -> AccountFacts:
    return replace(GOOD, **{"on_demand": QUEUE, "on_demand_environments": (ENVIRONMENT,), **more})


def test_a_queue_for_on_demand_that_takes_jobs_is_in_order() -> None:
    (queue,) = of("on-demand queue", seen(), ON_DEMAND)
    (machines,) = of("on-demand environment", seen(), ON_DEMAND)
    assert (queue.verdict, machines.verdict) == (Verdict.OK, Verdict.OK)
    assert queue.message == "second, ENABLED and VALID"


def test_without_the_property_nobody_speaks_of_it() -> None:
    assert of("on-demand queue", GOOD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"on_demand": None, "on_demand_environments": ()}, "there is no on-demand queue second"),
        ({"on_demand": {**QUEUE, "state": "DISABLED"}}, "second is DISABLED"),
        ({"on_demand_environments": Refused("the queue names ce")}, "the queue names ce"),
    ],
)
def test_a_queue_for_on_demand_that_takes_no_jobs_fails(change: Any, said: str) -> None:
    failed = [
        one
        for one in of("on-demand queue", seen(**change), ON_DEMAND)
        if one.verdict is Verdict.FAILED
    ]
    assert [one for one in failed if said in one.message]


@pytest.mark.parametrize("kind", ["SPOT", "FARGATE_SPOT"])
def test_spare_machines_behind_the_queue_for_on_demand_are_a_warning(kind: str) -> None:
    found = of(
        "on-demand environment", seen(on_demand_environments=(environment(kind),)), ON_DEMAND
    )
    assert [one.verdict for one in found] == [Verdict.OK, Verdict.WARNING]
    assert "may be interrupted" in found[1].message


def test_a_definition_for_ec2_does_not_fit_a_queue_on_fargate() -> None:
    (found,) = of("platform", replace(GOOD, environments=(environment("FARGATE"),)))
    assert found.verdict is Verdict.FAILED
    assert found.message == "d:2 is for EC2, and q is on FARGATE"
    assert "platformCapabilities" in found.hint


def test_both_queues_have_to_fit_the_definition() -> None:
    facts = seen(on_demand_environments=(environment("FARGATE"),))
    verdicts = [one.verdict for one in of("platform", facts, ON_DEMAND)]
    assert verdicts == [Verdict.OK, Verdict.FAILED]


def test_a_property_that_says_otherwise_than_the_queue_fails() -> None:
    (found,) = of("platform", GOOD, replace(WANTED, platform="FARGATE"))
    assert found.verdict is Verdict.FAILED
    assert "pegbatch.aws.platform is FARGATE, and q is on EC2" in found.message


@pytest.mark.parametrize(("stated", "disk"), [(None, "20 GiB"), (50, "50 GiB")])
def test_the_disk_of_a_job_on_fargate_is_told(stated: int | None, disk: str) -> None:
    storage = {"ephemeralStorage": {"sizeInGiB": stated}} if stated else {}
    container = {**DEFINITION["containerProperties"], **storage}
    definition = {
        **DEFINITION,
        "platformCapabilities": ["FARGATE"],
        "containerProperties": container,
    }
    facts = replace(GOOD, environments=(environment("FARGATE"),), definition=definition)
    (found,) = of("disk", facts)
    assert disk in found.message
    assert bool(found.hint) is (stated is None)
    assert [one.verdict for one in of("platform", facts)] == [Verdict.OK]


def test_machines_have_disks_of_their_own_and_nothing_is_said() -> None:
    assert of("disk", GOOD) == []

"""Definitions of containers are registered once, found again, and not at all where one is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.adapters.container_definitions import ensure_container_definitions
from pegbatch.errors import InputError, OutsideError, PegbatchError, PlanError
from pegbatch.model.containers import TaskContainer
from tests.fake_account import FakeAccount, refusal
from tests.unit.batch.test_container_definitions import BASE, BOX

BASE_NAME = "mine-job-definition"
TWO = TaskContainer(name="two", image="lab/two:1")


@pytest.fixture
def aws() -> FakeAccount:
    found = FakeAccount()
    found.batch.definitions.append(dict(BASE))
    return found


def ensured(aws: FakeAccount, *containers: TaskContainer, base: str = BASE_NAME) -> dict[str, str]:
    return dict(ensure_container_definitions(aws.account.batch, base, containers))


def registered(aws: FakeAccount) -> list[dict[str, Any]]:
    return [one for one in aws.batch.definitions if one["jobDefinitionName"] != BASE_NAME]


def test_each_is_registered_once_with_our_tag_and_found_by_the_next_client(
    aws: FakeAccount,
) -> None:
    names = ensured(aws, BOX, TWO)
    assert {one["jobDefinitionName"] for one in registered(aws)} == set(names.values())
    assert {one["tags"]["pegbatch:prefix"] for one in registered(aws)} == {"mine"}
    aws.batch.calls.clear()
    assert ensured(aws, BOX, TWO) == names
    assert set(aws.batch.calls) == {"describe_job_definitions"}


def test_containers_of_the_same_contents_share_a_definition(aws: FakeAccount) -> None:
    names = ensured(aws, BOX, replace(BOX, name="same"))
    assert len(set(names.values())) == len(registered(aws)) == 1


def test_one_that_was_deregistered_is_made_again(aws: FakeAccount) -> None:
    names = ensured(aws, BOX)
    registered(aws)[0]["status"] = "INACTIVE"
    assert ensured(aws, BOX) == names
    assert [one["status"] for one in registered(aws)] == ["INACTIVE", "ACTIVE"]


def test_the_newest_revision_of_the_base_counts_unless_one_is_named(aws: FakeAccount) -> None:
    newer = {**BASE, "revision": 8, "timeout": {"attemptDurationSeconds": 60}}
    aws.batch.definitions.append({**newer, "jobDefinitionArn": "arn:8"})
    newest = ensured(aws, BOX)
    for base in (f"{BASE_NAME}:7", str(BASE["jobDefinitionArn"])):
        assert ensured(aws, BOX, base=base) != newest
    assert len(registered(aws)) == 2


@pytest.mark.parametrize(
    ("base", "containers", "error", "words"),
    [
        ("gone", (BOX,), OutsideError, "no ACTIVE job definition gone"),
        (f"{BASE_NAME}:3", (BOX,), OutsideError, "no ACTIVE job definition"),
        (BASE_NAME, (TWO, replace(BOX, environment=(("A", "x" * 25_000),))), InputError, "24576"),
    ],
)
def test_nothing_is_registered_where_one_cannot_be(
    aws: FakeAccount, base: str, containers: Any, error: type[PegbatchError], words: str
) -> None:
    with pytest.raises(error, match=words):
        ensured(aws, *containers, base=base)
    assert registered(aws) == []


def test_a_base_that_takes_no_containers_is_refused_before_anything_is_registered(
    aws: FakeAccount,
) -> None:
    aws.batch.definitions[0]["platformCapabilities"] = ["FARGATE"]
    with pytest.raises(PlanError, match="Fargate has no folders"):
        ensured(aws, TWO, BOX)
    assert registered(aws) == []


def test_who_may_not_register_is_told_so(aws: FakeAccount) -> None:
    aws.batch.errors["register_job_definition"] = [refusal("AccessDeniedException", status=403)]
    with pytest.raises(OutsideError, match="RegisterJobDefinition"):
        ensured(aws, BOX)

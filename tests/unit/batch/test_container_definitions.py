"""Definitions of containers: what they take over from the base definition, and their names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.batch.account_findings import Wanted
from pegbatch.batch.container_checks import check_containers
from pegbatch.batch.container_definitions import base_problems, derive, is_derived, prefix_of
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.checks import Verdict
from pegbatch.model.containers import HostMount, TaskContainer
from tests.unit.batch.test_account_checks import GOOD

BASE: dict[str, Any] = {
    "jobDefinitionName": "mine-job-definition",
    "jobDefinitionArn": "arn:aws:batch:us-east-1:1:job-definition/mine-job-definition:7",
    "revision": 7,
    "status": "ACTIVE",
    "type": "container",
    "parameters": {},
    "retryStrategy": {"attempts": 2, "evaluateOnExit": []},
    "timeout": {"attemptDurationSeconds": 600},
    "platformCapabilities": ["EC2"],
    "containerOrchestrationType": "ECS",
    "tags": {"pegbatch:prefix": "mine", "pegbatch:digest": "00", "aws:cf": "s", "team": "astro"},
    "containerProperties": {
        "image": "base",
        "command": ["x"],
        "jobRoleArn": "role",
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "512"},
        ],
        "environment": [{"name": "A", "value": "base"}, {"name": "B", "value": "base"}],
        "volumes": [{"name": "v", "host": {"sourcePath": "/v"}}],
        "mountPoints": [{"sourceVolume": "v", "containerPath": "/v/"}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/mine"}},
    },
}
BOX = TaskContainer(
    name="one",
    image="lab/one:1",
    environment=(("A", "one"),),
    mounts=(HostMount("/d", "/d", True),),
)


def test_all_is_the_bases_but_for_what_the_container_says() -> None:
    body = derive(BASE, BOX).body
    properties = body["containerProperties"]
    assert properties == {
        **BASE["containerProperties"],
        "image": "lab/one:1",
        "environment": [{"name": "A", "value": "one"}, {"name": "B", "value": "base"}],
        "volumes": [
            {"name": "v", "host": {"sourcePath": "/v"}},
            {"name": "pegbatch-mount-1", "host": {"sourcePath": "/d"}},
        ],
        "mountPoints": [
            {"sourceVolume": "v", "containerPath": "/v/"},
            {"sourceVolume": "pegbatch-mount-1", "containerPath": "/d", "readOnly": True},
        ],
    }
    rest = {key: value for key, value in body.items() if key in BASE and key not in ("tags",)}
    kept = ("type", "retryStrategy", "timeout", "platformCapabilities")
    assert {key: rest[key] for key in kept} == {key: BASE[key] for key in kept}
    assert set(body) == {*kept, "jobDefinitionName", "containerProperties", "tags"}
    assert body["tags"].keys() == {"team", "pegbatch:prefix", "pegbatch:digest"}


def test_a_mount_takes_the_place_of_the_bases_at_the_same_folder() -> None:
    box = replace(BOX, mounts=(HostMount("/other", "/v"),))
    points = derive(BASE, box).body["containerProperties"]["mountPoints"]
    assert [point["sourceVolume"] for point in points] == ["pegbatch-mount-1"]


def test_the_name_is_prefix_and_hash_of_the_contents() -> None:
    name = derive(BASE, BOX).name
    prefix, _, digits = name.rpartition("-")
    assert (prefix, len(digits)) == ("mine", 12)
    assert derive(BASE, replace(BOX, name="other")).name == name
    assert derive({**BASE, "revision": 8, "jobDefinitionArn": "x"}, BOX).name == name
    others = (
        derive({**BASE, "timeout": {"attemptDurationSeconds": 60}}, BOX),
        derive(BASE, replace(BOX, image="lab/one:2")),
        derive({**BASE, "tags": {**BASE["tags"], "team": "bio"}}, BOX),
    )
    assert len({name, *(other.name for other in others)}) == 4


@pytest.mark.parametrize(
    ("name", "tags", "prefix"),
    [
        ("x-job-definition", {"pegbatch:prefix": "mine"}, "mine"),
        ("x-job-definition", {"pegbatch:stack": "of-stack"}, "of-stack"),
        ("x-job-definition", {}, "x"),
        ("by-hand", None, "by-hand"),
    ],
)
def test_the_prefix_is_that_of_the_base(name: str, tags: Any, prefix: str) -> None:
    base = {**BASE, "jobDefinitionName": name, "tags": tags}
    assert prefix_of(base) == prefix
    derived = derive(base, BOX)
    assert derived.name.startswith(f"{prefix}-")
    assert is_derived(derived.body, prefix)
    assert not is_derived(derived.body, "other")
    assert not is_derived({**derived.body, "jobDefinitionName": f"{prefix}-job-definition"}, prefix)


def test_a_long_prefix_is_cut_so_that_the_name_stays_legal() -> None:
    name = derive({**BASE, "jobDefinitionName": "n" * 128, "tags": {}}, BOX).name
    assert len(name) == 128
    assert name.startswith("n" * 115 + "-")


def test_a_base_without_a_container_or_without_folders_takes_none() -> None:
    assert base_problems(BASE, (BOX,)) == ()
    (bare,) = base_problems({**BASE, "containerProperties": None, "ecsProperties": {}}, (BOX,))
    assert "no containerProperties" in bare.message
    fargate = {**BASE, "platformCapabilities": ["FARGATE"]}
    (mounted,) = base_problems(fargate, (BOX, replace(BOX, mounts=())))
    assert "container 'one' mounts /d, and Fargate has no folders" in mounted.message


def test_check_names_each_image_and_a_base_that_takes_none() -> None:
    bad = replace(BOX, name="two", image="No Image")
    wanted = Wanted(containers=(BOX, bad))
    facts: AccountFacts = replace(GOOD, definition={**BASE, "type": "multinode"})
    found = list(check_containers(wanted, facts))
    assert [(one.check, one.verdict) for one in found] == [
        ("containers", Verdict.FAILED),
        ("container one", Verdict.OK),
        ("container two", Verdict.FAILED),
    ]
    unseen = replace(facts, definition=Refused("no", ""))
    assert next(check_containers(wanted, unseen)).check == "container one"
    assert list(check_containers(Wanted(), facts)) == []


def test_a_definition_of_a_container_can_be_a_base_itself() -> None:
    box = replace(BOX, mounts=(HostMount("/more", "/more"),))
    properties = derive(derive(BASE, BOX).body, box).body["containerProperties"]
    names = [volume["name"] for volume in properties["volumes"]]
    assert len(set(names)) == len(names)
    assert {point["sourceVolume"] for point in properties["mountPoints"]} <= set(names)
    assert (
        len(properties["mountPoints"])
        == len(derive(BASE, BOX).body["containerProperties"]["mountPoints"]) + 1
    )

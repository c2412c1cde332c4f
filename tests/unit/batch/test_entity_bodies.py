"""Bodies are filled in, translated and tagged; and compared as AWS means them."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.batch.entity_bodies import (
    DIGEST_TAG,
    PREFIX_TAG,
    REPLACED_TAG,
    EntityBody,
    digest,
    is_ours,
    prepare,
    replaced_by,
    tagged,
    translate_old_keys,
)
from pegbatch.batch.entity_differences import differences, is_in_place
from pegbatch.model.entities import EntityKind

DEFINITION, ENVIRONMENT, QUEUE = EntityKind.DEFINITION, EntityKind.ENVIRONMENT, EntityKind.QUEUE
RESOURCES = {"type": "EC2", "maxvCpus": 4, "instanceTypes": ["m5", "c5"], "subnets": ["a", "b"]}
MADE = {"type": "MANAGED", "state": "ENABLED"}
ROLE = "arn:aws:iam::123456789012:role/"


def body(kind: EntityKind, written: dict[str, Any], environment: str | None = "ce") -> EntityBody:
    whole = prepare(kind, written, prefix="p", environment=environment)
    return EntityBody(kind, whole, "file.json")


def paths(wanted: EntityBody, found: dict[str, Any]) -> list[str]:
    return [one.path for one in differences(wanted, found)]


def test_old_keys_become_resource_requirements() -> None:
    old = {"containerProperties": {"image": "i", "vcpus": 2, "memory": 500}}
    assert translate_old_keys(old) == {
        "containerProperties": {
            "image": "i",
            "resourceRequirements": [
                {"type": "VCPU", "value": "2"},
                {"type": "MEMORY", "value": "500"},
            ],
        }
    }


def test_a_stated_requirement_wins_over_an_old_key() -> None:
    stated = [{"type": "VCPU", "value": "4"}]
    old = {"containerProperties": {"vcpus": 2, "resourceRequirements": stated}}
    found = translate_old_keys(old)["containerProperties"]
    assert found == {"resourceRequirements": stated}


@pytest.mark.parametrize(
    "container",
    [
        "no object",
        {"vcpus": "2"},
        {"vcpus": 1, "resourceRequirements": "no list"},
        {"memory": True},
    ],
)
def test_what_cannot_be_translated_stays_where_it_was_written(container: object) -> None:
    written = {"containerProperties": container}
    assert translate_old_keys(written) == written


def test_a_queue_gets_the_environment_of_the_same_command() -> None:
    filled = body(QUEUE, {"computeEnvironmentOrder": [{"order": 1}]}).body
    assert filled["computeEnvironmentOrder"] == [{"computeEnvironment": "ce", "order": 1}]
    assert body(QUEUE, {}).body["priority"] == 1
    named = body(QUEUE, {"computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "x"}]})
    assert named.body["computeEnvironmentOrder"][0]["computeEnvironment"] == "x"


def test_names_in_a_file_win_over_the_prefix() -> None:
    assert body(QUEUE, {"jobQueueName": "mine"}).name == "mine"
    assert body(ENVIRONMENT, {}).name == "p-compute-env"


def test_tags_say_whose_an_entity_is_and_keep_the_users_own() -> None:
    made = tagged(body(QUEUE, {"tags": {"team": "sky"}}), "p")
    assert made["tags"]["team"] == "sky"
    assert made["tags"][PREFIX_TAG] == "p"
    assert is_ours(made, "p") and not is_ours(made, "q") and not is_ours({}, "p")


def test_the_digest_does_not_depend_on_names_order_or_environments() -> None:
    one = {"a": 1, "b": 2, "jobQueueName": "x", "computeEnvironmentOrder": [1]}
    assert digest(one) == digest({"b": 2, "a": 1})
    assert digest(one) != digest({"a": 1})


def test_what_aws_adds_is_no_difference() -> None:
    wanted = body(DEFINITION, {"containerProperties": {"image": "i", "vcpus": 1}})
    found = {
        "jobDefinitionArn": "arn",
        "revision": 3,
        "status": "ACTIVE",
        "type": "container",
        "containerProperties": {"image": "i", "vcpus": 1, "ulimits": [], "environment": []},
    }
    assert paths(wanted, found) == []


def test_each_difference_is_named_by_its_path() -> None:
    wanted = body(
        DEFINITION,
        {
            "containerProperties": {
                "image": "new",
                "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            },
            "retryStrategy": {"attempts": 3},
        },
    )
    found = {
        "type": "container",
        "containerProperties": {
            "image": "old",
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "9"}],
        },
    }
    assert paths(wanted, found) == [
        "containerProperties.image",
        "containerProperties.environment[0].value",
        "retryStrategy.attempts",
    ]
    first = str(differences(wanted, found)[0])
    assert first == "containerProperties.image: 'old' is to become 'new'"


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ({"serviceRole": "R"}, {"serviceRole": f"{ROLE}R"}, True),
        ({"serviceRole": f"{ROLE}R"}, {"serviceRole": f"{ROLE}path/R"}, False),
        ({"serviceRole": "R"}, {"serviceRole": f"{ROLE}S"}, False),
        ({"state": "enabled"}, {"state": "ENABLED"}, True),
    ],
)
def test_roles_and_words_are_compared_as_aws_means_them(
    wanted: dict[str, Any], found: dict[str, Any], same: bool
) -> None:
    assert (paths(body(ENVIRONMENT, wanted), {**MADE, **found}) == []) is same


def test_the_order_of_sets_and_vcpus_that_move_are_no_difference() -> None:
    wanted = body(ENVIRONMENT, {"computeResources": {**RESOURCES, "desiredvCpus": 0}})
    turned = {**RESOURCES, "instanceTypes": ["c5", "m5"], "subnets": ["b", "a"], "desiredvCpus": 9}
    assert paths(wanted, {**MADE, "computeResources": turned}) == []


def test_queues_name_environments_by_name_or_arn() -> None:
    wanted = body(QUEUE, {}, "ce")
    arn = "arn:aws:batch:us-east-1:123456789012:compute-environment/ce"
    found = {
        "priority": 1,
        "state": "ENABLED",
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": arn}],
    }
    assert paths(wanted, found) == []
    assert paths(body(QUEUE, {}, "other"), found) == [
        "computeEnvironmentOrder[0].computeEnvironment"
    ]


def test_a_key_that_the_file_has_lost_is_a_difference() -> None:
    first = body(DEFINITION, {"timeout": {"attemptDurationSeconds": 60}})
    there = {**tagged(first, "p")}
    assert paths(first, there) == []
    assert paths(body(DEFINITION, {}), there) == ["(the file)"]
    foreign = {**there, "tags": {key: v for key, v in there["tags"].items() if key != DIGEST_TAG}}
    assert paths(body(DEFINITION, {}), foreign) == []


@pytest.mark.parametrize(
    ("resources", "in_place"),
    [({"maxvCpus": 9}, True), ({"minvCpus": 1}, True), ({"instanceTypes": ["p3"]}, False)],
)
def test_only_changes_that_hurt_no_job_are_made_in_place(
    resources: dict[str, Any], in_place: bool
) -> None:
    wanted = body(ENVIRONMENT, {"computeResources": {**RESOURCES, **resources}})
    changed = differences(wanted, {**MADE, "computeResources": RESOURCES})
    assert changed
    assert is_in_place(ENVIRONMENT, changed) is in_place


def test_a_queues_scheduling_policy_is_not_changed_in_place() -> None:
    found = {
        "priority": 1,
        "state": "ENABLED",
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "ce"}],
    }
    policy = differences(body(QUEUE, {"schedulingPolicyArn": "arn"}), found)
    assert policy and not is_in_place(QUEUE, policy)
    assert is_in_place(QUEUE, differences(body(QUEUE, {"priority": 2}), found))


def test_what_is_no_list_of_objects_is_left_for_the_model_to_refuse() -> None:
    odd = {"computeEnvironmentOrder": "no list"}
    assert prepare(QUEUE, odd, prefix="p", environment="ce")["computeEnvironmentOrder"] == "no list"
    entries = body(QUEUE, {"computeEnvironmentOrder": ["no object"]}).body
    assert entries["computeEnvironmentOrder"] == ["no object"]


def test_an_environment_that_only_ends_its_jobs_says_whose_place_is_taken() -> None:
    assert replaced_by({"tags": {REPLACED_TAG: "p-b"}}) == "p-b"
    assert replaced_by({"tags": None}) == ""


def test_sets_and_lists_of_other_contents_are_a_difference() -> None:
    wanted = body(ENVIRONMENT, {"computeResources": {**RESOURCES, "subnets": ["a"]}})
    found = {**MADE, "computeResources": RESOURCES}
    assert paths(wanted, found) == ["computeResources.subnets"]
    longer = body(DEFINITION, {"containerProperties": {"command": ["a", "b"]}})
    there = {"type": "container", "containerProperties": {"command": ["a"]}}
    assert paths(longer, there) == ["containerProperties.command"]


@pytest.mark.parametrize(("wanted", "same"), [(False, True), ("", True), (True, False)])
def test_what_is_off_by_default_need_not_be_shown(wanted: object, same: bool) -> None:
    definition = body(DEFINITION, {"containerProperties": {"privileged": wanted}})
    there = {"type": "container", "containerProperties": {}}
    assert (paths(definition, there) == []) is same

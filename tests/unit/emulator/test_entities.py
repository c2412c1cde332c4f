"""Compute environments, queues, policies, consumables, tags: reference 4.9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.bench import EC2, Bench, Refused, override

FARGATE = {
    "type": "FARGATE",
    "maxvCpus": 4,
    "subnets": ["subnet-1"],
    "securityGroupIds": ["sg-1"],
}


def create(bench: Bench, resources: Any, **more: Any) -> Any:
    body = {"type": "MANAGED", "computeResources": resources, **more}
    return bench.call("CreateComputeEnvironment", computeEnvironmentName="new", **body)


def environment(bench: Bench, name: str) -> Any:
    return bench.call("DescribeComputeEnvironments", computeEnvironments=[name])[
        "computeEnvironments"
    ][0]


def queue(bench: Bench, name: str) -> Any:
    return bench.call("DescribeJobQueues", jobQueues=[name])["jobQueues"][0]


def test_an_environment_is_creating_and_then_valid(bare: Bench) -> None:
    create(bare, EC2)
    assert environment(bare, "new")["status"] == "CREATING"
    bare.wait(1)
    found = environment(bare, "new")
    assert (found["status"], found["state"]) == ("VALID", "ENABLED")
    assert found["computeEnvironmentArn"].endswith("compute-environment/new")
    assert found["serviceRole"].endswith("AWSServiceRoleForBatch")


def test_a_queue_needs_environments_that_are_valid(bare: Bench) -> None:
    create(bare, EC2)
    order = [{"order": 1, "computeEnvironment": "new"}]
    with pytest.raises(Refused, match="CREATING, not VALID"):
        bare.call("CreateJobQueue", jobQueueName="q", priority=1, computeEnvironmentOrder=order)


def test_a_queue_needs_environments_that_exist(bare: Bench) -> None:
    with pytest.raises(Refused, match="compute environment none does not exist"):
        bare.queue("q", "none")


def test_a_queue_is_creating_and_then_valid(bench: Bench) -> None:
    order = [{"order": 1, "computeEnvironment": "ce"}]
    bench.call("CreateJobQueue", jobQueueName="new", priority=7, computeEnvironmentOrder=order)
    assert queue(bench, "new")["status"] == "CREATING"
    bench.wait(1)
    found = queue(bench, "new")
    assert (found["status"], found["state"], found["priority"]) == ("VALID", "ENABLED", 7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subnets": []}, "subnets"),
        ({"instanceRole": ""}, "instanceRole"),
        ({"instanceTypes": []}, "instanceTypes"),
        ({"minvCpus": 9}, "minvCpus"),
        ({"maxvCpus": 0}, "maxvCpus"),
        ({"type": "SPOT"}, "spotIamFleetRole"),
    ],
)
def test_ec2_environments_need_certain_members(
    bare: Bench, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        create(bare, EC2 | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"securityGroupIds": []}, "securityGroupIds"), ({"instanceTypes": ["c5"]}, "instanceTypes")],
)
def test_fargate_environments_need_groups_and_have_no_instances(
    bare: Bench, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        create(bare, FARGATE | change)


def test_a_managed_environment_needs_resources_and_an_unmanaged_one_has_none(bare: Bench) -> None:
    body = {"computeEnvironmentName": "x"}
    with pytest.raises(Refused, match="computeResources is required"):
        bare.call("CreateComputeEnvironment", type="MANAGED", **body)
    with pytest.raises(Refused, match="takes no computeResources"):
        bare.call("CreateComputeEnvironment", type="UNMANAGED", computeResources=EC2, **body)
    assert bare.call("CreateComputeEnvironment", type="UNMANAGED", **body)


def test_a_queue_does_not_mix_ec2_and_fargate(bench: Bench) -> None:
    create(bench, FARGATE)
    bench.wait(1)
    with pytest.raises(Refused, match="can't mix"):
        bench.queue("mixed", "ce", "new")


@pytest.mark.parametrize("name", ["a b", "x" * 129, ""])
def test_entity_names_are_letters_digits_hyphens_and_underscores(bench: Bench, name: str) -> None:
    with pytest.raises(Refused, match="is not valid"):
        bench.environment(name)
    with pytest.raises(Refused, match="is not valid"):
        bench.queue(name, "ce")


def test_names_are_taken_once(bench: Bench) -> None:
    with pytest.raises(Refused, match="already exists"):
        bench.environment("ce")
    with pytest.raises(Refused, match="already exists"):
        bench.queue("q", "ce")


def test_deletion_goes_from_the_queue_to_the_environment_each_disabled_first(bench: Bench) -> None:
    with pytest.raises(Refused, match="must be DISABLED"):
        bench.call("DeleteComputeEnvironment", computeEnvironment="ce")
    with pytest.raises(Refused, match="must be DISABLED"):
        bench.call("DeleteJobQueue", jobQueue="q")
    bench.call("UpdateComputeEnvironment", computeEnvironment="ce", state="DISABLED")
    with pytest.raises(Refused, match="used by job queue q"):
        bench.call("DeleteComputeEnvironment", computeEnvironment="ce")
    bench.call("UpdateJobQueue", jobQueue="q", state="DISABLED")
    bench.call("DeleteJobQueue", jobQueue="q")
    assert queue(bench, "q")["status"] == "DELETING"
    bench.wait(1)
    bench.call("DeleteComputeEnvironment", computeEnvironment="ce")
    assert environment(bench, "ce")["status"] == "DELETING"
    bench.wait(1)
    assert bench.call("DescribeComputeEnvironments")["computeEnvironments"] == []


def test_a_disabled_environment_starts_nothing_more(bench: Bench) -> None:
    job = bench.submit(size=10)
    bench.call("UpdateComputeEnvironment", computeEnvironment="ce", state="DISABLED")
    bench.finish_all()
    assert bench.counts(job) == {"RUNNABLE": 2, "SUCCEEDED": 8}
    bench.call("UpdateComputeEnvironment", computeEnvironment="ce", state="ENABLED")
    bench.wait(1)
    assert bench.counts(job) == {"RUNNING": 2, "SUCCEEDED": 8}


def test_an_update_changes_how_much_runs_at_once(bench: Bench) -> None:
    job = bench.submit(size=20)
    bench.call(
        "UpdateComputeEnvironment", computeEnvironment="ce", computeResources={"maxvCpus": 12}
    )
    bench.step()
    assert bench.counts(job)["RUNNING"] == 12


def test_environments_of_a_queue_are_tried_in_ascending_order(bare: Bench) -> None:
    bare.environment("first", maxvCpus=1)
    bare.environment("second", maxvCpus=2)
    order = [
        {"order": 9, "computeEnvironment": "second"},
        {"order": 1, "computeEnvironment": "first"},
    ]
    bare.call("CreateJobQueue", jobQueueName="q", priority=1, computeEnvironmentOrder=order)
    bare.wait(1)
    bare.define("d")
    bare.submit(size=4)
    assert [unit.host for unit in bare.running.values()] == ["first", "second", "second"]


def test_vcpus_are_accounted_for(bench: Bench) -> None:
    three = override(resourceRequirements=[{"type": "VCPU", "value": "3"}])
    job = bench.submit(size=4, **three)
    assert bench.counts(job) == {"RUNNING": 2, "RUNNABLE": 2}


def test_a_head_that_does_not_fit_holds_up_those_behind_it(bench: Bench) -> None:
    bench.submit(size=7)
    large = bench.submit(**override(resourceRequirements=[{"type": "VCPU", "value": "2"}]))
    small = bench.submit()
    assert [bench.status(large), bench.status(small)] == ["RUNNABLE", "RUNNABLE"]
    bench.finish(next(iter(bench.running)))
    assert [bench.status(large), bench.status(small)] == ["RUNNING", "RUNNABLE"]


def test_told_so_memory_is_accounted_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path, memory_mib=300)
    bench.set_up()
    job = bench.submit(size=4)
    assert bench.counts(job) == {"RUNNING": 2, "RUNNABLE": 2}
    bench.finish_all()
    huge = bench.submit(**override(resourceRequirements=[{"type": "MEMORY", "value": "9999"}]))
    assert bench.status(huge) == "RUNNING"


def test_told_so_vcpus_of_all_environments_together_are_bounded(tmp_path: Path) -> None:
    bench = Bench(tmp_path, vcpus=3)
    bench.set_up()
    bench.environment("other")
    bench.queue("p", "other")
    bench.submit(size=2)
    bench.submit(size=4, jobQueue="p")
    assert len(bench.running) == 3


def test_a_queue_of_higher_priority_goes_first(bench: Bench) -> None:
    bench.queue("urgent", "ce", priority=10)
    full = bench.submit(size=8)
    bench.submit("normal")
    job = bench.submit("urgent", jobQueue="urgent")
    bench.finish(f"{full}:0")
    assert bench.status(job) == "RUNNING"


def test_describing_names_leaves_out_unknown_ones_and_takes_arns(bench: Bench) -> None:
    arn = environment(bench, "ce")["computeEnvironmentArn"]
    answer = bench.call("DescribeComputeEnvironments", computeEnvironments=["none", arn])
    found = [entry["computeEnvironmentName"] for entry in answer["computeEnvironments"]]
    assert found == ["ce"]


def test_entities_are_described_in_pages(bench: Bench) -> None:
    for name in "abcd":
        bench.queue(name, "ce")
    first = bench.call("DescribeJobQueues", maxResults=3)
    rest = bench.call("DescribeJobQueues", maxResults=3, nextToken=first["nextToken"])
    found = [entry["jobQueueName"] for page in (first, rest) for entry in page["jobQueues"]]
    assert found == ["q", "a", "b", "c", "d"]
    assert "nextToken" not in rest


def test_a_queue_without_a_policy_cannot_get_one(bench: Bench) -> None:
    arn = bench.call("CreateSchedulingPolicy", name="fair")["arn"]
    with pytest.raises(Refused, match="can't get one"):
        bench.call("UpdateJobQueue", jobQueue="q", schedulingPolicyArn=arn)


def test_scheduling_policies_live_and_die(bench: Bench) -> None:
    arn = bench.call("CreateSchedulingPolicy", name="fair")["arn"]
    bench.queue("p", "ce", schedulingPolicyArn=arn)
    shares = {"shareDistribution": [{"shareIdentifier": "a*", "weightFactor": 0.5}]}
    bench.call("UpdateSchedulingPolicy", arn=arn, fairsharePolicy=shares)
    found = bench.call("DescribeSchedulingPolicies", arns=[arn])["schedulingPolicies"]
    assert found[0]["fairsharePolicy"] == shares
    assert bench.call("ListSchedulingPolicies")["schedulingPolicies"] == [{"arn": arn}]
    with pytest.raises(Refused, match="used by job queue p"):
        bench.call("DeleteSchedulingPolicy", arn=arn)
    bench.call("UpdateJobQueue", jobQueue="p", state="DISABLED")
    bench.call("DeleteJobQueue", jobQueue="p")
    bench.wait(1)
    bench.call("DeleteSchedulingPolicy", arn=arn)
    assert bench.call("ListSchedulingPolicies")["schedulingPolicies"] == []


def test_consumable_resources_are_taken_at_the_start_and_given_back_at_the_end(
    bench: Bench,
) -> None:
    bench.call("CreateConsumableResource", consumableResourceName="licence", totalQuantity=2)
    needs = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]}
    bench.define("licensed", consumableResourceProperties=needs)
    job = bench.submit(size=3, jobDefinition="licensed")
    assert bench.counts(job) == {"RUNNING": 2, "RUNNABLE": 1}
    found = bench.call("DescribeConsumableResource", consumableResource="licence")
    assert (found["inUseQuantity"], found["availableQuantity"]) == (2, 0)
    bench.call(
        "UpdateConsumableResource", consumableResource="licence", operation="ADD", quantity=1
    )
    bench.step()
    assert bench.counts(job) == {"RUNNING": 3}
    bench.finish_all()
    listed = bench.call("ListConsumableResources")["consumableResources"]
    assert (listed[0]["totalQuantity"], listed[0]["inUseQuantity"]) == (3, 0)
    bench.call("DeleteConsumableResource", consumableResource="licence")
    assert bench.call("ListConsumableResources")["consumableResources"] == []


@pytest.mark.parametrize("kind", ["environment", "queue", "definition", "job"])
def test_tags_are_added_listed_and_removed(bench: Bench, kind: str) -> None:
    arns = {
        "environment": environment(bench, "ce")["computeEnvironmentArn"],
        "queue": queue(bench, "q")["jobQueueArn"],
        "definition": "arn:aws:batch:us-east-1:123456789012:job-definition/d:1",
        "job": bench.describe(bench.submit(tags={"z": "0"}))["jobArn"],
    }
    arn = arns[kind]
    bench.call_tags("POST", arn, {"tags": {"a": "1", "b": "2"}})
    bench.call_tags("DELETE", arn, query="tagKeys=a&tagKeys=z")
    assert bench.call_tags("GET", arn) == {"tags": {"b": "2"}}
    if kind == "job":
        assert bench.describe(arn)["tags"] == {"b": "2"}


def test_tags_of_unknown_resources_are_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match="does not exist"):
        bench.call_tags("GET", "arn:aws:batch:us-east-1:123456789012:job-queue/none")


@pytest.mark.parametrize("tags", [{"aws:x": "1"}, {"k": "v" * 257}, {"k" * 129: "v"}])
def test_wrong_tags_are_refused(bench: Bench, tags: dict[str, str]) -> None:
    with pytest.raises(Refused, match="tag"):
        bench.submit(tags=tags)
